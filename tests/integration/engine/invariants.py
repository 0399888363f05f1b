"""What must hold of the rows at every moment, whoever did whatever in which order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs import hotpath
from jobs.states import FINAL_RUN_STATES, LEASING_RUN_STATES, RunState

_HELD_BACK = (RunState.PAUSING, RunState.PAUSED)

PROBLEMS = {
    "a position is in two ranges": """
        SELECT a.run_id, a.low FROM jobs_lane AS a JOIN jobs_lane AS b ON b.run_id = a.run_id AND b.id > a.id
        WHERE GREATEST(a.low, b.low) < LEAST(a.high, b.high)""",
    "a position is in a range and waits out of line": """
        SELECT q.run_id, q.position FROM jobs_requeued AS q
        JOIN jobs_lane AS l ON l.run_id = q.run_id AND q.position >= l.low AND q.position < l.high""",
    "a position is held by another run's lane": """
        SELECT q.run_id, q.position FROM jobs_requeued AS q JOIN jobs_lane AS l ON l.id = q.lane_id WHERE l.run_id <> q.run_id""",
    "a position that waits out of line has its outcome, or was never leased": """
        SELECT q.run_id, q.position FROM jobs_requeued AS q JOIN jobs_run AS r ON r.id = q.run_id
        LEFT JOIN jobs_payload AS p ON p.run_id = q.run_id AND p.position = q.position
        WHERE p.state IS DISTINCT FROM 'queued' OR q.position >= r.next_position""",
    "a range goes beyond what was leased": """
        SELECT l.run_id, l.high FROM jobs_lane AS l JOIN jobs_run AS r ON r.id = l.run_id WHERE l.high > r.next_position""",
    "a queued payload was leased once and nobody has it": """
        SELECT p.run_id, p.position FROM jobs_payload AS p JOIN jobs_run AS r ON r.id = p.run_id
        WHERE p.state = 'queued' AND p.position < r.next_position
            AND NOT EXISTS (SELECT 1 FROM jobs_requeued AS q WHERE q.run_id = p.run_id AND q.position = p.position)
            AND NOT EXISTS (SELECT 1 FROM jobs_lane AS l WHERE l.run_id = p.run_id AND p.position >= l.low AND p.position < l.high)""",
    "the counters differ from the rows": """
        SELECT r.id, r.total FROM jobs_run AS r, LATERAL (
            SELECT count(*) AS total, count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
                count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'cancelled') AS cancelled
            FROM jobs_payload AS p WHERE p.run_id = r.id
        ) AS rows, LATERAL (
            SELECT COALESCE(sum(succeeded), 0) AS succeeded, COALESCE(sum(failed), 0) AS failed FROM jobs_lane AS l WHERE l.run_id = r.id
        ) AS uncounted
        WHERE (r.total, r.succeeded + uncounted.succeeded, r.failed + uncounted.failed, r.cancelled)
            <> (rows.total, rows.succeeded, rows.failed, rows.cancelled)""",
    "a payload counts other attempts than were kept": """
        SELECT p.run_id, p.position FROM jobs_payload AS p JOIN jobs_run AS r ON r.id = p.run_id, LATERAL (
            SELECT count(*) AS unsuccessful FROM jobs_attempt AS a WHERE a.run_id = p.run_id AND a.position = p.position
        ) AS kept
        WHERE p.state <> 'queued' AND r.trigger <> 'replay' AND p.attempts <> kept.unsuccessful + (p.state = 'succeeded')::int""",
    "a run that has ended has lanes, or positions that wait": """
        SELECT r.id, 0 FROM jobs_run AS r WHERE r.ended_at IS NOT NULL AND (
            EXISTS (SELECT 1 FROM jobs_lane AS l WHERE l.run_id = r.id) OR EXISTS (SELECT 1 FROM jobs_requeued AS q WHERE q.run_id = r.id)
        )""",
    "a run has ended without every outcome": """
        SELECT id, total FROM jobs_run WHERE ended_at IS NOT NULL AND succeeded + failed + cancelled <> total""",
    "a run has ended as something else than its outcomes and its stop say": """
        SELECT r.id, r.failed FROM jobs_run AS r, LATERAL (
            SELECT (r.snapshot -> 'configuration' -> 'failure_tolerance') AS tolerance
        ) AS t
        WHERE r.ended_at IS NOT NULL AND r.state <> CASE
            WHEN r.stop ->> 'reason' IN ('terminated', 'expired') THEN 'cancelled'
            WHEN r.stop IS NOT NULL THEN 'failed'
            WHEN r.failed <= COALESCE((tolerance ->> 'count')::float8, (tolerance ->> 'percent')::float8 / 100 * (r.total - r.cancelled), 0) THEN 'succeeded'
            ELSE 'failed'
        END""",
    "a paused run has lanes, or one that waits to be admitted has begun": """
        SELECT r.id, r.next_position FROM jobs_run AS r
        WHERE (r.state = 'paused' AND EXISTS (SELECT 1 FROM jobs_lane AS l WHERE l.run_id = r.id))
            OR (NOT r.admitted AND r.state IN ('pending', 'running', 'resuming', 'pausing') AND (r.started_at IS NOT NULL OR r.next_position > 0))""",
    "a run's reasons do not fit its state": """
        SELECT id, 0 FROM jobs_run
        WHERE (pause IS NULL AND state IN ('pausing', 'paused')) OR (pause IS NOT NULL AND state NOT IN ('pausing', 'paused', 'cancelling'))
            OR (stop IS NULL AND state IN ('cancelling', 'cancelled')) OR (stop IS NOT NULL AND state NOT IN ('cancelling', 'cancelled', 'failed') AND trigger <> 'replay')""",
    "a run of a paused job may lease": """
        SELECT r.id, 0 FROM jobs_run AS r JOIN jobs_job AS j ON j.id = r.job_id
        WHERE j.state = 'paused' AND r.state IN ('pending', 'running', 'resuming')""",
    "more runs of a job are active than it allows": """
        SELECT j.id, count(*) FROM jobs_job AS j JOIN jobs_run AS r ON r.job_id = j.id AND r.ended_at IS NULL AND r.admitted
        GROUP BY j.id HAVING count(*) > j.max_runs""",
    "a group has more lanes than places": """
        SELECT g.id, count(l.group_slot) FROM jobs_group AS g JOIN jobs_lane AS l ON l.group_id = g.id
        GROUP BY g.id HAVING count(l.group_slot) > g."limit" """,
    "the last event says another state": """
        SELECT r.id, e.id FROM jobs_run AS r LEFT JOIN LATERAL (
            SELECT id, kind FROM jobs_event AS e WHERE e.run_id = r.id AND e.kind <> 'run.extended' ORDER BY e.id DESC LIMIT 1
        ) AS e ON true
        WHERE CASE e.kind
            WHEN 'run.created' THEN r.state = 'pending' OR (r.trigger = 'replay' AND r.state = 'running')
            WHEN 'run.resumed' THEN r.state = 'running'
            WHEN 'run.resuming' THEN r.state IN ('pending', 'resuming', 'running')
            ELSE e.kind = 'run.' || r.state
        END IS NOT TRUE""",
    "a run began, was stopped or ended more than once": """
        SELECT run_id, count(*) FROM jobs_event
        WHERE kind IN ('run.created', 'run.running', 'run.cancelling', 'run.succeeded', 'run.failed', 'run.cancelled')
        GROUP BY run_id, CASE WHEN kind IN ('run.succeeded', 'run.failed', 'run.cancelled') THEN 'end' ELSE kind END HAVING count(*) > 1""",
}
"""Each finds the rows that break it: (run or whatever it is about, detail)."""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_PROBLEMS = "\nUNION ALL\n".join(
    f"SELECT {_quoted(name)}, found.* FROM ({query}) AS found (about, detail)" for name, query in PROBLEMS.items()
)
_RUNS = """
    SELECT r.id, r.state, r.ended_at, r.next_position, r.strict, r.job_id, r.group_id,
        (SELECT array_agg(l.id) FROM jobs_lane AS l WHERE l.run_id = r.id) AS lanes,
        ARRAY(
            SELECT p FROM jobs_lane AS l, generate_series(l.low, l.high - 1) AS p WHERE l.run_id = r.id
            UNION ALL SELECT q.position FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.lane_id IS NOT NULL
        ) AS held
    FROM jobs_run AS r
