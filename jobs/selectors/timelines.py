"""The runs that lay within a stretch of time: when each began and ended."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.db.models import QuerySet

from jobs.models import Run, Workspace

LONGEST = dt.timedelta(days=1)
"""A run that has ended is found if it was made no longer than this before the stretch."""


class TimelineRun(NamedTuple):
    """A run in time; ``ended_at`` is None while it goes on, ``started_at`` while it has not begun."""

    id: int
    job_key: str
    state: str
    created_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None


def runs_between(*, workspace: Workspace, start: dt.datetime, end: dt.datetime, limit: int) -> list[TimelineRun]:
    """The runs of a workspace that had begun before ``end`` and not ended before ``start``, in two queries.

    Args:
        workspace: Whose.
        start, end: Aware.
        limit: The most to return of those that have ended, and of those that have not: the newest of each.

    Returns:
        By when they were made, the first first.
    """
    runs = Run.objects.filter(workspace=workspace, created_at__lt=end)
    ended = runs.filter(ended_at__isnull=False, created_at__gte=start - LONGEST, ended_at__gte=start)
    # Where the index of what has not ended is entered; see Run.Meta.
    going = runs.filter(ended_at__isnull=True, id__gt=0)
    found = [*_read(ended.order_by("-created_at", "-id"), limit), *_read(going.order_by("-id"), limit)]
    return sorted(found, key=lambda each: (each.created_at, each.id))


def _read(runs: QuerySet[Run], limit: int) -> list[TimelineRun]:
    return [TimelineRun(*row) for row in runs.values_list(*TimelineRun._fields)[:limit]]
