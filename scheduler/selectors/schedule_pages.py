"""A workspace's schedules as an operator looks through them: what comes next first, what owes nothing behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from jobs.documents import JOB_TYPES
from jobs.errors import NotFoundError
from jobs.models import Job, Workspace
from jobs.selectors.ordering import Ordering, in_order
from scheduler.models import Schedule
from scheduler.selectors.schedules import BY_ID, ScheduleView, readable, schedule_views

PUNCTUAL = dt.timedelta(seconds=2)
"""What is due for less than this is not late: a beat looks once a second."""
BY_NEXT = Ordering(("next_run_at", "pk"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFilter:
    """Which schedules are meant; None for any.

    Args:
        search: A part of the job's key or of the schedule's name; both, with a space between them.
        job_key: Of this job.
        state: In this state.
        trigger: With a trigger of this type.
        late: Those that should have been dealt with, or those that should not.
    """

    search: str | None = None
    job_key: str | None = None
    state: str | None = None
    trigger: str | None = None
    late: bool | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which schedule a page begins. ``next_run_at``: None for one that owes nothing."""

    next_run_at: dt.datetime | None
    pk: int


def schedules_by_next(
    *, workspace: Workspace, wanted: ScheduleFilter, limit: int, now: dt.datetime, after: Place | None = None
) -> list[ScheduleView]:
    """A page of schedules with what is told beside them, in at most three queries.

    Those that owe something stand first, the next to run before the others; those that owe nothing follow by their ids.

    Args:
        workspace: Whose.
        wanted: Which.
        limit: The most to return.
        now: Aware UTC; what lateness is told by.
        after: The last one of the page before; None for the first page.
    """
    rows = _filtered(readable(Schedule.objects.filter(workspace=workspace)), wanted, now)
    found: list[Schedule] = []
    owing = after is None or after.next_run_at is not None
    if owing:
        place = None if after is None else (after.next_run_at, after.pk)
        found = list(in_order(rows.filter(next_run_at__isnull=False), BY_NEXT, after=place, limit=limit))
    if len(found) < limit:
        behind = None if owing or after is None else (after.pk,)
        resting = rows.filter(next_run_at__isnull=True)
        found += in_order(resting, BY_ID, after=behind, limit=limit - len(found))
    return schedule_views(schedules=found, now=now)


def schedule_at(*, workspace: Workspace, schedule_id: int) -> Schedule:
    """The schedule of that id with its job, in one query. Raises NotFoundError, also for another workspace's."""
    found = readable(Schedule.objects.filter(workspace=workspace, pk=schedule_id)).first()
    if found is None:
        raise NotFoundError(f"there is no schedule {schedule_id} in {workspace.slug}")
    return found


def job_keys(*, workspace: Workspace, limit: int) -> list[str]:
    """The keys of the first jobs of a workspace, in their order, in one query: what a form may offer."""
    rows = Job.objects.filter(workspace=workspace).order_by("type", "name").values_list("type", "name")[:limit]
    return [f"{job_type}:{name}" for job_type, name in rows]


def _filtered(rows: QuerySet[Schedule], wanted: ScheduleFilter, now: dt.datetime) -> QuerySet[Schedule]:
    if wanted.job_key is not None:
        job_type, _, name = wanted.job_key.partition(":")
        rows = rows.filter(job__type=job_type, job__name=name)
    if wanted.state is not None:
        rows = rows.filter(state=wanted.state)
    if wanted.trigger is not None:
        rows = rows.filter(document__contains={"triggers": [{"type": wanted.trigger}]})
    if wanted.late is not None:
        rows = rows.filter(_late(now)) if wanted.late else rows.exclude(_late(now))
    for word in _words(wanted.search):
        rows = rows.filter(word)
    return rows


def _late(now: dt.datetime) -> Q:
    return Q(next_run_at__isnull=False, next_run_at__lt=now - PUNCTUAL)


def _words(search: str | None) -> Sequence[Q]:
    return [_one(word) for word in (search or "").split()]


def _one(word: str) -> Q:
    job_type, colon, rest = word.partition(":")
    if colon and job_type in JOB_TYPES:
        return Q(job__type=job_type, job__name__icontains=rest)
    return Q(job__name__icontains=word) | Q(name__icontains=word)
