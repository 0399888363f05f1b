"""Where Spark applications may run: what the deployment says in JOBS_SPARK_TARGETS, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pydantic
from django.conf import settings
from pydantic import Field

from jobs.documents import Strict
from jobs.errors import PermanentError

Address = Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]


class Target(Strict):
    """One place.

    Args:
        master: As spark-submit takes it: ``local[2]``, ``spark://host:7077``, ``yarn`` or ``k8s://https://host:6443``.
        rest: Of a standalone cluster: its REST server, such as http://host:6066.
        ui: Of a standalone cluster: the master's web page, such as http://host:8080. By it a driver is found whose id was lost.
        resource_manager: Of YARN, such as http://host:8088.
        namespace, token_file, ca_file: Of Kubernetes: where the pods are, and what this system presents and trusts.
        shared: A folder of this machine that the cluster's machines have at the same place; scripts given as text go there.
        configuration: ``spark.*`` properties of every application; the payload's own win.
        poll_seconds: How often a remote application is looked at.
    """

    master: Annotated[str, Field(pattern=r"^(local(\[[\d*,]+\])?|spark://\S+|yarn|k8s://\S+)$")]
    rest: Address | None = None
    ui: Address | None = None
    resource_manager: Address | None = None
    namespace: str = "default"
    token_file: str | None = None
    ca_file: str | None = None
    shared: str | None = None
    configuration: dict[str, str] = Field(default_factory=dict)
    poll_seconds: float = Field(default=5.0, ge=0.1, le=3600)

    @property
    def is_local(self) -> bool:
        """Whether applications run on the worker's own machine."""
        return self.master.startswith("local")


def target_of(name: str) -> Target:
    """The target of that name.

    Raises:
        PermanentError: There is none, or the deployment has described it wrongly (code ``target``).
    """
    known: Mapping[str, Any] = settings.JOBS_SPARK_TARGETS
    if name not in known:
        names = f"expected one of {', '.join(sorted(known))}" if known else "JOBS_SPARK_TARGETS names none"
        raise PermanentError(f"target: this deployment has no target {name!r} of Spark; {names}", code="target")
    try:
        return Target.model_validate(known[name])
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PermanentError(f"JOBS_SPARK_TARGETS: {name}.{where}: {first['msg']}", code="target") from error
