"""One lane: taken, kept alive, given up, and what it holds."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from typing import Any

from jobs import hotpath
from jobs.claims import limits
from jobs.claims.rows import columns, payloads, run_info
from jobs.claims.shapes import Connection, Grant, Lane, Leased, LogEntry, Now
from jobs.errors import LaneLost
from jobs.states import RunState

_TRIES = 8
"""At a place of a group that others want at the same moment. Each time one of them gets theirs."""

_SPREAD = 4
"""Runs that wait for a rate come again within so many of its intervals, not all at once."""

_LONGEST_SPREAD_SECONDS = 30.0


def take_lane(
    *, run_id: int, slot: int, worker: str, lease: dt.timedelta, take: int = 0, now: Now = None
) -> Lane | None:
    """Become the owner of one concurrency slot of a run, if nobody is and there is something to do.

    Safe to call from several workers at once: the loser gets None. Where the run's group is full, that is noted, and who leaves
    the group calls the lane (`limits.call_waiting`); where its rate allows no start within a second, the sweep looks then.

    Args:
        run_id: The run.
        slot: 0 to max_concurrent_requests - 1.
        worker: Who takes it.
        lease: How long the lane may be silent.
        take: How many positions to lease at once; they come as ``first`` of the lane. A run with a rate leases none here, and the
            answer has no payloads: reserve their starts, then report.
        now: See the package's docstring.

    Source: docs/adr/0002-lanes.md
    """
    parameters = {"run_id": run_id, "slot": slot, "worker": worker, "lease": lease, "take": take, "now": now}
    noted = False
    for _ in range(_TRIES):
        rows = _take(parameters)
        row = rows[0] if rows else None
        if row is None or (not row.full and not row.wanted):
            break
        if row.lane_id is not None:
            _withdraw(run_id, noted)
            return _lane(rows, run_id=run_id, slot=slot, worker=worker, take=take)
        if row.full and noted:
            return None
        if row.full:
            # Noted first, then looked at again: who left in between found nobody to call.
            limits.refuse(run_id=run_id)
            noted = True
    else:
        return None  # The places are fought over: the sweep comes back to the run.
    _withdraw(run_id, noted)
    if row is not None and row.wait_seconds is not None:
        limits.put_off(run_id=run_id, seconds=_come_again(row))
    return None


def _withdraw(run_id: int, noted: bool) -> None:
    if noted:
        limits.withdraw(run_id=run_id)


def _take(parameters: dict[str, Any]) -> list[Any]:
    with hotpath.connection() as connection:
        return hotpath.execute(connection, "take_lane", parameters).fetchall()


def _come_again(row: Any) -> float:
    """In how many seconds. Of many that wait for one rate only one can start next: they do not all come for it."""
    spread = min(_SPREAD * row.longest_interval_ms / 1000, _LONGEST_SPREAD_SECONDS)
    return float(row.wait_seconds + random.random() * spread)  # noqa: S311 - no secret


def _lane(rows: list[Any], *, run_id: int, slot: int, worker: str, take: int) -> Lane:
    row = rows[0]
    run = run_info(row, run_id=run_id, queue=row.queue, max_lanes=row.max_lanes)
    lane = Lane(id=row.lane_id, run=run, slot=slot, worker=worker, group_id=row.group_id, crowded=row.crowded)
    if take:
        leased = payloads(rows)
        if len(leased) < row.width:
            with hotpath.connection() as connection:
                leased = [payload for payload in holdings(connection, lane_id=lane.id) if not payload.requeued]
        lane.first = Grant(RunState.RUNNING, row.complete, row.due, leased, row.unleased)
    return lane


def shed_range(*, lane: Lane, sequence: int, keep: int, now: Now = None) -> int:
    """Let others take what a lane holds from the position ``keep`` on, because the payload before it takes long.

    Called by the heartbeat while the lane's thread is at work. Does nothing when the lane has reported meanwhile.

    Args:
        lane: Whose.
        sequence: The lane's, as it was while that payload was at work. Read now, it may be that of another range.
        keep: The position.
        now: See the package's docstring.

    Returns:
        How many positions were shed.
    """
    parameters = {"lane_id": lane.id, "sequence": sequence, "keep": keep, "now": now}
    with hotpath.connection(hotpath.HEARTBEAT) as connection:
        return len(hotpath.execute(connection, "shed_range", parameters).fetchall())


def shed_requeued(*, lane: Lane, sequence: int, reached: int, now: Now = None) -> int:
    """The same for the requeued positions that a lane holds behind ``reached``, where it is at work."""
    parameters = {"lane_id": lane.id, "sequence": sequence, "reached": reached, "now": now}
    with hotpath.connection(hotpath.HEARTBEAT) as connection:
        return len(hotpath.execute(connection, "shed_requeued", parameters).fetchall())


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
    rows = hotpath.execute(connection, "lease_requeued", parameters).fetchall()
    if not rows:
        raise LaneLost(f"lane {lane.id} is no longer ours")
    lane.sequence += 1
    return [
        Leased(row.position, row.kind, row.name, row.parameters, row.options, row.attempts, True, row.looking)
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
    return [Leased(*row) for row in hotpath.execute(connection, "lane_holdings", {"lane_id": lane_id}).fetchall()]


def leave_lane(*, lane: Lane) -> None:
    """Give the slot up. Whatever waits in the run will wake the sweep. Leaving a lane that is lost does nothing."""
    with hotpath.connection() as connection:
        hotpath.execute(connection, "leave_lane", {"lane_id": lane.id})


def heartbeat(
    *,
    lane_ids: Sequence[int],
    reached: Sequence[int],
    progress: Sequence[str | None],
    lease: dt.timedelta,
    now: Now = None,
) -> dict[int, tuple[RunState, dict[str, int]]]:
    """Move the leases of these lanes forward.

    Returns:
        For each lane that is still ours, its run's state, and how often its payloads have asked for more time through the API, by
        ``position:attempt``; a lane that is missing is lost.
    """
    parameters = {
        "lane_ids": list(lane_ids),
        "reached": list(reached),
        "progress": list(progress),
        "lease": lease,
        "now": now,
    }
    with hotpath.connection(hotpath.HEARTBEAT) as connection:
        rows = hotpath.execute(connection, "heartbeat", parameters).fetchall()
    return {row.id: (RunState(row.state), row.time_extensions or {}) for row in rows}


def keep_log(*, run_id: int, lines: Sequence[LogEntry]) -> None:
    """Store log lines in the order given."""
    positions, attempts, levels, messages, at = columns(lines, LogEntry)
    with hotpath.connection() as connection:
        connection.execute(
            "INSERT INTO jobs_log_line (run_id, position, attempt, level, message, at)"
            " SELECT %s, o.* FROM unnest(%s::int[], %s::smallint[], %s::text[], %s::text[], %s::timestamptz[]) AS o",
            (run_id, positions, attempts, levels, messages, at),
        )
