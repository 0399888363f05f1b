"""Reading schedules with what they say in plain English, how late they are, and what was decided last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from jobs.errors import NotFoundError, ValidationError
from jobs.models import Workspace
from jobs.selectors.ordering import Ordering, given, in_order
from scheduler.definition import Definition, compile_schedule
from scheduler.models import Fire, Schedule
from scheduler.triggers.zones import zone_named

BY_ID = Ordering(("pk",))
UNREADABLE = "Cannot be read"
# The ORM would send each id by itself, and take longer to write them down than the database to answer.
_SOONEST = """
    SELECT job_id, min(next_run_at) FROM scheduler_schedule
    WHERE job_id = ANY (%s::bigint[]) AND next_run_at IS NOT NULL
    GROUP BY job_id
"""
"""What stands in place of the sentence of a schedule whose document is not valid any more."""


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule as readers see it. ``late`` is how long ago it should have been dealt with; None when nothing is overdue."""

    schedule: Schedule
    sentence: str
    zone: ZoneInfo
    late: dt.timedelta | None
    last_fire: Fire | None


def find_schedule(*, workspace: Workspace, job_key: str, name: str) -> Schedule:
    """The schedule of that name of that job, with its job, in one query. Raises NotFoundError, also for another workspace's."""
    job_type, _, job_name = job_key.partition(":")
    found = (
        readable(Schedule.objects.all())
        .filter(workspace=workspace, job__type=job_type, job__name=job_name, name=name)
        .first()
    )
    if found is None:
        raise NotFoundError(f"there is no schedule {name!r} of {job_key} in {workspace.slug}")
    return found


def list_schedules(
    *,
    workspace: Workspace,
    limit: int,
    now: dt.datetime,
    after: Sequence[Any] | None = None,
    job_key: str | None = None,
    state: str | None = None,
    due_before: dt.datetime | None = None,
    ordering: Ordering = BY_ID,
) -> list[ScheduleView]:
    """A page of schedules, in two queries.

    Args:
        workspace: Whose.
        limit: The most to return.
        now: Aware UTC; what lateness is told by.
        after: What the last schedule of the page before has in the ordering's columns; None for the first page.
        job_key: Only those of this job.
        state: Only those in this state.
        due_before: Only those whose next fire is acted upon before this.
        ordering: `BY_ID`, or by ``next_run_at`` and id, which leaves out those that owe nothing.
    """
    schedules = readable(Schedule.objects.all()).filter(workspace=workspace)
    if ordering.columns != BY_ID.columns:
        schedules = schedules.filter(next_run_at__isnull=False)
    if job_key is not None:
        job_type, _, job_name = job_key.partition(":")
        schedules = schedules.filter(job__type=job_type, job__name=job_name)
    if state is not None:
        schedules = schedules.filter(state=state)
    if due_before is not None:
        schedules = schedules.filter(next_run_at__lt=due_before)
    page = in_order(schedules, ordering, after=after, limit=limit)
    return schedule_views(schedules=list(page), now=now)


def schedule_view(*, schedule: Schedule, now: dt.datetime) -> ScheduleView:
    """A schedule with what is told beside it, in one query."""
    return schedule_views(schedules=[schedule], now=now)[0]


def schedule_views(*, schedules: Sequence[Schedule], now: dt.datetime) -> list[ScheduleView]:
    """The same for several, in their order, in one query."""
    last = last_fires(schedule_ids=[schedule.pk for schedule in schedules])
    return [_view(schedule, now, last.get(schedule.pk)) for schedule in schedules]


def last_fires(*, schedule_ids: Iterable[int]) -> dict[int, Fire]:
    """The decision on the latest fire time of each schedule that has one, by schedule id, in one query."""
    # One step into the unique index for each schedule, and not a look at every decision of theirs.
    latest = Fire.objects.filter(schedule=OuterRef("pk")).order_by("-fire_at", "-cause").values("pk")[:1]
    last = Schedule.objects.filter(pk__in=list(schedule_ids)).annotate(last_fire=Subquery(latest))
    return {fire.schedule_id: fire for fire in Fire.objects.filter(pk__in=last.values("last_fire"))}


def next_runs(job_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """When each job runs next by its schedules, as ``next_run_at`` by job id, in one query; those that owe nothing are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_SOONEST, [list(job_ids)])
        return {job_id: {"next_run_at": next_run_at} for job_id, next_run_at in cursor.fetchall()}


def list_fires(
    *,
    schedule: Schedule,
    limit: int,
    after: int | None = None,
    state: str | None = None,
    reason: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    latest_first: bool = True,
) -> list[Fire]:
    """A page of what was decided for a schedule, by fire time, in at most two queries.

    Args:
        schedule: Whose.
        limit: The most to return.
        after: The id of the last one of the page before; None for the first page.
        state: Only decisions of this state.
        reason: Only what was skipped for this reason.
        since: Only fire times from here on.
        until: Only fire times before this.
        latest_first: Whether from the latest fire time to the first.

    Raises:
        NotFoundError: There is no decision ``after``.
    """
    wanted = given({"state": state, "reason": reason, "fire_at__gte": since, "fire_at__lt": until})
    fires = Fire.objects.filter(schedule=schedule, **wanted)
    place = None if after is None else _place(schedule, after)
    return list(in_order(fires, Ordering(("fire_at", "cause"), latest_first), after=place, limit=limit))


def readable(schedules: QuerySet[Schedule]) -> QuerySet[Schedule]:
    """With their jobs, less what may be long in them: that is loaded when it is asked for."""
    heavy = ("payload", "configuration", "sinks", "schedules", "metadata")
    return schedules.select_related("job", "workspace", "principal").defer(*(f"job__{field}" for field in heavy))


def definition_of(schedule: Schedule) -> Definition:
    """What a schedule's row says. Raises ValidationError when its document is not valid any more."""
    return compile_schedule(
        document=schedule.document,
        anchor=schedule.anchor_at,
        key=str(schedule.pk),
        default_zone=settings.JOBS_DEFAULT_TIMEZONE,
    )


def zone_of(schedule: Schedule) -> ZoneInfo:
    """The zone that a schedule's times are told in; the default one where its document is not valid any more."""
    try:
        return definition_of(schedule).zone
    except ValidationError:
        return zone_named(settings.JOBS_DEFAULT_TIMEZONE)


def _view(schedule: Schedule, now: dt.datetime, last_fire: Fire | None) -> ScheduleView:
    try:
        definition = definition_of(schedule)
        sentence, zone = definition.describe(), definition.zone
    except ValidationError as error:
        sentence, zone = f"{UNREADABLE}: {error}", zone_named(settings.JOBS_DEFAULT_TIMEZONE)
    due = schedule.next_run_at
    return ScheduleView(schedule, sentence, zone, now - due if due is not None and due < now else None, last_fire)


def _place(schedule: Schedule, fire_id: int) -> tuple[dt.datetime, str]:
    """Where a decision stands on a page."""
    last = Fire.objects.filter(schedule=schedule, pk=fire_id).values_list("fire_at", "cause").first()
    if last is None:
        raise NotFoundError(f"schedule {schedule.name} has no decision {fire_id}")
    return last
