"""The statements of the rollups: jobs/sql/metrics. On Django's connections, for who writes the totals and who reads them alike."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from jobs import sql
from jobs.buckets import BOUNDS_MS
from jobs.durations import parse_ms

BEGINNING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""Where the cursor stands that has counted nothing."""


class Cursor(Protocol):
    """As much of a cursor as a statement needs."""

    def execute(self, query: str, params: Mapping[str, Any] | None = None, /) -> object:
        """Send a statement."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""


def grouped(
    cursor: Cursor,
    *,
    since: dt.datetime,
    until: dt.datetime,
    workspace_id: int | None = None,
    job_key: str = "",
) -> tuple[str, dict[str, Any]]:
    """The statement that counts runs by workspace, job and hour which ended within a stretch of time, with its parameters. Takes a
    query, for the service levels that occur there.

    Args:
        since, until: The first and the first no longer.
        workspace_id: Whose; None for all.
        job_key: Which job's; empty for all.
    """
    where = {"since": since, "until": until, "workspace_id": workspace_id, "job_key": job_key}
    cursor.execute(sql.METRICS.load("slas"), where)
    return sql.METRICS.load("grouped"), where | goals(row[0] for row in cursor.fetchall()) | {"bounds": list(BOUNDS_MS)}


def goals(slas: Iterable[str]) -> dict[str, list[Any]]:
    """The parameters of grouped.sql that say what service levels mean, in milliseconds."""
    read = {sla: json.loads(sla) for sla in slas}
    return {
        "slas": list(read),
        "duration_goals": [_ms(sla, "duration") for sla in read.values()],
        "lateness_goals": [_ms(sla, "lateness") for sla in read.values()],
    }


def _ms(sla: Mapping[str, Any], name: str) -> float | None:
    return None if sla.get(name) is None else parse_ms(sla[name])


def tail(cursor: Cursor, *, until: dt.datetime, limit: int) -> tuple[dt.datetime, dt.datetime]:
    """Where the totals end, and where that what ended since does: at ``until``, now, or after about ``limit`` runs."""
    cursor.execute(sql.METRICS.load("tail"), {"until": until, "limit": limit})
    rolled_until, counted_until = cursor.fetchone()
    return rolled_until, counted_until


def add(cursor: Cursor, *, since: dt.datetime, until: dt.datetime) -> None:
    """Add the runs that ended within a stretch of time to the totals. The caller holds the cursor row."""
    query, parameters = grouped(cursor, since=since, until=until)
    cursor.execute(f"WITH grouped AS MATERIALIZED ({query}) {sql.METRICS.load('add')}", parameters)


def settled_until(cursor: Cursor, *, margin: dt.timedelta) -> dt.datetime:
    """Before when all ends of runs are seen by the transaction's next statement; so much before now at the latest."""
    cursor.execute(sql.METRICS.load("settled_until"), {"margin": margin})
    settled: dt.datetime = cursor.fetchone()[0]
    return settled


def batch_end(cursor: Cursor, *, since: dt.datetime, until: dt.datetime, limit: int) -> dt.datetime:
    """Where a batch of about ``limit`` runs ends."""
    cursor.execute(sql.METRICS.load("batch_end"), {"since": since, "until": until, "limit": limit})
    end: dt.datetime = cursor.fetchone()[0]
    return end


def forget_hours(cursor: Cursor, *, before: dt.datetime, limit: int) -> None:
    """Delete a batch of the hours that began before."""
    cursor.execute(sql.METRICS.load("forget_hours"), {"before": before, "limit": limit})


def fill_outcome(cursor: Cursor, *, limit: int) -> None:
    """Say of runs that have ended how they did, where who closed them did not."""
    cursor.execute(sql.METRICS.load("fill_outcome"), {"limit": limit})
