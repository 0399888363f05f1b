"""The log_cleanup kind: erases old history. docs/reference/log-cleanup-payload.md tells its parameters and results."""

from jobs.kinds import Kind
from workers.payloads.log_cleanup.parameters import LogCleanupParameters

KIND = Kind(
    name="log_cleanup",
    queue="default",
    batchable=False,
    job_types=frozenset({"task"}),
    parameters=LogCleanupParameters,
)
