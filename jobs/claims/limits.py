"""Limits across the fleet: runs of a job, places of a group, starts per period. All of it is in the database.

See docs/explanation/limits.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jobs import hotpath
from jobs.claims.shapes import Connection, Now, RateLimit, StartedRun

_TRIES = 3
"""A rate's row may be missing once; that somebody deletes it again is not to be expected."""


class Reservation(NamedTuple):
    """The answer to `reserve`: whether the starts were reserved, and in how many seconds the first of them is, or would be."""

    granted: bool
    seconds: float


class WaitingLane(NamedTuple):
    """A lane that found its group full, and is called now."""

    run_id: int
    slot: int
    queue: str


class Waiting(NamedTuple):
    """Which of some jobs have runs that wait to be admitted, and which of some groups are waited for, by id."""

    job_ids: list[int]
    group_ids: list[int]


class DeservingLane(NamedTuple):
    """A lane that should have its turn before another's message. ``single``: of a run of one payload that has not begun."""

    workspace_id: int
    run_id: int
    slot: int
    single: bool
    strict: bool


def who_waits(*, job_ids: Sequence[int], group_ids: Sequence[int] = ()) -> Waiting:
    """Look at these jobs and groups. Both at once, for who leaves a job and a group asks each time, and mostly nobody waits."""
    with hotpath.connection() as connection:
        rows = connection.execute(
            "SELECT 'job' AS what, j.id FROM unnest(%s::bigint[]) AS j (id) WHERE EXISTS ("
            "SELECT 1 FROM jobs_run AS r WHERE r.job_id = j.id AND NOT r.admitted AND r.ended_at IS NULL AND r.state = 'pending')"
            " UNION ALL "
            "SELECT 'group', g.id FROM unnest(%s::bigint[]) AS g (id) WHERE EXISTS ("
            "SELECT 1 FROM jobs_run AS r WHERE r.group_id = g.id AND r.nudges < 0 AND r.wake_at IS NOT NULL)",
            (list(job_ids), list(group_ids)),
        ).fetchall()
    return Waiting(
        sorted(row.id for row in rows if row.what == "job"), sorted(row.id for row in rows if row.what == "group")
    )


def lock_limited_job(connection: Connection, *, job_id: int) -> bool:
    """Lock a job that limits its runs, until the transaction ends: nobody else admits runs of it meanwhile. False when it has no
    limit. One job a transaction: two that lock several could wait for each other."""
    locked = connection.execute(
        "SELECT 1 FROM jobs_job WHERE id = %s AND max_runs IS NOT NULL FOR NO KEY UPDATE", (job_id,)
    )
    return locked.fetchone() is not None


def admit_runs(*, job_id: int, most: int, now: Now = None) -> list[StartedRun]:
    """Admit the next runs of a job, as many as it allows, in one transaction. Publish for them afterwards."""
    with hotpath.connection() as connection, connection.transaction():
        connection.execute("SELECT 1 FROM jobs_job WHERE id = %s FOR NO KEY UPDATE", (job_id,))
        rows = hotpath.execute(connection, "admit_runs", {"job_id": job_id, "most": most, "now": now}).fetchall()
    return sorted(StartedRun(*row) for row in rows)


def reserve(*, rates: Sequence[RateLimit], count: int, now: Now = None) -> Reservation:
    """Reserve the starts of ``count`` payloads under all these rates, one interval of each rate apart.

    They are reserved only if the first may start within a second: a start that is further away would be lost with who holds it.

    Args:
        rates: At least one; each key once.
        count: At least 1.
        now: See the package's docstring.
    """
    parameters = {
        "keys": [rate.key for rate in rates],
        "intervals_ms": [rate.interval_ms for rate in rates],
        "count": count,
        "now": now,
    }
    with hotpath.connection() as connection:
        for _ in range(_TRIES):
            row = hotpath.execute(connection, "reserve_starts", parameters).fetchone()
            if row is not None and row.known:
                return Reservation(row.granted, row.seconds)
            connection.execute(
                "INSERT INTO jobs_rate (key, next_at) SELECT key, COALESCE(%s::timestamptz, clock_timestamp())"
                " FROM unnest(%s::text[]) AS o (key) ORDER BY key ON CONFLICT DO NOTHING",
                (now, parameters["keys"]),
            )
    return Reservation(granted=False, seconds=1.0)


def put_off(*, run_id: int, seconds: float) -> None:
    """Let the sweep look at a run that waits for its rate in so many seconds, and not before, unless it must end before."""
    with hotpath.connection() as connection:
        connection.execute(
            "UPDATE jobs_run SET wake_at = LEAST("
            " clock_timestamp() + %s * interval '1 s', CASE state WHEN 'pending' THEN expires_at ELSE deadline_at END)"
            " WHERE id = %s AND state IN ('pending', 'running', 'resuming') AND succeeded + failed + cancelled < total",
            (seconds, run_id),
        )


def refuse(*, run_id: int) -> None:
    """Note that one lane of a run found its group full, so that who leaves the group calls it. At most once a lane."""
    with hotpath.connection() as connection:
        connection.execute(
            "UPDATE jobs_run SET nudges = GREATEST(LEAST(nudges, 0) - 1, -max_lanes)"
            " WHERE id = %s AND state IN ('pending', 'running', 'resuming')",
            (run_id,),
        )


def withdraw(*, run_id: int) -> None:
    """Undo one `refuse`: the lane got its place after all."""
    with hotpath.connection() as connection:
        connection.execute("UPDATE jobs_run SET nudges = nudges + 1 WHERE id = %s AND nudges < 0", (run_id,))


def call_waiting(*, group_id: int, places: int) -> list[WaitingLane]:
    """Call up to ``places`` lanes that found the group full, if it has room now. Publish for them afterwards.

    Order: the most urgent first, then the oldest; one lane of a run at a time.
    """
    with hotpath.connection() as connection:
        rows = hotpath.execute(connection, "call_waiting", {"group_id": group_id, "places": places}).fetchall()
    return [WaitingLane(*row) for row in rows]


def groups_waited_for() -> list[int]:
    """The groups that lanes have found full and wait for."""
    with hotpath.connection() as connection:
        rows = connection.execute(
            "SELECT g.id FROM jobs_group AS g WHERE EXISTS ("
            "SELECT 1 FROM jobs_run AS r WHERE r.group_id = g.id AND r.nudges < 0 AND r.wake_at IS NOT NULL) ORDER BY g.id"
        ).fetchall()
    return [row.id for row in rows]


def deserving_lanes(*, run_id: int, queue: str, served: Sequence[int], now: Now = None) -> list[DeservingLane]:
    """The lanes that should have their turn before a message of this run, best first; none when it is the run's own turn.

    Args:
        run_id: Of the message.
        queue: The message's queue: only what its workers can work counts.
        served: Workspaces that were let go before this message already; they must have fewer lanes at work to be let go again.
        now: See the package's docstring.
    """
    parameters = {"run_id": run_id, "queue": queue, "served": list(served), "now": now}
    with hotpath.connection() as connection:
        rows = hotpath.execute(connection, "deserving_lanes", parameters).fetchall()
    return [DeservingLane(*row) for row in rows]
