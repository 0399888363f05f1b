"""What the scheduler keeps and a log cleanup erases: decided fires, and backfills that are over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs import cleaners, hotpath
from jobs.cleaners import Found, OldRows, Scope
from scheduler.claims.shapes import Connection
from scheduler.sql import CLEANUP

PAGE = 200
"""Schedules, or backfills, dealt with at once."""


def register() -> None:
    """Offer them."""
    cleaners.register(
        OldRows(name="fires", erase=_erase_fires, count=_count_fires),
        OldRows(name="backfills", erase=_erase_backfills, count=_count_backfills),
    )


def _erase_fires(connection: Connection, scope: Scope, after: int, limit: int) -> Found:
    """Schedule by schedule; what is too much for once is left for the same page again."""
    values = _old_fires(connection, scope, after)
    erased = hotpath.execute(connection, "erase_fires", {**values, "limit": limit}, of=CLEANUP).rowcount
    return Found(erased, after if erased >= limit else _last(values["schedule_ids"]))


def _count_fires(connection: Connection, scope: Scope, after: int) -> Found:
    values = _old_fires(connection, scope, after)
    row = hotpath.execute(connection, "count_fires", values, of=CLEANUP).fetchone()
    return Found(int(row[0]) if row else 0, _last(values["schedule_ids"]))


def _old_fires(connection: Connection, scope: Scope, after: int) -> dict[str, Any]:
    values = {**_values(scope, after), "keep_newest": scope.keep_newest}
    rows = hotpath.execute(connection, "find_fires", values, of=CLEANUP).fetchall()
    until = {row.id: row.until_at for row in rows}
    return {"schedule_ids": list(until), "until_at": list(until.values()), "before": scope.before}


def _erase_backfills(connection: Connection, scope: Scope, after: int, limit: int) -> Found:
    """With their times, which are not counted: they are the backfill."""
    found = _old_backfills(connection, scope, after)
    values = {"backfill_ids": found, "limit": limit}
    if hotpath.execute(connection, "erase_backfill_times", values, of=CLEANUP).rowcount >= limit:
        return Found(0, after)
    connection.execute("DELETE FROM scheduler_backfill WHERE id = ANY (%s::bigint[])", (found,))
    return Found(len(found), _last(found))


def _count_backfills(connection: Connection, scope: Scope, after: int) -> Found:
    found = _old_backfills(connection, scope, after)
    return Found(len(found), _last(found))


def _old_backfills(connection: Connection, scope: Scope, after: int) -> list[int]:
    rows = hotpath.execute(connection, "find_backfills", _values(scope, after), of=CLEANUP).fetchall()
    return [row.id for row in rows]


def _values(scope: Scope, after: int) -> Mapping[str, Any]:
    job_ids = None if scope.job_ids is None else list(scope.job_ids)
    values = {"workspace_id": scope.workspace_id, "before": scope.before, "job_ids": job_ids}
    return {**values, "after": after, "page": PAGE}


def _last(ids: list[int]) -> int | None:
    """Where the next page begins; None when this was the last."""
    return ids[-1] if len(ids) == PAGE else None
