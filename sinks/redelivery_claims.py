"""Delivering again what is over: statements of sinks/sql."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from jobs import hotpath
from sinks.sql import STATEMENTS


def redeliver(*, workspace_id: int, delivery_ids: Sequence[int]) -> list[int]:
    """Let these be made again, those of them that are over and of this workspace, and that have a sink to go to: their ids."""
    asked = {"workspace_id": workspace_id, "ids": list(delivery_ids)}
    with hotpath.connection() as connection:
        return [row.id for row in hotpath.execute(connection, "redeliver", asked, of=STATEMENTS).fetchall()]


def dead_of_sink(*, sink_id: int, since: dt.datetime | None, after: int, limit: int) -> list[int]:
    """The next page of a sink's dead deliveries by id."""
    return _dead("dead_of_sink", sink_id, since, after, limit)


def dead_of_run(*, run_id: int, since: dt.datetime | None, after: int, limit: int) -> list[int]:
    """The next page of a run's dead deliveries by id."""
    return _dead("dead_of_run", run_id, since, after, limit)


def _dead(statement: str, of: int, since: dt.datetime | None, after: int, limit: int) -> list[int]:
    asked = {"of": of, "since": since, "after": after, "take": limit}
    with hotpath.connection() as connection:
        return [row.id for row in hotpath.execute(connection, statement, asked, of=STATEMENTS).fetchall()]
