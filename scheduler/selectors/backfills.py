"""Reading backfills: what one would run, how far one has come."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection

from jobs.errors import FieldError, NotFoundError, ValidationError
from jobs.models import Workspace
from jobs.selectors.ordering import NEWEST_FIRST, Ordering, given, in_order
from scheduler.backfilling import Standing, is_wanted
from scheduler.definition import Definition
from scheduler.models import Backfill, Schedule
from scheduler.selectors.schedules import definition_of
from scheduler.sql import STATEMENTS
from scheduler.states import ScheduleState, Which
from scheduler.triggers.times import SHIFT_FIRST, as_instant, read_end, read_moment

MOST_TIMES = 10_000
"""Fire times in the range of one backfill: more than a year of hours."""
_TICK = dt.datetime.resolution

_STATE = """
    CASE
        WHEN t.run_id IS NOT NULL THEN COALESCE(r.state, 'erased')
        WHEN t.state = 'cancelled' THEN 'not_started'
        ELSE t.state
    END
"""
_PROGRESS = """
    SELECT t.backfill_id, {state} AS state, count(*)
    FROM scheduler_backfill_time AS t LEFT JOIN jobs_run AS r ON r.id = t.run_id
    WHERE t.backfill_id = ANY (%(ids)s)
    GROUP BY 1, 2
""".replace("{state}", _STATE)
_TIMES = """
    SELECT t.fire_at, {state} AS state, r.id
    FROM scheduler_backfill_time AS t LEFT JOIN jobs_run AS r ON r.id = t.run_id
    WHERE t.backfill_id = %(backfill_id)s AND (%(after)s::timestamptz IS NULL OR t.fire_at > %(after)s::timestamptz)
    ORDER BY t.fire_at
    LIMIT %(limit)s
""".replace("{state}", _STATE)


@dataclass(frozen=True, slots=True)
class PlannedTime:
    """A fire time in the range of a backfill: how it stands, and whether it would be run."""

    standing: Standing
    wanted: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a backfill would do, fire time by fire time, in order.

    ``start`` and ``end`` are the first and the last instant of the range. ``excluded`` counts fire times in it that are left out
    because the schedule does not fire then; ``undecided`` those that the schedule itself will still decide on.
    """

    start: dt.datetime
    end: dt.datetime
    which: Which
    times: list[PlannedTime]
    excluded: int
    undecided: int

    @property
    def wanted(self) -> list[dt.datetime]:
        """The fire times that would be run."""
        return [each.standing.fire_at for each in self.times if each.wanted]


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of a backfill's fire times are where. ``running`` are those whose runs have not ended."""

    total: int = 0
    owed: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    erased: int = 0
    left_out: int = 0
    not_started: int = 0
    """Their backfill was cancelled before their turn came."""


@dataclass(frozen=True, slots=True)
class BackfillView:
    """A backfill as readers see it."""

    backfill: Backfill
    progress: Progress = field(default_factory=Progress)


class FilledTime(NamedTuple):
    """A fire time of a backfill and what became of it: the state of its run, ``erased``, ``owed``, ``left_out`` or ``not_started``.
    ``run_id``: None where there is no run, or none any more."""

    fire_at: dt.datetime
    state: str
    run_id: int | None


def plan_backfill(*, schedule: Schedule, start: object, end: object, which: object, now: dt.datetime) -> Plan:
    """Find out what a backfill would run, in one query. Reads only.

    Args:
        schedule: Whose; its fire times are those of its document as it is now.
        start: The first moment of the range: an instant, or a wall time of the schedule's zone, as text or as a datetime.
        end: The last moment; a date alone means the end of that day.
        which: One of `Which`.
        now: Aware UTC: nothing that is to come is run.

    Raises:
        ValidationError: A moment is malformed, the range is empty or holds more than `MOST_TIMES` fire times, ``which`` is not
            known, or the schedule has no fire times of its own.
    """
    definition = definition_of(schedule)
    if not definition.union.triggers:
        raise ValidationError(
            [FieldError("schedule", f"{schedule.name} has no fire times: it waits for other jobs only")]
        )
    chosen = _which(which)
    first, last = _range(definition, start, end)
    known_until = _decided_until(schedule, now)
    due, excluded, undecided = _times(definition, first, last, known_until)
    standings = _standings(schedule, due)
    times = [PlannedTime(standing, is_wanted(which=chosen, standing=standing)) for standing in standings]
    return Plan(first, last, chosen, times, excluded, undecided)


