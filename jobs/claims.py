"""The engine's moves, each one statement or one transaction of jobs/sql.

With jobs/services the only writer of run and payload states. Times: ``now`` is an aware UTC datetime in tests; production
passes None, which means the database's clock, so that workers whose clocks differ agree on every lease.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import psycopg

from jobs import hotpath, sql
from jobs.errors import LaneLost
from jobs.states import RunState

Now = dt.datetime | None
Connection = psycopg.Connection[Any]


class SupportsExecute(Protocol):
    """A cursor, psycopg's or Django's."""

    def execute(self, query: Any, params: Any) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Final(NamedTuple):
    """A payload's outcome; ``result`` and ``error`` are JSON text or None."""

    position: int
    state: str
    attempts: int
    started_at: dt.datetime
    ended_at: dt.datetime
    result: str | None
    error: str | None


class FailedAttempt(NamedTuple):
    """An attempt that did not succeed; ``number`` is 1 for the first, ``error`` is JSON text."""

    position: int
    number: int
    state: str
    error: str
    started_at: dt.datetime
    ended_at: dt.datetime


class Requeue(NamedTuple):
    """A position that is to be executed again, ``wait_ms`` from now, after ``attempts`` made so far."""

    position: int
    attempts: int
    wait_ms: float
    alone: bool


@dataclass(slots=True)
class Report:
    """What a lane has to say of the positions it held. Each of them is in ``finals`` or in ``requeues``, and in one only."""

    finals: list[Final] = field(default_factory=list)
    failed_attempts: list[FailedAttempt] = field(default_factory=list)
    requeues: list[Requeue] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    """Those of ``finals`` that had been requeued before."""

    @property
    def is_plain(self) -> bool:
        """True when one statement says it all."""
        return not (self.failed_attempts or self.requeues or self.settled)


class Leased(NamedTuple):
    """A payload that a lane holds. ``options`` are its own retry and timeout; ``attempts`` were made before; ``requeued`` tells
    that it came from the positions that wait out of line, not from the lane's range."""

    position: int
    kind: str
    name: str
    parameters: dict[str, Any]
    options: dict[str, Any] | None
    attempts: int = 0
    requeued: bool = False


class Grant(NamedTuple):
    """The answer to a report. ``due``: requeued positions of this run wait to be leased; ``complete``: the run can be closed;
    ``left``: positions that no lane has leased yet; ``held_until``: where the range that was reported ended (0: it was none)."""

    state: str
    complete: bool
    due: bool
    payloads: list[Leased]
    left: int = 0
    held_until: int = 0


class RunInfo(NamedTuple):
    """What a lane must know of its run."""

    run_id: int
    workspace_id: int
    workspace: str
    job_key: str
    configuration: Mapping[str, Any]
    parameters: Mapping[str, Any]
    strict: bool
    queue: str
    created_at: dt.datetime
    max_lanes: int = 1


class Lane:
    """A slot this process owns. ``id`` is the fencing token; ``sequence`` moves with each report that was accepted."""

    __slots__ = ("id", "run", "sequence", "slot", "worker")

    def __init__(self, *, id: int, run: RunInfo, slot: int, worker: str, sequence: int = 0) -> None:
        self.id = id
        self.run = run
        self.slot = slot
        self.worker = worker
        self.sequence = sequence


class StartedRun(NamedTuple):
    """A run that was inserted and needs its messages."""

    id: int
    job_id: int
    queue: str
    max_lanes: int
    total: int
    strict: bool


class LostLane(NamedTuple):
    """A lane whose owner fell silent, locked by the transaction that found it."""

    lane: Lane
    reached: int
    leased_at: dt.datetime
    payloads: list[Leased]


class DueRun(NamedTuple):
    """A run that the sweep has locked, and what it lacks. ``unleased`` and ``due`` are positions nobody holds."""

    id: int
    queue: str
    max_lanes: int
    total: int
    strict: bool
    nudges: int
    complete: bool
    unleased: int
    slots: list[int]
    due: int
    next_due_at: dt.datetime | None
    now: dt.datetime


