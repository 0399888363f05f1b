"""The http kind: one HTTP call per attempt. docs/reference/http-payload.md tells its parameters and results."""

from jobs.kinds import Kind
from workers.payloads.http.auth import secrets_of
from workers.payloads.http.parameters import HttpParameters

KIND = Kind(
    name="http",
    queue="http",
    batchable=False,
    job_types=frozenset({"task"}),
    parameters=HttpParameters,
    secrets=secrets_of,
    adds=lambda parameters: bool(parameters.get("extend") or parameters.get("batch")),
)
