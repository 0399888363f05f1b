"""Why a schedule did or did not run at a time: what the database knows of it, and the answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from jobs.errors import ValidationError
from scheduler.asked_time import AskedTime, read_asked_time
from scheduler.definition import Definition
from scheduler.explaining import Verdict, answer, sentence
from scheduler.models import Fire, Schedule
from scheduler.neighbours import first_from, last_before
from scheduler.phrases import clock_words, day_words, moment_words
from scheduler.selectors.facts import facts_of
from scheduler.selectors.schedules import definition_of
from scheduler.triggers.union import Union
from scheduler.triggers.wall_clock import Transition

_TICK = dt.datetime.resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer to: why did it, or did it not, run then?

    Args:
        verdict: In a word.
        sentence: In plain English, for a person.
        fire_at: The fire time that the answer is about; None when there is none.
        reason: Why it was skipped, one of `scheduler.states.Reason`; empty when it was not.
        run_id: The run that was started for it; None for none.
        before: The fire time before the one that was asked about, when that is none.
        after: The one after it.
    """

    verdict: Verdict
    sentence: str
    fire_at: dt.datetime | None = None
    reason: str = ""
    run_id: int | None = None
    before: dt.datetime | None = None
    after: dt.datetime | None = None


def explain(*, schedule: Schedule, at: object, now: dt.datetime) -> Explanation:
    """Tell why a schedule did or did not run at a time, in a handful of queries.

    What was decided is told by what is kept of it; what was not, by the schedule as it is now, its events, and the clock.

    Args:
        schedule: With its job.
        at: An instant, or a wall time of the schedule's zone; see `read_asked_time`.
        now: Aware UTC.

    Raises:
        ValidationError: On ``at``.
    """
    try:
        definition = definition_of(schedule)
    except ValidationError as error:
        read_asked_time(at, zone=ZoneInfo("UTC"), now=now)  # only whether it is a time
        return Explanation(verdict=Verdict.BROKEN, sentence=f"Schedule {schedule.name} cannot be read: {error}.")
    asked = read_asked_time(at, zone=definition.zone, now=now)
    if asked.gap is not None:
        return _in_gap(schedule, definition, asked, asked.gap, now)
    times = [
        found for found in (_fire_time(schedule, definition, each, asked.precision) for each in asked.instants) if found
    ]
    if not times:
        return _no_such_time(schedule, definition, asked.instants[0], now)
    return _joined([_about(schedule, definition, fire_at, now) for fire_at in times])


def _joined(explanations: Sequence[Explanation]) -> Explanation:
    """Of a time that comes twice, both passes in one answer."""
    return replace(explanations[0], sentence=" ".join(each.sentence for each in explanations))


def _fire_time(
    schedule: Schedule, definition: Definition, asked: dt.datetime, precision: dt.timedelta
) -> dt.datetime | None:
    """The fire time that is meant: the very instant, if it is or was one, or the first within what was named."""
    rows = Fire.objects.filter(schedule=schedule, fire_at__gte=asked, fire_at__lt=asked + precision)
    decided = rows.order_by("fire_at").values_list("fire_at", flat=True).first()
    due = first_from(definition, asked)
    owed = due.instant if due is not None and due.instant < asked + precision else None
    if asked in (decided, owed):
        return asked
    return decided or owed


def _about(schedule: Schedule, definition: Definition, fire_at: dt.datetime, now: dt.datetime) -> Explanation:
    facts = facts_of(schedule=schedule, definition=definition, fire_at=fire_at, now=now)
    found = answer(facts)
    return Explanation(
        verdict=found.verdict,
        sentence=sentence(fire_at=fire_at, definition=definition, words=found.words),
        fire_at=fire_at,
        reason=found.reason,
        run_id=found.run_id,
    )