class ClosedRun(NamedTuple):
    """A run that reached its final state just now."""

    id: int
    workspace_id: int
    job_key: str
    state: str
    started_at: dt.datetime
    ended_at: dt.datetime
    total: int
    failed: int


def start_runs(
    cursor: SupportsExecute,
    *,
    job_ids: Sequence[int],
    scheduled_for: Sequence[dt.datetime | None],
    trigger: str,
    actor: str,
    comment: str,
    parameters_json: str,
    now: Now,
    grace: dt.timedelta,
) -> list[StartedRun]:
    """Insert a pending run with its payloads for each job that is active: one statement, on the cursor given.

    Returns:
        The runs by id; fewer than ``job_ids`` when some are paused or gone. Publish for them after the commit.
    """
    cursor.execute(
        sql.load("start_runs"),
        {
            "job_ids": list(job_ids),
            "scheduled_for": list(scheduled_for),
            "trigger": trigger,
            "actor": actor,
            "comment": comment,
            "parameters": parameters_json,
            "now": now,
            "grace": grace,
        },
    )
    return [StartedRun(*row) for row in cursor.fetchall()]


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


def report(
    *, lane: Lane, outcome: Report, take: int, lease: dt.timedelta, keep_from: int | None = None, now: Now = None
) -> Grant:
    """Write what became of the positions the lane held, and lease it the next ``take`` of the run.

    Args:
        lane: Its sequence is moved on.
        outcome: May be empty, as in a lane's first call.
        take: How many positions to lease; 0 for none.
        lease: How long the lane may be silent.
        keep_from: The position from which the lane keeps its present range, instead of a new one; ``take`` is 0 then.
        now: See the module's docstring.

    Returns:
        The run's state and the payloads leased, by position.

    Raises:
        LaneLost: The lane was taken back, and nothing was written.
    """
    with hotpath.connection() as connection:
        if outcome.is_plain:
            grant = _report(connection, lane, outcome, take=take, lease=lease, keep_from=keep_from, now=now)
        else:
            with connection.transaction():
                grant = _report(connection, lane, outcome, take=take, lease=lease, keep_from=keep_from, now=now)
                _record(connection, lane=lane, outcome=outcome, held_until=grant.held_until, now=now)
    lane.sequence += 1
    return grant


