"""Schedules whose fire times have come up and that no beat has dealt with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from scheduler.models import Schedule


class Overdue(NamedTuple):
    """A schedule that owes a run, and since when."""

    schedule_id: int
    name: str
    job_id: int
    fire_at: dt.datetime
    run_at: dt.datetime


def overdue(*, workspace_id: int, since: dt.datetime, limit: int) -> Sequence[Overdue]:
    """The workspace's schedules that were to be acted upon then or before, the longest overdue first, in one query.

    Args:
        workspace_id: Whose.
        since: Aware UTC.
        limit: The most to return.
    """
    found = Schedule.objects.filter(workspace=workspace_id, next_run_at__lte=since).order_by("next_run_at", "pk")
    rows = found.values_list("pk", "name", "job_id", "next_fire_at", "next_run_at")[:limit]
    return [Overdue(*row) for row in rows]  # type: ignore[arg-type]  # both times are set, or neither