def _in_gap(
    schedule: Schedule, definition: Definition, asked: AskedTime, gap: Transition, now: dt.datetime
) -> Explanation:
    """The time never came. What the schedule did at the end of the gap, or shifted by it, is told in its place."""
    assert asked.wall is not None  # instants are in no gap
    zone = definition.zone
    skipped = (
        f"{asked.wall:%H:%M} on {day_words(asked.wall.date())} does not exist in {zone}: the clocks go forward from"
    )
    until = gap.instant + (gap.after - gap.before)
    words = f"{skipped} {(gap.instant + gap.before):%H:%M} to {clock_words(gap.instant, zone)}."
    found = _fire_time(schedule, definition, gap.instant, until - gap.instant)
    if found is None:
        instead = _no_such_time(schedule, definition, gap.instant, now)
        return replace(instead, verdict=Verdict.GAP, sentence=f"{words}{_around(definition, instead)}")
    instead = _about(schedule, definition, found, now)
    return replace(instead, verdict=Verdict.GAP, sentence=f"{words} The next fire time is {instead.sentence}")


def _no_such_time(schedule: Schedule, definition: Definition, asked: dt.datetime, now: dt.datetime) -> Explanation:
    before, after = _neighbours(schedule, definition, asked)
    found = Explanation(verdict=Verdict.NO_SUCH_TIME, sentence="", before=before, after=after)
    words = _why_none(schedule, definition, asked)
    return replace(
        found,
        sentence=f"{moment_words(asked, definition.zone)} ({definition.zone}): {words}.{_around(definition, found)}",
    )


def _around(definition: Definition, found: Explanation) -> str:
    """The fire times before and after one that is none."""
    words = [
        f"the one {word} is {moment_words(instant, definition.zone)}"
        for word, instant in (("before", found.before), ("after", found.after))
        if instant is not None
    ]
    return f" Of its fire times, {' and '.join(words)}." if words else " It has no fire times around it."


def _why_none(schedule: Schedule, definition: Definition, asked: dt.datetime) -> str:
    """Whether it would be a fire time, but for the schedule's bounds or a trigger that is not enabled."""
    union = definition.union
    if _has(replace(union, start=None, end=None), asked):
        if union.start is not None and asked < union.start:
            return f"it lies before the schedule's start, {moment_words(union.start, definition.zone)}"
        if union.end is not None and asked > union.end:
            return f"it lies after the schedule's end, {moment_words(union.end, definition.zone)}"
    if (disabled := _disabled_trigger(schedule, definition, asked)) is not None:
        return disabled
    if not union.triggers:
        return f"the schedule has no times of its own: {definition.describe()}"
    return f"it is no fire time of the schedule, which runs: {definition.describe()}"


def _disabled_trigger(schedule: Schedule, definition: Definition, asked: dt.datetime) -> str | None:
    document = definition.document.to_dict()
    for at, trigger in enumerate(document["triggers"], 1):
        if trigger["enabled"]:
            continue
        schedule_of_it = document | {"triggers": [trigger | {"enabled": True}]}
        alone = definition_of(Schedule(pk=schedule.pk, document=schedule_of_it, anchor_at=schedule.anchor_at))
        if _has(alone.union, asked):
            return f"trigger {at} of the schedule ({alone.describe()}) is not enabled"
    return None


def _has(union: Union, instant: dt.datetime) -> bool:
    """Whether an instant is a fire time."""
    found = next(union.occurrences(instant - _TICK), None)
    return found is not None and found.instant == instant


def _neighbours(
    schedule: Schedule, definition: Definition, asked: dt.datetime
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Of what was decided and what the schedule says now, the nearest on either side."""
    fires = Fire.objects.filter(schedule=schedule).values_list("fire_at", flat=True)
    earlier = list(fires.filter(fire_at__lt=asked).order_by("-fire_at")[:1])
    later = list(fires.filter(fire_at__gt=asked).order_by("fire_at")[:1])
    if (said := last_before(definition, asked, not_before=min(schedule.anchor_at, asked))) is not None:
        earlier.append(said.instant)
    if (said := first_from(definition, max(asked, schedule.anchor_at) + _TICK)) is not None:
        later.append(said.instant)
    return max(earlier, default=None), min(later, default=None)
