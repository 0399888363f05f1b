"""What a workspace's schedules did and will do within a stretch of time, counted by day or by hour of a reader's clock."""

from __future__ import annotations

import datetime as dt
import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from jobs.errors import ValidationError
from jobs.models import Workspace
from jobs.states import JobState
from scheduler.load import count_by_hour
from scheduler.models import Schedule
from scheduler.selectors.schedules import definition_of, readable
from scheduler.states import ScheduleState

MOST_SCHEDULES = 200
"""Of one calendar: those that run next come first."""
FIRE_TIMES = 10_000
"""About so many fire times to come are looked for in all, and so many decisions read: at some 10 us each."""
LEAST_EACH = 60
_HOUR = dt.timedelta(hours=1)
_TICK = dt.datetime.resolution

_DECIDED = """
    SELECT o.schedule_id, f.bucket, f.state, count(*), min(f.fire_at)
    FROM unnest(%(ids)s::bigint[]) AS o (schedule_id), LATERAL (
        SELECT state, fire_at, width_bucket(fire_at, %(edges)s::timestamptz[]) AS bucket FROM scheduler_fire
        WHERE schedule_id = o.schedule_id AND fire_at >= %(start)s::timestamptz AND fire_at < %(end)s::timestamptz
        ORDER BY fire_at DESC LIMIT %(most)s
    ) AS f
    GROUP BY 1, 2, 3
"""


@dataclass(slots=True)
class Count:
    """What one schedule does within one stretch.

    Args:
        schedule: Whose.
        first: The first of the fire times; None where only their number is known.
        fired, skipped, pending: How many were decided so.
        coming: How many are still to come.
    """

    schedule: Schedule
    first: dt.datetime | None = None
    fired: int = 0
    skipped: int = 0
    pending: int = 0
    coming: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.fired + self.skipped + self.pending + self.coming

    def note(self, first: dt.datetime) -> None:
        """Keep the earliest."""
        self.first = first if self.first is None else min(self.first, first)


@dataclass(frozen=True, slots=True)
class Calendar:
    """By stretch, in its order, what the schedules do in it, the earliest first.

    ``left_out``: how many schedules of the workspace are not in it. ``estimated``: the names of those whose fire times were not
    counted one by one.
    """

    stretches: Sequence[Sequence[Count]]
    left_out: int
    estimated: Sequence[str]


@dataclass(slots=True)
class _Counting:
    edges: Sequence[dt.datetime]
    counts: list[dict[int, Count]] = field(init=False)
    estimated: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = [{} for _ in self.edges[1:]]

    def of(self, place: int, schedule: Schedule) -> Count:
        return self.counts[place].setdefault(schedule.pk, Count(schedule))


def calendar(
    *, workspace: Workspace, edges: Sequence[dt.datetime], now: dt.datetime, job_key: str | None = None
) -> Calendar:
    """Count what was decided and what is to come between the edges of stretches, in three queries.

    Args:
        workspace: Whose.
        edges: Aware, in order, at least two: each stretch goes from one to the next, which it leaves out.
        now: Aware UTC; what is to come begins here.
        job_key: Only the schedules of this job.
    """
    rows = readable(Schedule.objects.filter(workspace=workspace))
    if job_key is not None:
        job_type, _, name = job_key.partition(":")
        rows = rows.filter(job__type=job_type, job__name=name)
    schedules = list(rows.order_by("next_run_at", "pk")[:MOST_SCHEDULES])
    total = len(schedules) if len(schedules) < MOST_SCHEDULES else rows.count()
    most = max(LEAST_EACH, FIRE_TIMES // max(1, len(schedules)))
    counting = _Counting(edges)
    _count_decided(counting, schedules, most)
    for schedule in schedules:
        _count_coming(counting, schedule, now, most)
    stretches = [sorted(each.values(), key=_order) for each in counting.counts]
    return Calendar(stretches, total - len(schedules), counting.estimated)


def _count_decided(counting: _Counting, schedules: Sequence[Schedule], most: int) -> None:
    by_id = {schedule.pk: schedule for schedule in schedules}
    edges = list(counting.edges)
    asked: dict[str, Any] = {"ids": list(by_id), "edges": edges, "start": edges[0], "end": edges[-1], "most": most}
    read: dict[int, int] = defaultdict(int)
    with connection.cursor() as cursor:
        cursor.execute(_DECIDED, asked)
        for schedule_id, bucket, state, count, first in cursor.fetchall():
            found = counting.of(bucket - 1, by_id[schedule_id])
            name = state if state in ("fired", "skipped") else "pending"
            setattr(found, name, getattr(found, name) + count)
            found.note(first)
            read[schedule_id] += count
    counting.estimated += [str(by_id[pk]) for pk, count in read.items() if count >= most]


def _count_coming(counting: _Counting, schedule: Schedule, now: dt.datetime, most: int) -> None:
    """Its fire times to come, less what is excluded; when there are too many, the rest by how many an hour has."""
    start, end = max(now, schedule.decided_until, counting.edges[0] - _TICK), counting.edges[-1]
    if start >= end or schedule.next_run_at is None or schedule.job.state != JobState.ACTIVE:
        return
    if schedule.state != ScheduleState.ACTIVE:
        return
    try:
        definition = definition_of(schedule)
    except ValidationError:
        return
    most = most if schedule.actions_left is None else min(most, schedule.actions_left)
    found = itertools.takewhile(lambda each: each.instant < end, definition.union.occurrences(start))
    seen, last = 0, start
    for each in itertools.islice((each for each in found if each.excluded is None), most):
        count = counting.of(_place(counting.edges, each.instant), schedule)
        count.coming += 1
        count.note(each.instant)
        seen, last = seen + 1, each.instant
    if seen == most and seen != schedule.actions_left:
        counting.estimated.append(str(schedule))
        _estimate(counting, schedule, last, end, most)


def _estimate(counting: _Counting, schedule: Schedule, after: dt.datetime, end: dt.datetime, most: int) -> None:
    start = after.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0) + _HOUR
    hours = -(-(end - start) // _HOUR)
    if hours < 1:
        return
    by_hour = count_by_hour(definition_of(schedule), start=start, hours=hours, most=most)
    for hour, number in by_hour.counts.items():
        at = start + hour * _HOUR
        if at < end:
            counting.of(_place(counting.edges, at), schedule).coming += number


def _place(edges: Sequence[dt.datetime], instant: dt.datetime) -> int:
    return bisect_right(edges, instant) - 1


def _order(count: Count) -> tuple[dt.datetime, str]:
    latest = dt.datetime.max.replace(tzinfo=dt.UTC)
    return (count.first or latest, count.schedule.job.name)
