"""What a schedule will do next, saved or not."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from jobs.errors import FieldError, ValidationError
from scheduler.clock_changes import ClockWarning, Compile, clock_warnings
from scheduler.definition import Definition, Due, compile_schedule, refuse_impossible
from scheduler.models import Schedule
from scheduler.selectors.schedules import definition_of
from scheduler.states import ScheduleState

DEFAULT_COUNT = 10
MOST = 1000
UNSAVED = "unsaved"
"""What stands for the id that jitter and seeds hang on, of a schedule that has none yet: its random times will be others."""


@dataclass(frozen=True, slots=True)
class UpcomingFire:
    """A fire time to come.

    Args:
        fire_at: Aware UTC: what it is called.
        wall: The same on the clock of the schedule's zone.
        run_at: When it is acted upon: later by the jitter.
        skipped: Why it will be skipped, as far as that is known now; empty when it will fire.
    """

    fire_at: dt.datetime
    wall: dt.datetime
    run_at: dt.datetime
    skipped: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a schedule will do.

    Args:
        sentence: In plain English.
        timezone: The IANA name of its zone.
        times: The next fire times in order, also those that are excluded; fewer than were asked for when there are no more.
        next_fire: The first that is not excluded, which may lie behind all of them. None when there is none.
        owes: Whether it fires at all as it stands: it is enabled, and neither paused nor ended.
        warnings: What the changes of the clocks do to it within a year, in order.
        remarks: What else a person should know, in sentences without a full stop.
    """

    sentence: str
    timezone: str
    times: list[UpcomingFire]
    next_fire: dt.datetime | None
    owes: bool
    warnings: list[ClockWarning]
    remarks: list[str]


def preview(*, schedule: Schedule, now: dt.datetime, count: int = DEFAULT_COUNT) -> Preview:
    """What a schedule will do after an instant, as it stands. Reads nothing but its row.

    Args:
        schedule: Which.
        now: Aware UTC.
        count: How many fire times, 1 to `MOST`.

    Raises:
        ValidationError: On ``count``; or the schedule's document is not valid (any more).
    """
    definition = definition_of(schedule)
    owes = definition.document.enabled and schedule.state == ScheduleState.ACTIVE
    found = _preview(
        definition,
        _compiler(schedule.anchor_at, str(schedule.pk)),
        after=max(now, schedule.decided_until) if owes else now,
        count=count,
        key=str(schedule.pk),
        asked={dt.datetime.fromisoformat(skip) for skip in schedule.skips},
    )
    return replace(found, owes=owes, remarks=[*_standing(schedule, definition), *found.remarks])


def preview_document(*, document: Mapping[str, Any], now: dt.datetime, count: int = DEFAULT_COUNT) -> Preview:
    """The same for a schedule that is not saved: as if it were saved now.

    Raises:
        ValidationError: With the dotted path of each field that is wrong; or on ``count``.
    """
    compile_one = _compiler(now, UNSAVED)
    definition = compile_one(document)
    refuse_impossible(definition)
    enabled = definition.document.enabled
    found = _preview(definition, compile_one, after=now, count=count, key=UNSAVED)
    return replace(found, owes=enabled, remarks=[*([] if enabled else ["it is not enabled"]), *found.remarks])


def _preview(
    definition: Definition,
    compile_one: Compile,
    *,
    after: dt.datetime,
    count: int,
    key: str,
    asked: Collection[dt.datetime] = (),
) -> Preview:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
        raise ValidationError([FieldError("count", f"expected a whole number from 1 to {MOST:,}")])
    dues = list(itertools.islice(definition.times(after=after, key=key), count))
    search = definition.union.search(after)
    remarks = []
    if search.given_up_at is not None:
        remarks.append(f"all of its fire times up to {search.given_up_at:%Y-%m-%d} are excluded: {search.reason}")
    elif search.instant is None and definition.union.triggers:
        remarks.append("none of its fire times lies ahead")
    return Preview(
        sentence=definition.describe(),
        timezone=str(definition.zone),
        times=[_upcoming(due, definition, asked) for due in dues],
        next_fire=search.instant,
        owes=True,
        warnings=clock_warnings(definition=definition, compile_one=compile_one, start=after),
        remarks=remarks,
    )


def _upcoming(due: Due, definition: Definition, asked: Collection[dt.datetime]) -> UpcomingFire:
    skipped = due.excluded or ("somebody asked to skip it" if due.fire_at in asked else "")
    return UpcomingFire(due.fire_at, due.fire_at.astimezone(definition.zone), due.run_at, skipped)


def _standing(schedule: Schedule, definition: Definition) -> list[str]:
    remarks = []
    if not definition.document.enabled:
        remarks.append("it is not enabled")
    if schedule.state != ScheduleState.ACTIVE:
        remarks.append(f"it is {schedule.state}")
    if schedule.actions_left is not None:
        remarks.append(f"{schedule.actions_left:,} of its actions are left")
    return remarks


def _compiler(anchor: dt.datetime, key: str) -> Compile:
    def compile_one(document: Mapping[str, Any]) -> Definition:
        return compile_schedule(document=document, anchor=anchor, key=key, default_zone=settings.JOBS_DEFAULT_TIMEZONE)

    return compile_one