def find_backfill(*, workspace: Workspace, backfill_id: int) -> Backfill:
    """The backfill with its schedule and job. Raises NotFoundError, also for another workspace's."""
    found = Backfill.objects.select_related("schedule__job").filter(workspace=workspace, pk=backfill_id).first()
    if found is None:
        raise NotFoundError(f"there is no backfill {backfill_id} in {workspace.slug}")
    return found


def list_backfills(
    *,
    workspace: Workspace,
    limit: int,
    after: int | None = None,
    schedule: Schedule | None = None,
    state: str | None = None,
    ordering: Ordering = NEWEST_FIRST,
) -> list[BackfillView]:
    """A page of backfills in two queries.

    Args:
        workspace: Whose.
        limit: The most to return.
        after: The id of the last backfill of the page before; None for the first page.
        schedule: Only those of this schedule.
        state: Only those in this state.
        ordering: By id.
    """
    wanted = given({"schedule": schedule, "state": state})
    backfills = Backfill.objects.select_related("schedule__job").filter(workspace=workspace, **wanted)
    page = in_order(backfills, ordering, after=None if after is None else (after,), limit=limit)
    return backfill_views(backfills=page)


def backfill_view(*, backfill: Backfill) -> BackfillView:
    """A backfill with its progress, in one query."""
    return backfill_views(backfills=[backfill])[0]


def backfill_views(*, backfills: Iterable[Backfill]) -> list[BackfillView]:
    """The same for several, in their order."""
    present = list(backfills)
    counts: dict[int, dict[str, int]] = {backfill.pk: {} for backfill in present}
    with connection.cursor() as cursor:
        cursor.execute(_PROGRESS, {"ids": list(counts)})
        for backfill_id, state, count in cursor.fetchall():
            counts[backfill_id][state] = count
    return [BackfillView(backfill, _progress(counts[backfill.pk])) for backfill in present]


def list_times(*, backfill: Backfill, limit: int, after: dt.datetime | None = None) -> list[FilledTime]:
    """A page of a backfill's fire times in their order, in one query; ``after`` is the last one of the page before."""
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, {"backfill_id": backfill.pk, "after": after, "limit": limit})
        return [FilledTime(*row) for row in cursor.fetchall()]


def _progress(counts: dict[str, int]) -> Progress:
    total = sum(counts.values())
    names = ("owed", "succeeded", "failed", "cancelled", "erased", "left_out", "not_started")
    known = {name: counts.get(name, 0) for name in names}
    return Progress(total=total, running=total - sum(known.values()), **known)


def _which(which: object) -> Which:
    try:
        return Which(str(which))
    except ValueError as error:
        raise ValidationError([FieldError("which", f"expected one of {', '.join(Which)}")]) from error


def _range(definition: Definition, start: object, end: object) -> tuple[dt.datetime, dt.datetime]:
    first = as_instant(read_moment(start, field="start"), zone=definition.zone, rule=SHIFT_FIRST)
    last = read_end(end, field="end", zone=definition.zone)
    assert first is not None  # the rule shifts
    if last < first:
        raise ValidationError([FieldError("end", "expected a time that is not before the start")])
    return first, last


def _decided_until(schedule: Schedule, now: dt.datetime) -> dt.datetime:
    """Up to here the schedule itself never decides again. One that owes nothing goes on from later than now, whatever happens."""
    if schedule.state == ScheduleState.ACTIVE and schedule.next_run_at is not None:
        return min(now, schedule.decided_until)
    return now


def _times(
    definition: Definition, first: dt.datetime, last: dt.datetime, known_until: dt.datetime
) -> tuple[list[dt.datetime], int, int]:
    """(the fire times that may be run, how many are excluded, how many the schedule has not decided yet)."""
    until = min(last, known_until)
    occurrences = definition.union.occurrences(first - _TICK)
    found = list(itertools.islice(itertools.takewhile(lambda each: each.instant <= last, occurrences), MOST_TIMES + 1))
    if len(found) > MOST_TIMES:
        raise ValidationError(
            [FieldError("end", f"the range has more than {MOST_TIMES:,} fire times: split it into shorter ones")]
        )
    past = [each for each in found if each.instant <= until]
    due = [each.instant for each in past if each.excluded is None]
    return due, len(past) - len(due), len(found) - len(past)


def _standings(schedule: Schedule, fire_at: Sequence[dt.datetime]) -> list[Standing]:
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS.load("standings"), {"schedule_id": schedule.pk, "fire_at": list(fire_at)})
        return [Standing(*row) for row in cursor.fetchall()]