def report_one(*, lane: Lane, final: Final, lease: dt.timedelta, now: Now = None) -> tuple[RunState, bool]:
    """Write the outcome of the first position of a strict lane's range; the lane keeps the rest.

    Returns:
        The run's state, so that a lane whose run was stopped can give the rest back; and whether the lane holds a rest: while it
        was at work the heartbeat may have shed that.

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
        row = connection.execute(sql.load("report_one"), parameters).fetchone()
    if row is None:
        raise LaneLost(f"lane {lane.id} is no longer ours")
    lane.sequence += 1
    return RunState(row.state), row.more


def shed_range(*, lane: Lane, keep: int, now: Now = None) -> int:
    """Let others take what a lane holds from the position ``keep`` on, because the payload before it takes long.

    Called by the heartbeat while the lane's thread is at work. Does nothing when the lane has reported meanwhile.

    Returns:
        How many positions were shed.
    """
    parameters = {"lane_id": lane.id, "sequence": lane.sequence, "keep": keep, "now": now}
    with hotpath.connection(hotpath.HEARTBEAT) as connection:
        return len(connection.execute(sql.load("shed_range"), parameters).fetchall())


def _report(
    connection: Connection,
    lane: Lane,
    outcome: Report,
    *,
    take: int,
    lease: dt.timedelta,
    keep_from: int | None,
    now: Now,
) -> Grant:
    rows = connection.execute(
        sql.load("report"),
        {
            "lane_id": lane.id,
            "sequence": lane.sequence,
            "finals": _json_rows([("position", final.position, final) for final in outcome.finals]),
            "take": take,
            "keep_from": keep_from,
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
    return Grant(rows[0].state, rows[0].complete, rows[0].due, payloads, rows[0].left_over, rows[0].held_until)


def _record(connection: Connection, *, lane: Lane, outcome: Report, held_until: int, now: Now) -> None:
    """The rarer half of a report, in its transaction: failed attempts, retries, and retries that are over."""
    run_id = lane.run.run_id
    if outcome.failed_attempts:
        positions, numbers, states, errors, started, ended = _columns(outcome.failed_attempts, FailedAttempt)
        connection.execute(
            sql.load("record_attempts"),
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
    requeues = [each for each in outcome.requeues if not held_until or each.position < held_until]
    if requeues:
        positions, attempts, waits, alone = _columns(requeues, Requeue)
        connection.execute(
            sql.load("requeue"),
            {
                "run_id": run_id,
                "lane_id": lane.id,
                "positions": positions,
                "attempts": attempts,
                "waits_ms": waits,
                "alone": alone,
                "now": now,
            },
        )
    if outcome.settled:
        connection.execute(sql.load("settle"), {"run_id": run_id, "positions": outcome.settled, "lane_id": lane.id})


def _json_rows(rows: Sequence[tuple[str, int, Final]]) -> str:
    """Outcomes as one JSON array of objects, each with its key first. One text costs a third of seven arrays; results and errors
    are JSON already and go in as they are."""
    return "[" + ",".join(_json_row(key, value, final) for key, value, final in rows) + "]"


def _json_row(key: str, value: int, final: Final) -> str:
    return (
        f'{{"{key}":{value},"state":"{final.state}","attempts":{final.attempts},"started_at":"{final.started_at.isoformat()}",'
        f'"ended_at":"{final.ended_at.isoformat()}","result":{final.result or "null"},"error":{final.error or "null"}}}'
    )


def _columns(rows: Sequence[tuple[Any, ...]], shape: Any) -> list[list[Any]]:
    """Turn rows into the column arrays that unnest() takes; as many empty ones for no rows."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in shape._fields]


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
        return _holdings(connection, lane_id=lane.id)


def _holdings(connection: Connection, *, lane_id: int) -> list[Leased]:
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


def lock_expired_lane(connection: Connection, *, besides: Sequence[int] = (), now: Now = None) -> LostLane | None:
    """Lock one lane whose lease has run out, ``besides`` those, within the caller's transaction; None when there is none."""
    row = connection.execute(sql.load("expired_lanes"), {"besides": list(besides), "now": now}).fetchone()
    if row is None:
        return None
    run = RunInfo(row.run_id, 0, "", row.job_key, row.configuration, {}, True, "", row.created_at)
    lane = Lane(id=row.id, run=run, slot=row.slot, worker=row.worker, sequence=row.sequence)
    return LostLane(lane, row.reached, row.leased_at, _holdings(connection, lane_id=row.id))


def bury_lane(connection: Connection, *, lost: LostLane, outcome: Report, now: Now = None) -> None:
    """Write what a lost lane's positions come to and delete the lane, within the transaction that locked it."""
    lane = lost.lane
    _report(connection, lane, outcome, take=0, lease=dt.timedelta(0), keep_from=None, now=now)
    _record(connection, lane=lane, outcome=outcome, held_until=0, now=now)
    connection.execute(sql.load("leave_lane"), {"lane_id": lane.id})


def nudged_queues(*, now: Now = None) -> list[str]:
    """The queues of the runs that the sweep is to look at again, having published for them before."""
    with hotpath.connection() as connection:
        rows = connection.execute(
            "SELECT DISTINCT queue FROM jobs_run WHERE wake_at <= COALESCE(%s::timestamptz, clock_timestamp()) AND nudges > 0",
            (now,),
        ).fetchall()
    return [row.queue for row in rows]


def lock_due_runs(connection: Connection, *, limit: int, now: Now = None) -> list[DueRun]:
    """Lock up to ``limit`` runs whose wake time has come, within the caller's transaction."""
    return [DueRun(*row) for row in connection.execute(sql.load("due_runs"), {"limit": limit, "now": now}).fetchall()]


