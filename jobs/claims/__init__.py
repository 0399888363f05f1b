"""The engine's moves, each one statement or one transaction of jobs/sql.

With jobs/services the only writer of run and payload states. Times: ``now`` is an aware UTC datetime in tests; production
passes None, which means the database's clock, so that workers whose clocks differ agree on every lease.
"""

from jobs.claims.lanes import (
    heartbeat,
    keep_log,
    lease_requeued,
    leave_lane,
    resync,
    seconds_to_next_due,
    shed_range,
    take_lane,
)
from jobs.claims.lost_lanes import (
    bury_lane,
    lock_expired_lane,
)
from jobs.claims.reports import (
    report,
    report_one,
)
from jobs.claims.runs import (
    close_runs,
    lock_due_runs,
    nudged_queues,
    seconds_to_next_wake,
    snooze_runs,
    start_runs,
)
from jobs.claims.shapes import (
    ClosedRun,
    Connection,
    DueRun,
    FailedAttempt,
    Final,
    Grant,
    Lane,
    Leased,
    LogEntry,
    LostLane,
    Now,
    Report,
    Requeue,
    RunInfo,
    SingleRun,
    StartedRun,
    SupportsExecute,
)
from jobs.claims.singles import (
    report_single_runs,
    take_single_runs,
)

__all__ = [
    "ClosedRun",
    "Connection",
    "DueRun",
    "FailedAttempt",
    "Final",
    "Grant",
    "Lane",
    "Leased",
    "LogEntry",
    "LostLane",
    "Now",
    "Report",
    "Requeue",
    "RunInfo",
    "SingleRun",
    "StartedRun",
    "SupportsExecute",
    "bury_lane",
    "close_runs",
    "heartbeat",
    "keep_log",
    "lease_requeued",
    "leave_lane",
    "lock_due_runs",
    "lock_expired_lane",
    "nudged_queues",
    "report",
    "report_one",
    "report_single_runs",
    "resync",
    "seconds_to_next_due",
    "seconds_to_next_wake",
    "shed_range",
    "snooze_runs",
    "start_runs",
    "take_lane",
    "take_single_runs",
]
