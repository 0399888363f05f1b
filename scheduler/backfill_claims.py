"""The statements of backfills. Each runs on a connection that is given, in its caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psycopg

from jobs import hotpath
from scheduler.backfilling import Standing
from scheduler.sql import STATEMENTS

Connection = hotpath.EngineConnection
Now = dt.datetime | None


class ClaimedBackfill(NamedTuple):
    """A running backfill that this transaction has locked. ``most_active``: of its runs at once."""

    id: int
    workspace_id: int
    schedule_id: int
    which: str
    most_active: int


class OwedTime(NamedTuple):
    """A fire time that a backfill is still to run."""

    id: int
    fire_at: dt.datetime


class StartedTime(NamedTuple):
    """One for which a run was started."""

    id: int
    fire_at: dt.datetime
    run_id: int


def open_backfills(connection: Connection, *, limit: int) -> list[tuple[int, int]]:
    """(backfill, schedule) of those running ones that can go on, the oldest first."""
    rows = _execute(connection, "open_backfills", {"limit": limit}).fetchall()
    return [(row.id, row.schedule_id) for row in rows]


def claim_backfill(connection: Connection, *, backfill_id: int) -> ClaimedBackfill | None:
    """Lock a running backfill; None when somebody else has it, or when it is over."""
    row = _execute(connection, "claim_backfill", {"backfill_id": backfill_id}).fetchone()
    return None if row is None else ClaimedBackfill(*row)


def settle_backfill(connection: Connection, *, backfill_id: int) -> int:
    """Take notice of the runs that have ended; how many are active still."""
    row = _execute(connection, "settle_backfill", {"backfill_id": backfill_id}).fetchone()
    return 0 if row is None else int(row.active)


def owed_times(connection: Connection, *, backfill_id: int, take: int) -> list[OwedTime]:
    """The next fire times that the backfill is to run, the oldest first."""
    rows = connection.execute(
        "SELECT id, fire_at FROM scheduler_backfill_time WHERE backfill_id = %s AND state = 'owed' ORDER BY fire_at LIMIT %s",
        (backfill_id, take),
    ).fetchall()
    return [OwedTime(*row) for row in rows]


def standings(connection: Connection, *, schedule_id: int, fire_at: Sequence[dt.datetime]) -> list[Standing]:
    """How these fire times stand, in their order."""
    rows = _execute(connection, "standings", {"schedule_id": schedule_id, "fire_at": list(fire_at)}).fetchall()
    return [Standing(*row) for row in rows]


def leave_out(connection: Connection, *, time_ids: Sequence[int]) -> None:
    """owed -> left_out."""
    connection.execute(
        "UPDATE scheduler_backfill_time SET state = 'left_out' WHERE id = ANY (%s) AND state = 'owed'",
        (list(time_ids),),
    )


def record_backfill(
    connection: Connection, *, backfill: ClaimedBackfill, started: Sequence[StartedTime], now: Now = None
) -> None:
    """Keep which runs were started for which fire times."""
    _execute(
        connection,
        "record_backfill",
        {
            "schedule_id": backfill.schedule_id,
            "time_ids": [each.id for each in started],
            "fire_at": [each.fire_at for each in started],
            "run_ids": [each.run_id for each in started],
            "cause": f"backfill:{backfill.id}",
            "detail": f"run by backfill {backfill.id}",
            "now": now,
        },
    )


def finish_backfill(connection: Connection, *, backfill_id: int, now: Now = None) -> None:
    """running -> done, with its event; nothing of it may be owed or active."""
    connection.execute(
        "WITH done AS (UPDATE scheduler_backfill SET state = 'done', ended_at = COALESCE(%(now)s::timestamptz, clock_timestamp())"
        " WHERE id = %(backfill_id)s AND state = 'running' RETURNING id, workspace_id, schedule_id)"
        " INSERT INTO jobs_event (workspace_id, job_id, kind, actor, data, at)"
        " SELECT done.workspace_id, s.job_id, 'schedule.backfill_done', '',"
        " jsonb_build_object('schedule', s.id, 'name', s.name, 'backfill', done.id), clock_timestamp()"
        " FROM done JOIN scheduler_schedule AS s ON s.id = done.schedule_id",
        {"backfill_id": backfill_id, "now": now},
    )


def _execute(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> psycopg.Cursor[Any]:
    return hotpath.execute(connection, statement, parameters, of=STATEMENTS)
