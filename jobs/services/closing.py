"""The one place where a run ends. What must happen with it (starting jobs that wait, deliveries) joins this transaction; what locks
its job's row leaves a follow-up for the sweep (jobs/services/follow_ups.py)."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from jobs import claims, extensions, hotpath
from jobs.services import admission

log = structlog.get_logger(__name__)


def close_runs(*, run_ids: Sequence[int], now: claims.Now = None) -> None:
    """End those of these runs whose payloads all have their outcome. Calling it again, or for others, changes nothing."""
    with hotpath.connection() as connection, connection.transaction():
        closed = close_in(connection, run_ids=run_ids, now=now)
    announce(closed)


def close_in(
    connection: claims.Connection, *, run_ids: Sequence[int], now: claims.Now = None
) -> list[claims.ClosedRun]:
    """The same within the caller's transaction; `announce` what it returns after the commit."""
    closed = claims.close_runs(connection, run_ids=run_ids, now=now)
    if watched := [run.id for run in closed if run.watched]:
        claims.note_ends(connection, run_ids=watched)
    if closed:
        for extension in extensions.all_extensions():
            extension.closing(connection, closed)
    return closed


def announce(closed: Sequence[claims.ClosedRun], *, left_groups: Sequence[int] = ()) -> None:
    """Log the ends that were committed, and do what they call for. If this process dies before, the sweep does it.

    ``left_groups``: in which lanes of these runs had places that they have given up.
    """
    for run in closed:
        log.info(
            f"run.{run.state}",
            run=run.id,
            job=run.job_key,
            workspace=run.workspace_id,
            payloads=run.total,
            failed=run.failed,
            seconds=round((run.ended_at - run.started_at).total_seconds(), 3),
        )
    makes_room = sorted({run.job_id for run in closed if run.makes_room and run.job_id is not None})
    if makes_room or left_groups:
        admission.room_was_made(job_ids=makes_room, group_ids=left_groups)
    if closed:
        for extension in extensions.all_extensions():
            extension.closed(closed)
