"""The spark kind: runs a PySpark script, a jar or an SQL aggregation on this machine or on a cluster."""

from jobs.kinds import Kind
from workers.payloads.spark.parameters import SparkParameters, secrets_of

KIND = Kind(
    name="spark",
    queue="spark",
    batchable=False,
    job_types=frozenset({"spark"}),
    parameters=SparkParameters,
    secrets=secrets_of,
)