"""
_ENDED = "SELECT run_id, position, state, attempts, ended_at FROM jobs_payload WHERE state <> 'queued'"


@dataclass(frozen=True)
class RunSeen:
    """A run as it stood after a step."""

    state: RunState
    ended_at: dt.datetime | None
    next_position: int
    strict: bool
    job_id: int
    group_id: int | None
    lanes: frozenset[int]
    held: frozenset[int]

    @property
    def stands(self) -> bool:
        """Whether nothing of it may start."""
        return self.state not in LEASING_RUN_STATES

    @property
    def ended(self) -> bool:
        return self.state in FINAL_RUN_STATES


@dataclass(frozen=True)
class Seen:
    """All rows that matter, as they stood after a step."""

    runs: Mapping[int, RunSeen] = field(default_factory=dict)
    ended: Mapping[tuple[int, int], tuple[Any, ...]] = field(default_factory=dict)
    """(run, position) of the payloads that have their outcome: state, attempts, when."""
    paused_jobs: tuple[int, ...] = ()


def problems() -> list[str]:
    """What is wrong with the rows as they stand."""
    with hotpath.connection() as connection:
        return [f"{row[0]}: {row[1]}, {row[2]}" for row in connection.execute(_PROBLEMS).fetchall()]


def look() -> Seen:
    """The rows as they stand."""
    with hotpath.connection() as connection:
        runs = {
            row[0]: RunSeen(RunState(row[1]), *row[2:7], frozenset(row[7] or ()), frozenset(row[8]))  # type: ignore[call-arg]  # rows are untyped
            for row in connection.execute(_RUNS).fetchall()
        }
        ended = {(row[0], row[1]): tuple(row[2:]) for row in connection.execute(_ENDED).fetchall()}
        paused = connection.execute("SELECT id FROM jobs_job WHERE state = 'paused' ORDER BY id").fetchall()
    return Seen(runs, ended, tuple(row[0] for row in paused))


def compare(before: Seen, after: Seen, *, resumed: bool) -> Iterator[str]:
    """What a step must not have done: undo an end, or lease something of a run that stands still. ``resumed``: the step may have
    let runs go on."""
    for key, outcome in before.ended.items():
        if after.ended.get(key) != outcome:
            yield f"payload {key} had ended as {outcome} and is {after.ended.get(key)}"
    for run_id, old in before.runs.items():
        new = after.runs.get(run_id)
        if new is None:
            yield f"run {run_id} is gone"
        elif old.ended and (old.state, old.ended_at) != (new.state, new.ended_at):
            yield f"run {run_id} had {old.state} at {old.ended_at} and has {new.state} at {new.ended_at}"
        elif old.stands and not (resumed and not new.stands):
            yield from _leased(run_id, old, new)


def _leased(run_id: int, old: RunSeen, new: RunSeen) -> Iterator[str]:
    if new.lanes - old.lanes or new.held - old.held:
        yield f"run {run_id} was {old.state} and a lane leased {sorted(new.held - old.held)}"
    if old.state in _HELD_BACK and new.state in _HELD_BACK and new.next_position > old.next_position:
        yield f"run {run_id} was {old.state} and its next position went from {old.next_position} to {new.next_position}"
    if old.state == RunState.CANCELLING and new.state not in (RunState.CANCELLING, *FINAL_RUN_STATES):
        yield f"run {run_id} was cancelling and is {new.state}"
