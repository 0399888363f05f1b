"""The kinds of cluster, one module each."""

from workers.payloads.spark.clusters.base import Cluster
from workers.payloads.spark.clusters.kubernetes import Kubernetes
from workers.payloads.spark.clusters.standalone import Standalone
from workers.payloads.spark.clusters.yarn import Yarn
from workers.payloads.spark.targets import Target


def cluster_of(target: Target) -> Cluster:
    """The cluster of a remote target. Raises PermanentError when the target lacks an address."""
    if target.master == "yarn":
        return Yarn(target)
    if target.master.startswith("k8s://"):
        return Kubernetes(target)
    return Standalone(target)
