"""The schedules that fire by the clock, as a simulation looks at them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from jobs.errors import FieldError, ValidationError
from jobs.models import Workspace
from jobs.states import JobState
from scheduler.definition import Definition, compile_schedule
from scheduler.models import Schedule
from scheduler.states import Overlap

MOST_DAYS = 92
MOST_SCHEDULES = 3_000
"""More than that are represented by so many of them, drawn by their ids."""
RUNS_MEASURED = 100
_TIMING = ("triggers", "timezone", "start_date", "end_date", "exclusions", "dst")
"""The part of a document that says when. Schedules that say the same are counted once."""

_MEDIANS = """
    SELECT o.job_id, m.seconds FROM unnest(%(job_ids)s::bigint[]) AS o (job_id), LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY EXTRACT(epoch FROM r.ended_at - r.started_at)) AS seconds
        FROM (
            SELECT started_at, ended_at FROM jobs_run
            WHERE job_id = o.job_id AND state IN ('succeeded', 'failed') AND trigger <> 'replay'
            ORDER BY id DESC LIMIT %(runs)s
        ) AS r
    ) AS m
    WHERE m.seconds IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A schedule; ``weight``: how many it stands for."""

    name: str
    job_id: int
    definition: Definition
    overlap: str
    actions_left: int | None
    weight: float = 1.0
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is looked at."""

    now: dt.datetime
    start: dt.datetime
    hours: int


def span_of(*, now: dt.datetime, days: int) -> Span:
    """From the hour of an instant on, so many days. Raises ValidationError on ``days``."""
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise ValidationError([FieldError("days", f"expected a whole number from 1 to {MOST_DAYS}")])
    return Span(now, now.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0), 24 * days)


def firing_schedules(*, workspace: Workspace) -> QuerySet[Schedule]:
    """The schedules that owe something by the clock, and whose jobs may run."""
    return Schedule.objects.filter(workspace=workspace, next_run_at__isnull=False, job__state=JobState.ACTIVE)


def drawn_entries(*, firing: QuerySet[Schedule], total: int) -> Iterator[Entry]:
    """The schedules of a query; of more than `MOST_SCHEDULES` a part that stands for all of them. ``total``: how many they are."""
    share = -(-total // MOST_SCHEDULES)
    if share > 1:
        # By a hash, since ids that lie at equal distances may well be of one kind.
        firing = firing.extra(where=["(hashint8(scheduler_schedule.id) & 2147483647) %% %s = 0"], params=[share])
    rows = firing.only("name", "job_id", "document", "anchor_at", "actions_left")
    entries = [entry_of(row) for row in rows.iterator()]
    weight = total / len(entries) if entries else 1.0
    return (replace(entry, weight=weight) for entry in entries)


def entry_of(row: Schedule) -> Entry:
    """A schedule as its row says it."""
    definition = timing_of(row.document, row.anchor_at, str(row.pk))
    return Entry(row.name, row.job_id, definition, row.document.get("overlap", Overlap.SKIP), row.actions_left)


def timing_of(document: Mapping[str, Any], anchor: dt.datetime, key: str) -> Definition:
    """What a document says of times alone: schedules that fire at the same times share it."""
    timing = {name: document[name] for name in _TIMING if name in document}
    return compile_schedule(document=timing, anchor=anchor, key=key, default_zone=settings.JOBS_DEFAULT_TIMEZONE)


def median_seconds(*, job_ids: Iterable[int]) -> dict[int, float]:
    """The median time of each job's last `RUNS_MEASURED` runs that succeeded or failed, in one query; jobs without are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_MEDIANS, {"job_ids": list(job_ids), "runs": RUNS_MEASURED})
        return {job_id: float(seconds) for job_id, seconds in cursor.fetchall()}
