"""What schedules are about to do, and what they have missed: for a first look at a workspace. See also `overdue`."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from jobs.models import Workspace
from scheduler.models import Fire, Schedule
from scheduler.states import MISSED, FireState


class NextDue(NamedTuple):
    """A schedule, and when it is to be acted upon next; ``fire_at`` is before that by the jitter."""

    schedule_id: int
    name: str
    job_key: str
    fire_at: dt.datetime
    run_at: dt.datetime


class Missed(NamedTuple):
    """A fire time for which no run was started though nobody meant to leave it out."""

    schedule_id: int
    name: str
    job_key: str
    fire_at: dt.datetime
    reason: str
    detail: str
    decided_at: dt.datetime


def next_due(*, workspace: Workspace, now: dt.datetime, limit: int) -> list[NextDue]:
    """The schedules that are to be acted upon after now, the next first, in one query."""
    found = Schedule.objects.filter(workspace=workspace, next_run_at__gt=now).order_by("next_run_at", "pk")
    rows = found.values_list("pk", "name", "job__type", "job__name", "next_fire_at", "next_run_at")[:limit]
    return [
        NextDue(pk, name, f"{job_type}:{job_name}", fire_at, run_at)
        for pk, name, job_type, job_name, fire_at, run_at in rows
        if fire_at is not None and run_at is not None  # both are set, or neither
    ]


def missed(*, workspace: Workspace, since: dt.datetime, limit: int) -> list[Missed]:
    """What was missed since then, the newest decision first, in one query.

    Args:
        since: Aware: decided then or later.
        limit: The most to return.
    """
    given_up = Fire.objects.filter(state=FireState.SKIPPED, reason__in=MISSED, decided_at__gte=since)
    found = given_up.filter(schedule__workspace=workspace).order_by("-decided_at", "-pk")
    rows = found.values_list(
        "schedule",
        "schedule__name",
        "schedule__job__type",
        "schedule__job__name",
        "fire_at",
        "reason",
        "detail",
        "decided_at",
    )[:limit]
    return [
        Missed(pk, name, f"{job_type}:{job_name}", fire_at, reason, detail, decided_at)
        for pk, name, job_type, job_name, fire_at, reason, detail, decided_at in rows
    ]
