"""Fires: what was decided of fire times, and what waits to be."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from jobs.arrays import array_of
from jobs.claims import SupportsExecute
from scheduler.claims.shapes import Connection, FireRow, Move, Now, Owed, Settled, columns, execute
from scheduler.sql import STATEMENTS


def record_fires(connection: Connection, *, fires: Sequence[FireRow], moves: Sequence[Move], now: Now = None) -> None:
    """Keep what was decided, and move the schedules on. Raises psycopg.errors.UniqueViolation when one was decided before."""
    fire, move = columns(FireRow, fires), columns(Move, moves)
    execute(
        connection,
        "record_fires",
        {
            "schedule_ids": array_of(fire["schedule_id"]),
            "fire_at": array_of(fire["fire_at"]),
            "states": array_of(fire["state"]),
            "reasons": array_of(fire["reason"]),
            "details": array_of(fire["detail"]),
            "run_ids": array_of(fire["run_id"]),
            "moved_ids": array_of(move["schedule_id"]),
            "decided_until": array_of(move["decided_until"]),
            "next_fire_at": array_of(move["next_fire_at"]),
            "next_run_at": array_of(move["next_run_at"]),
            "actions_left": array_of(move["actions_left"]),
            "skips": array_of(move["skips"]),
            "now": now,
        },
    )


def settle_fires(connection: Connection, *, settled: Sequence[Settled], now: Now = None) -> int:
    """Decide on fires that waited or were buffered; how many still were."""
    column = columns(Settled, settled)
    rows = execute(
        connection,
        "settle_fires",
        {
            "fire_ids": column["fire_id"],
            "states": column["state"],
            "reasons": column["reason"],
            "details": column["detail"],
            "run_ids": column["run_id"],
            "now": now,
        },
    ).fetchall()
    return len(rows)


def add_waiting(
    connection: Connection,
    *,
    schedule_id: int,
    fire_at: dt.datetime,
    cause: str,
    due_at: dt.datetime,
    parameters: Mapping[str, Any],
) -> None:
    """nothing -> waiting: a fire that a run's end calls for. Does nothing when it did before."""
    execute(
        connection,
        "add_waiting",
        {
            "schedule_id": schedule_id,
            "fire_at": fire_at,
            "cause": cause,
            "due_at": due_at,
            "parameters": json.dumps(dict(parameters)),
        },
    )


def schedules_with_waiting(
    connection: Connection, *, limit: int, besides: Collection[int] = (), now: Now = None
) -> list[int]:
    """Schedules with fires that waited and are due, ``besides`` those."""
    parameters = {"take": limit, "besides": list(besides), "now": now}
    rows = execute(connection, "schedules_with_waiting", parameters).fetchall()
    return [row.schedule_id for row in rows]


def owed_fires(connection: Connection, *, schedule_ids: Sequence[int], state: str, now: Now = None) -> list[Owed]:
    """The waiting (and due) or buffered fires of these schedules, which the caller has locked; oldest first."""
    parameters = {"schedule_ids": list(schedule_ids), "state": state, "now": now}
    return [Owed(*row) for row in execute(connection, "owed_fires", parameters).fetchall()]


def decided_after(connection: Connection, *, schedule_id: int, after: dt.datetime) -> set[dt.datetime]:
    """The fire times of the clock after an instant that have a row already."""
    rows = execute(connection, "decided_after", {"schedule_id": schedule_id, "after": after}).fetchall()
    return {row.fire_at for row in rows}


def give_up_pending(cursor: SupportsExecute, *, schedule_id: int, reason: str, detail: str, now: Now = None) -> int:
    """waiting | buffered -> skipped, for all fires of a schedule that the caller has locked; how many were buffered."""
    cursor.execute(
        STATEMENTS.load("give_up_pending"),
        {"schedule_id": schedule_id, "reason": reason, "detail": detail[:500], "now": now},
    )
    return int(cursor.fetchall()[0][0])
