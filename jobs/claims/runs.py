"""Runs: started, looked after and closed, any number at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from jobs import hotpath, sql
from jobs.acting import who
from jobs.arrays import array_of
from jobs.claims.shapes import ClosedRun, Connection, DueRun, Now, StartedRun, SupportsExecute


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
    digest: str | None = None,
    idempotency_key: str | None = None,
    origin_id: int | None = None,
    schedule_ids: Sequence[int | None] | None = None,
    locked_job_id: int | None = None,
    parameters_each: Sequence[str | None] | None = None,
    digests: Sequence[str | None] | None = None,
    actors: Sequence[str] | None = None,
) -> list[StartedRun]:
    """Insert a pending run with its payloads for each job that is active: one statement, on the cursor given.

    Args:
        digest: Of the parameters; kept where the job wants them unique for a time.
        idempotency_key: For one job at a time: a second run of it with this key is refused by run_idempotency_key_once.
        origin_id: The run that these repeat, or were started by.
        schedule_ids: One for each of ``job_ids``: the schedule that owes the run. None for none.
        locked_job_id: All of ``job_ids``, if `limits.lock_limited_job` has locked it within the same transaction: then as many of
            its runs are admitted as it has room for.
        parameters_each, digests: One for each of ``job_ids``, in place of ``parameters_json`` and ``digest`` where it is not None.
        actors: One for each of ``job_ids``, in place of ``actor``.

    Returns:
        The runs by id; fewer than ``job_ids`` when some are paused or gone. After the commit publish for those that are admitted;
        the others wait for `admission.admit`.
    """
    none = [None] * len(job_ids)
    acting = who()
    cursor.execute(
        sql.load("start_runs"),
        {
            "job_ids": array_of(job_ids),
            "scheduled_for": array_of(scheduled_for),
            "trigger": trigger,
            "actor": actor,
            "comment": comment,
            "parameters": parameters_json,
            "now": now,
            "grace": grace,
            "digest": digest,
            "idempotency_key": idempotency_key,
            "origin_id": origin_id,
            "locked_job_id": locked_job_id,
            "schedule_ids": array_of(schedule_ids or none),
            "parameters_each": array_of(parameters_each or none),
            "digests": array_of(digests or none),
            "actors": array_of(actors or none),
            "via": acting.via,
            "token": acting.token,
        },
    )
    return [StartedRun(*row) for row in cursor.fetchall()]


def lock_due_runs(connection: Connection, *, limit: int, now: Now = None) -> list[DueRun]:
    """Lock up to ``limit`` runs whose wake time has come, within the caller's transaction."""
    return [DueRun(*row) for row in hotpath.execute(connection, "due_runs", {"limit": limit, "now": now}).fetchall()]


def nudged_queues(*, now: Now = None) -> list[str]:
    """The queues of the runs that the sweep is to look at again, having published for them before."""
    with hotpath.connection() as connection:
        rows = connection.execute(
            "SELECT DISTINCT queue FROM jobs_run WHERE wake_at <= COALESCE(%s::timestamptz, clock_timestamp()) AND nudges > 0",
            (now,),
        ).fetchall()
    return [row.queue for row in rows]


def snooze_runs(connection: Connection, *, wakes: Sequence[tuple[int, dt.datetime, int]]) -> None:
    """Set (run id, wake time, nudges) for runs that the caller's transaction has locked."""
    run_ids, wake_at, nudges = zip(*wakes, strict=True)
    hotpath.execute(
        connection, "snooze_runs", {"run_ids": list(run_ids), "wake_at": list(wake_at), "nudges": list(nudges)}
    )


def ended_runs(*, run_ids: Sequence[int]) -> list[int]:
    """Those of these runs that have ended, or that are not there any more."""
    with hotpath.connection() as connection:
        rows = connection.execute(
            "SELECT id FROM unnest(%s::bigint[]) AS asked (id)"
            " WHERE NOT EXISTS (SELECT FROM jobs_run AS r WHERE r.id = asked.id AND r.ended_at IS NULL)",
            (list(run_ids),),
        ).fetchall()
    return [row.id for row in rows]


def seconds_to_next_wake() -> float | None:
    """How long until the sweep has a run to look at (0 when it has); None when no run is active."""
    with hotpath.connection() as connection:
        row = connection.execute(
            "SELECT EXTRACT(epoch FROM min(wake_at) - clock_timestamp())::float8 AS seconds FROM jobs_run WHERE wake_at IS NOT NULL"
        ).fetchone()
    return None if row is None or row.seconds is None else max(0.0, row.seconds)


def close_runs(connection: Connection, *, run_ids: Sequence[int], now: Now = None) -> list[ClosedRun]:
    """End those of these runs whose payloads all have their outcome, within the caller's transaction. By id."""
    rows = hotpath.execute(connection, "close_runs", {"run_ids": list(run_ids), "now": now}).fetchall()
    return [ClosedRun(*row) for row in rows]
