"""Runs held, continued and ended early, any number at once.

On the cursor given, so that a job's change and its runs' are one commit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from jobs import hotpath, sql
from jobs.claims.shapes import Connection, Now, SupportsExecute
from jobs.states import StopReason


class ResumedRun(NamedTuple):
    """A run that goes on, and how many lanes it could use: publish for them after the commit."""

    id: int
    queue: str
    strict: bool
    total: int
    admitted: bool
    messages: int


class CancelledBatch(NamedTuple):
    """What a batch of cancellations left. ``complete``: the run can be closed; ``more``: there is another batch."""

    complete: bool
    more: bool


def pause_runs(
    cursor: SupportsExecute, *, run_ids: Sequence[int], actor: str, note: str, by_job: bool, now: Now = None
) -> list[int]:
    """Let nothing more start in these runs; the ids of those that were active. `settle_pause` follows, once no lane is left."""
    values = {"run_ids": list(run_ids), "actor": actor, "note": note, "by_job": by_job, "now": now}
    cursor.execute(sql.load("pause_runs"), values)
    return [row[0] for row in cursor.fetchall()]


def lock_paused_jobs(cursor: SupportsExecute, *, job_ids: Sequence[int]) -> set[int]:
    """Those of these jobs that are paused, which stay so until the transaction ends."""
    cursor.execute(
        "SELECT id FROM jobs_job WHERE id = ANY (%s::bigint[]) AND state = 'paused' ORDER BY id FOR SHARE",
        (list(job_ids),),
    )
    return {row[0] for row in cursor.fetchall()}


def settle_pause(cursor: SupportsExecute, *, run_ids: Sequence[int], now: Now = None) -> list[int]:
    """Make those of these pausing runs paused that no lane works; their ids."""
    cursor.execute(sql.load("settle_pause"), {"run_ids": list(run_ids), "now": now})
    return [row[0] for row in cursor.fetchall()]


def resume_runs(
    cursor: SupportsExecute, *, run_ids: Sequence[int], actor: str, note: str, grace: dt.timedelta, now: Now = None
) -> list[ResumedRun]:
    """Let these runs go on, those that were pausing or paused. ``grace``: how long the sweep leaves them to their messages."""
    values = {"run_ids": list(run_ids), "actor": actor, "note": note, "grace": grace, "now": now}
    cursor.execute(sql.load("resume_runs"), values)
    return [ResumedRun(*row) for row in cursor.fetchall()]


def stop_runs(
    cursor: SupportsExecute, *, run_ids: Sequence[int], reason: StopReason, actor: str, note: str, now: Now = None
) -> list[int]:
    """Begin to end these runs; the ids of those that were neither ended nor being ended. `cancel_queued` follows."""
    values = {"run_ids": list(run_ids), "reason": reason.value, "actor": actor, "note": note, "now": now}
    cursor.execute(sql.load("stop_runs"), values)
    return [row[0] for row in cursor.fetchall()]


def cancel_queued(*, run_id: int, take: int, now: Now = None) -> CancelledBatch | None:
    """Cancel up to ``take`` positions that nobody has leased, and as many that wait out of line.

    None when the run is not being ended.
    """
    with hotpath.connection() as connection:
        row = hotpath.execute(connection, "cancel_queued", {"run_id": run_id, "take": take, "now": now}).fetchone()
    return None if row is None else CancelledBatch(row.complete, row.more)


def wake_run(*, run_id: int) -> None:
    """Have the sweep look at a run at once."""
    with hotpath.connection() as connection:
        wake_in(connection, run_id=run_id)


def wake_in(connection: Connection, *, run_id: int) -> None:
    """The same with the caller's transaction."""
    connection.execute(
        "UPDATE jobs_run SET wake_at = clock_timestamp() WHERE id = %s AND wake_at > clock_timestamp()", (run_id,)
    )
