"""Delivering again what is over: statements of sinks/sql."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from jobs import hotpath
from sinks.sql import STATEMENTS


def redeliver(*, workspace_id: int, delivery_ids: Sequence[int]) -> list[int]:
    """Let these be made again: those that are over, of this workspace, and have their results and a sink to go to.

    Returns:
        The ids of those that will be.
    """
    asked = {"workspace_id": workspace_id, "ids": list(delivery_ids)}
    return _ids("redeliver", asked)


def left_alone(*, workspace_id: int, delivery_ids: Sequence[int]) -> dict[int, str]:
    """Why each of these was not made again, by id, as far as it can be told afterwards: a word of `sinks.states.Skipped`."""
    asked = {"workspace_id": workspace_id, "ids": list(delivery_ids)}
    return {row[0]: row[1] for row in _rows("left_alone", asked)}


def of_sink(sink_id: int, *, delivered: bool, since: dt.datetime | None, after: int, limit: int) -> list[int]:
    """The next page of a sink's dead deliveries by id; of those that were delivered, too, if ``delivered``."""
    return _page("over_of_sink" if delivered else "dead_of_sink", sink_id, since, after, limit)


def of_run(run_id: int, *, delivered: bool, since: dt.datetime | None, after: int, limit: int) -> list[int]:
    """The same of a run."""
    return _page("over_of_run" if delivered else "dead_of_run", run_id, since, after, limit)


def _page(statement: str, of: int, since: dt.datetime | None, after: int, limit: int) -> list[int]:
    asked = {"of": of, "since": since, "after": after, "take": limit}
    return _ids(statement, asked)


def _ids(statement: str, asked: Mapping[str, Any]) -> list[int]:
    return [row[0] for row in _rows(statement, asked)]


def _rows(statement: str, asked: Mapping[str, Any]) -> Sequence[Any]:
    """Inside a caller's transaction join it; else on one of the engine's connections, whose plans are pinned."""
    if connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute(STATEMENTS.load(statement), asked)
            rows: Sequence[Any] = cursor.fetchall()
            return rows
    with hotpath.connection() as engine:
        return hotpath.execute(engine, statement, asked, of=STATEMENTS).fetchall()
