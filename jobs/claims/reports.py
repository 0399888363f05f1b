"""A lane's report: outcomes, counters and the next range, behind its fence."""

from __future__ import annotations

import datetime as dt
import functools

from jobs import hotpath
from jobs.claims.control import wake_in
from jobs.claims.extending import extend_from_lane
from jobs.claims.lanes import holdings
from jobs.claims.rows import columns, json_rows
from jobs.claims.shapes import Connection, FailedAttempt, Final, Grant, Kept, Lane, Leased, Now, Report, Requeue
from jobs.errors import LaneLost
from jobs.states import RunState


def report(
    *,
    lane: Lane,
    outcome: Report,
    take: int,
    lease: dt.timedelta,
    keep_from: int | None = None,
    early: bool = False,
    now: Now = None,
) -> Grant:
    """Write what became of the positions the lane held, and lease it the next ``take`` of the run.

    Args:
        lane: Its sequence is moved on.
        outcome: May be empty, as in a lane's first call.
        take: How many positions to lease; 0 for none.
        lease: How long the lane may be silent.
        keep_from: The position from which the lane keeps its present range, instead of a new one; ``take`` is 0 then.
        early: Said by the heartbeat while a payload behind ``keep_from`` is at work. What that changes for others (a retry that
            waits, a failure that ends the run) is the sweep's to see to, at once.
        now: See the module's docstring.

    Returns:
        The run's state and the payloads leased, by position.

    Raises:
        LaneLost: The lane was taken back, and nothing was written.
    """
    extended = None
    say = functools.partial(write_report, take=take, lease=lease, keep_from=keep_from, early=early, now=now)
    with hotpath.connection(hotpath.HEARTBEAT if early else hotpath.LANES) as connection:
        if outcome.is_plain:
            grant = say(connection, lane, outcome)
        else:
            with connection.transaction():
                # First, so that the run is not complete by this report, and the lane can lease what it adds.
                if outcome.added:
                    extended = extend_from_lane(connection, lane=lane, additions=outcome.added, now=now)
                grant = say(connection, lane, outcome)
                record(connection, lane=lane, outcome=outcome, held_until=grant.held_until, now=now)
                if early:
                    wake_in(connection, run_id=lane.run.run_id)
            grant = grant._replace(extended=extended)
    lane.sequence += 1
    return grant


def report_one(*, lane: Lane, final: Final, lease: dt.timedelta, now: Now = None) -> Kept:
    """Write the outcome of the first position of a strict lane's range; the lane keeps the rest.

    Raises:
        LaneLost: The lane was taken back, and nothing was written.
    """
    parameters = {
        **final._asdict(),
        "run_id": lane.run.run_id,
        "lane_id": lane.id,
        "sequence": lane.sequence,
        "lease": lease,
        "now": now,
    }
    with hotpath.connection() as connection:
        row = hotpath.execute(connection, "report_one", parameters).fetchone()
    if row is None:
        raise LaneLost(f"lane {lane.id} is no longer ours")
    lane.sequence += 1
    return Kept(RunState(row.state), row.more, row.left_over)


def write_report(
    connection: Connection,
    lane: Lane,
    outcome: Report,
    *,
    take: int,
    lease: dt.timedelta,
    keep_from: int | None,
    now: Now,
    early: bool = False,
) -> Grant:
    """Say the report\'s statement on a connection that is given. Raises LaneLost when the lane was taken back."""
    rows = hotpath.execute(
        connection,
        "report",
        {
            "lane_id": lane.id,
            "sequence": lane.sequence,
            "finals": json_rows([("position", final.position, final) for final in outcome.finals]),
            "take": take,
            "keep_from": keep_from,
            "early": early,
            "lease": lease,
            "now": now,
        },
    ).fetchall()
    if not rows:
        raise LaneLost(f"lane {lane.id} is no longer ours")
    payloads = [
        Leased(row.position, row.kind, row.name, row.parameters, row.options)
        for row in rows
        if row.position is not None
    ]
    if len(payloads) < rows[0].width:
        # Some were added while the statement waited for the run's row: it leased them, and could not see them yet.
        payloads = [payload for payload in holdings(connection, lane_id=lane.id) if not payload.requeued]
    return Grant(rows[0].state, rows[0].complete, rows[0].due, payloads, rows[0].left_over, rows[0].held_until)


def record(connection: Connection, *, lane: Lane, outcome: Report, held_until: int, now: Now) -> None:
    """The rarer half of a report, in its transaction: failed attempts, retries, and retries that are over."""
    run_id = lane.run.run_id
    if outcome.failed_attempts:
        positions, numbers, states, errors, started, ended = columns(outcome.failed_attempts, FailedAttempt)
        hotpath.execute(
            connection,
            "record_attempts",
            {
                "run_id": run_id,
                "worker": lane.worker,
                "positions": positions,
                "numbers": numbers,
                "states": states,
                "errors": errors,
                "started_at": started,
                "ended_at": ended,
            },
        )
    # What was shed is not ours to give back: somebody may have it, or be done with it.
    requeues = [each for each in outcome.requeues if each.again or not held_until or each.position < held_until]
    if requeues:
        positions, attempts, waits, alone, looking, again = columns(requeues, Requeue)
        hotpath.execute(
            connection,
            "requeue",
            {
                "run_id": run_id,
                "lane_id": lane.id,
                "positions": positions,
                "attempts": attempts,
                "waits_ms": waits,
                "alone": alone,
                "looking": looking,
                "again": again,
                "now": now,
            },
        )
    if outcome.settled:
        hotpath.execute(connection, "settle", {"run_id": run_id, "positions": outcome.settled, "lane_id": lane.id})
