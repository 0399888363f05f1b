"""Runs that have ended as they should for a test, and the totals of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection
from django.forms.models import model_to_dict

from jobs.models import Job, RollCursor, Run, RunTotals
from tests.integration.run_rows import make_ended_run

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)


def end_run(
    job: Job,
    states: str = "s",
    *,
    at: dt.datetime = NOON,
    took: float = 1,
    waited: float = 0,
    late: float | None = None,
    **columns: Any,
) -> Run:
    """A run that ended then, having taken so many seconds after having waited so many; with ``late`` one that a schedule owed so
    many seconds before it began."""
    started_at = at - took * SECOND
    times = {"created_at": started_at - waited * SECOND, "started_at": started_at, "ended_at": at}
    owed = (
        {} if late is None else {"trigger": "schedule", "schedule_id": 1, "scheduled_for": started_at - late * SECOND}
    )
    return make_ended_run(job, states, **{**times, **owed, **columns})


def make_due() -> None:
    """Let the next sweep go on."""
    RollCursor.objects.update(due_at=NOON)


def rows(**which: Any) -> list[dict[str, Any]]:
    """The totals, all of them or some, in the order of their keys."""
    found = RunTotals.objects.filter(**which).order_by("workspace", "span", "job_key", "start")
    return [model_to_dict(row) | {"start": row.start} for row in found]


def counted(span: str = "day", job_key: str = "") -> int:
    """How many runs are in the totals."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(sum(succeeded + failed + cancelled), 0) FROM jobs_run_totals WHERE span = %s AND job_key = %s",
            [span, job_key],
        )
        return int(cursor.fetchone()[0])