def snooze_runs(connection: Connection, *, wakes: Sequence[tuple[int, dt.datetime, int]]) -> None:
    """Set (run id, wake time, nudges) for runs that the caller's transaction has locked."""
    run_ids, wake_at, nudges = zip(*wakes, strict=True)
    connection.execute(
        sql.load("snooze_runs"), {"run_ids": list(run_ids), "wake_at": list(wake_at), "nudges": list(nudges)}
    )


def seconds_to_next_wake() -> float | None:
    """How long until the sweep has a run to look at (0 when it has); None when no run is active."""
    with hotpath.connection() as connection:
        row = connection.execute(
            "SELECT EXTRACT(epoch FROM min(wake_at) - clock_timestamp())::float8 AS seconds FROM jobs_run WHERE wake_at IS NOT NULL"
        ).fetchone()
    return None if row is None or row.seconds is None else max(0.0, row.seconds)


def close_runs(connection: Connection, *, run_ids: Sequence[int], now: Now = None) -> list[ClosedRun]:
    """End those of these runs whose payloads all have their outcome, within the caller's transaction. By id."""
    rows = connection.execute(sql.load("close_runs"), {"run_ids": list(run_ids), "now": now}).fetchall()
    return [ClosedRun(*row) for row in rows]


class SingleRun(NamedTuple):
    """A run of one payload, taken: its lane holds position 0."""

    lane: Lane
    payload: Leased


def take_single_runs(*, run_ids: Sequence[int], worker: str, lease: dt.timedelta, now: Now = None) -> list[SingleRun]:
    """Take many runs of one payload each in one statement. Those that somebody else has, or that have begun, are left out."""
    parameters = {"run_ids": sorted(run_ids), "worker": worker, "lease": lease, "now": now}
    with hotpath.connection() as connection, connection.transaction():
        rows = connection.execute(sql.load("take_single_runs"), parameters).fetchall()
        for row in rows:
            if not row.started:  # Somebody began the run between our snapshot and our lock: the slot is not needed.
                connection.execute(sql.load("leave_lane"), {"lane_id": row.lane_id})
    return [_single(row, worker) for row in rows if row.started]


def _single(row: Any, worker: str) -> SingleRun:
    run = RunInfo(
        row.run_id,
        row.workspace_id,
        row.workspace,
        row.job_key,
        row.configuration,
        row.run_parameters,
        row.strict,
        "",
        row.created_at,
    )
    lane = Lane(id=row.lane_id, run=run, slot=0, worker=worker, sequence=1)
    return SingleRun(lane, Leased(row.position, row.kind, row.name, row.parameters, row.options))


def report_single_runs(connection: Connection, *, finals: Sequence[tuple[Lane, Final]]) -> list[int]:
    """Write the outcomes of runs of one payload each and give up their lanes, within the caller's transaction.

    Returns:
        The ids of the runs that changed: close those. A lane that was lost changes nothing.
    """
    outcomes = _json_rows([("lane_id", lane.id, final) for lane, final in finals])
    rows = connection.execute(sql.load("report_single_runs"), {"finals": outcomes}).fetchall()
    return [row.id for row in rows]


class LogEntry(NamedTuple):
    """A line that an attempt wrote."""

    position: int
    attempt: int
    level: str
    message: str
    at: dt.datetime


def keep_log(*, run_id: int, lines: Sequence[LogEntry]) -> None:
    """Store log lines in the order given."""
    positions, attempts, levels, messages, at = _columns(lines, LogEntry)
    with hotpath.connection() as connection:
        connection.execute(
            "INSERT INTO jobs_log_line (run_id, position, attempt, level, message, at)"
            " SELECT %s, o.* FROM unnest(%s::int[], %s::smallint[], %s::text[], %s::text[], %s::timestamptz[]) AS o",
            (run_id, positions, attempts, levels, messages, at),
        )
