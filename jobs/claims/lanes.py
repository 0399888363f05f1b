"""One lane: taken, kept alive, given up, and what it holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from jobs import hotpath, sql
from jobs.claims.rows import columns
from jobs.claims.shapes import Connection, Lane, Leased, LogEntry, Now, RunInfo
from jobs.errors import LaneLost
from jobs.states import RunState


def take_lane(*, run_id: int, slot: int, worker: str, lease: dt.timedelta, now: Now = None) -> Lane | None:
    """Become the owner of one concurrency slot of a run, if nobody is and there is something to do.

    Safe to call from several workers at once: the loser gets None.

    Source: docs/adr/0002-lanes.md
    """
    parameters = {"run_id": run_id, "slot": slot, "worker": worker, "lease": lease, "now": now}
    with hotpath.connection() as connection:
        row = connection.execute(sql.load("take_lane"), parameters).fetchone()
    if row is None:
        return None
    run = RunInfo(
        run_id,
        row.workspace_id,
        row.workspace,
        row.job_key,
        row.configuration,
        row.parameters,
        row.strict,
        row.queue,
        row.created_at,
        row.max_lanes,
    )
    return Lane(id=row.id, run=run, slot=slot, worker=worker)


def shed_range(*, lane: Lane, keep: int, now: Now = None) -> int:
    """Let others take what a lane holds from the position ``keep`` on, because the payload before it takes long.

    Called by the heartbeat while the lane's thread is at work. Does nothing when the lane has reported meanwhile.

    Returns:
        How many positions were shed.
    """
    parameters = {"lane_id": lane.id, "sequence": lane.sequence, "keep": keep, "now": now}
    with hotpath.connection(hotpath.HEARTBEAT) as connection:
        return len(connection.execute(sql.load("shed_range"), parameters).fetchall())


def lease_requeued(*, lane: Lane, take: int, lease: dt.timedelta, now: Now = None) -> list[Leased]:
    """Lease up to ``take`` due positions that wait out of line; one that must be alone comes alone.

    Returns:
        The payloads by position; empty when none is due or the run has stopped.

    Raises:
        LaneLost: The lane was taken back.
    """
    with hotpath.connection() as connection:
        found = _lease_requeued(connection, lane=lane, take=take, alone=False, lease=lease, now=now)
        return found or _lease_requeued(connection, lane=lane, take=1, alone=True, lease=lease, now=now)


def _lease_requeued(
    connection: Connection, *, lane: Lane, take: int, alone: bool, lease: dt.timedelta, now: Now
) -> list[Leased]:
    parameters = {
        "lane_id": lane.id,
        "sequence": lane.sequence,
        "take": take,
        "alone": alone,
        "lease": lease,
        "now": now,
    }
    rows = connection.execute(sql.load("lease_requeued"), parameters).fetchall()
    if not rows:
        raise LaneLost(f"lane {lane.id} is no longer ours")
    lane.sequence += 1
    return [
        Leased(row.position, row.kind, row.name, row.parameters, row.options, row.attempts, requeued=True)
        for row in rows
        if row.position is not None
    ]


def seconds_to_next_due(*, run_id: int) -> float | None:
    """How long until the next requeued position of a run is due (0 when one is); None when none waits."""
    with hotpath.connection() as connection:
        row = connection.execute(
            "SELECT EXTRACT(epoch FROM min(due_at) - clock_timestamp())::float8 AS seconds FROM jobs_requeued"
            " WHERE run_id = %s AND lane_id IS NULL",
            (run_id,),
        ).fetchone()
    return None if row is None or row.seconds is None else max(0.0, row.seconds)


def resync(*, lane: Lane) -> list[Leased] | None:
    """After a connection broke in the middle of a report: find out whether it was committed.

    Returns:
        None when it was not: send it again. Else what the lane holds now, its sequence moved on.

    Raises:
        LaneLost: The lane was taken back.
    """
    with hotpath.connection() as connection:
        # FOR UPDATE waits for a report that the server is still busy with, though we no longer hear of it.
        row = connection.execute("SELECT sequence FROM jobs_lane WHERE id = %s FOR UPDATE", (lane.id,)).fetchone()
        if row is None:
            raise LaneLost(f"lane {lane.id} is no longer ours")
        if row.sequence == lane.sequence:
            return None
        lane.sequence = row.sequence
        return holdings(connection, lane_id=lane.id)


def holdings(connection: Connection, *, lane_id: int) -> list[Leased]:
    """What a lane holds: its range, or the requeued positions it leased; by position."""
    return [Leased(*row) for row in connection.execute(sql.load("lane_holdings"), {"lane_id": lane_id}).fetchall()]


def leave_lane(*, lane: Lane) -> None:
    """Give the slot up. Whatever waits in the run will wake the sweep. Leaving a lane that is lost does nothing."""
    with hotpath.connection() as connection:
        connection.execute(sql.load("leave_lane"), {"lane_id": lane.id})


def heartbeat(
    *,
    lane_ids: Sequence[int],
    reached: Sequence[int],
    progress: Sequence[str | None],
    lease: dt.timedelta,
    now: Now = None,
) -> dict[int, RunState]:
    """Move the leases of these lanes forward.

    Returns:
        The run's state for each lane that is still ours; a lane that is missing is lost.
    """
    parameters = {
        "lane_ids": list(lane_ids),
        "reached": list(reached),
        "progress": list(progress),
        "lease": lease,
        "now": now,
    }
    with hotpath.connection(hotpath.HEARTBEAT) as connection:
        rows = connection.execute(sql.load("heartbeat"), parameters).fetchall()
    return {row.id: RunState(row.state) for row in rows}


def keep_log(*, run_id: int, lines: Sequence[LogEntry]) -> None:
    """Store log lines in the order given."""
    positions, attempts, levels, messages, at = columns(lines, LogEntry)
    with hotpath.connection() as connection:
        connection.execute(
            "INSERT INTO jobs_log_line (run_id, position, attempt, level, message, at)"
            " SELECT %s, o.* FROM unnest(%s::int[], %s::smallint[], %s::text[], %s::text[], %s::timestamptz[]) AS o",
            (run_id, positions, attempts, levels, messages, at),
        )
