"""From a schedule's document to what can be asked: when next, and under which policies."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from jobs.durations import parse_ms
from jobs.errors import FieldError, ValidationError
from scheduler.documents import (
    CalendarTrigger,
    CronTrigger,
    EveryTrigger,
    FrequencyTrigger,
    IntervalTrigger,
    IsoTrigger,
    JobTrigger,
    OnceTrigger,
    RandomTrigger,
    ScheduleDocument,
    parse_schedule,
)
from scheduler.triggers.base import Trigger
from scheduler.triggers.calendar import CalendarSpec
from scheduler.triggers.every import Every
from scheduler.triggers.exclusions import Exclusions
from scheduler.triggers.frequency import Frequency
from scheduler.triggers.interval import Interval
from scheduler.triggers.iso8601 import IsoRepeating
from scheduler.triggers.jitter import jittered
from scheduler.triggers.once import Once
from scheduler.triggers.quartz import FIRING_RULE, QuartzCron
from scheduler.triggers.random_window import RandomWindow
from scheduler.triggers.times import as_instant, read_end, read_moment
from scheduler.triggers.union import Occurrence, Union
from scheduler.triggers.unix_cron import UnixCron
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap
from scheduler.triggers.zones import zone_named

_KEPT = 5_000
"""Compiled definitions kept by a process: about 3 kB each."""


@dataclass(frozen=True, slots=True)
class Due:
    """One fire time: what it is called (``fire_at``), when it is acted upon, and why it is left out, if it is."""

    fire_at: dt.datetime
    run_at: dt.datetime
    excluded: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A schedule that can be asked. Equal documents share one, so that it is the same only as itself."""

    document: ScheduleDocument
    zone: ZoneInfo
    union: Union
    jitter: dt.timedelta
    grace: dt.timedelta
    window: dt.timedelta

    def times(self, *, after: dt.datetime, key: str) -> Iterator[Due]:
        """The fire times strictly after an aware instant, in order, also those that are excluded. Lazy; it may never end.

        Args:
            key: What makes this schedule's jitter its own, such as its id.
        """
        if not self.jitter:
            for each in self.union.occurrences(after):
                yield Due(each.instant, each.instant, each.excluded)
            return
        for each, following in _with_following(self.union.occurrences(after)):
            run_at = jittered(nominal=each.instant, following=following, jitter=self.jitter, key=key)
            yield Due(each.instant, run_at, each.excluded)

    def describe(self) -> str:
        """In plain English: all enabled triggers, and the clock they are read on."""
        waits = [job_words(trigger) for _, trigger in self.document.job_triggers]
        clock = [self.union.describe()] if self.union.triggers else []
        return "; ".join([*clock, *waits]) or "Never"


def compile_schedule(*, document: Mapping[str, Any], anchor: dt.datetime, key: str, default_zone: str) -> Definition:
    """Make a schedule of its document.

    Args:
        document: As a person wrote it or as `ScheduleDocument.to_dict` gives it.
        anchor: Aware UTC; where triggers begin that name no start.
        key: The seed of random triggers that name none.
        default_zone: The zone of a schedule that names none.

    Raises:
        ValidationError: With the dotted path of each field that is wrong.
    """
    return compile_text(text=json.dumps(document, sort_keys=True), anchor=anchor, key=key, default_zone=default_zone)


def refuse_impossible(definition: Definition) -> None:
    """Refuse triggers that no day of any year can satisfy, such as the 30th of February: whoever saves one meant another.

    Not a part of reading a schedule: one that was saved stays readable whatever is refused today.

    Raises:
        ValidationError: With the dotted path of each such trigger.
    """
    timed = [
        (at, trigger)
        for at, trigger in enumerate(definition.document.triggers)
        if trigger.enabled and not isinstance(trigger, JobTrigger)
    ]
    errors = [
        FieldError(f"triggers.{at}{_SEARCHED[type(trigger)]}", IMPOSSIBLE)
        for (at, trigger), made in zip(timed, definition.union.triggers, strict=True)
        if type(trigger) in _SEARCHED and made.next_after(_BEFORE_ALL) is None
    ]
    if errors:
        raise ValidationError(errors)


IMPOSSIBLE = "it never fires: there is no such date, or no such time on it; expected one that there is"
_BEFORE_ALL = dt.datetime(1969, 12, 30, tzinfo=dt.UTC)
_SEARCHED: Mapping[type, str] = {CronTrigger: ".expression", CalendarTrigger: ""}
"""Those that can say what there is never, and the field that says it."""


def compile_text(*, text: str, anchor: dt.datetime, key: str, default_zone: str) -> Definition:
    """The same of a document that is JSON: one that was read before is not read again."""
    anchored = _is_anchored(text)
    return _compiled(text, anchor if anchored else None, key if anchored else "", default_zone)


@lru_cache(maxsize=_KEPT)
def _is_anchored(text: str) -> bool:
    """Most triggers do not care where they are anchored: so that equal documents share one definition, only those get it."""
    document = json.loads(text)
    triggers = document.get("triggers") if isinstance(document, dict) else None
    return isinstance(triggers, list) and any(
        isinstance(trigger, dict) and trigger.get("type") in ("interval", "random") for trigger in triggers
    )


@lru_cache(maxsize=_KEPT)
def first_after(definition: Definition, after: dt.datetime) -> Due | None:
    """The first fire time after an instant, of a definition without jitter: kept, for those who share a definition ask the same."""
    return next(definition.times(after=after, key=""), None)


@lru_cache(maxsize=_KEPT)
def _compiled(text: str, anchor: dt.datetime | None, key: str, default_zone: str) -> Definition:
    document = parse_schedule(json.loads(text))
    zone = zone_named(document.timezone or default_zone)
    rule = DstRule(Gap(document.dst.gap), Overlap(document.dst.overlap)) if document.dst else None
    place = _Place(zone, rule, anchor or dt.datetime(1970, 1, 1, tzinfo=dt.UTC), key)
    errors: list[FieldError] = []
    triggers = [
        made
        for at, trigger in enumerate(document.triggers)
        if (made := _attempt(errors, f"triggers.{at}", _BUILDERS[type(trigger)], trigger, place)) is not None
        and trigger.enabled
    ]
    start = _attempt(errors, "", _read_start, document, zone)
    end = _attempt(errors, "", _read_end, document, zone)
    exclusions = _attempt(errors, "", lambda: Exclusions.parse(document.exclusions, zone=zone))
    if start and end and end < start:
        errors.append(FieldError("end_date", "expected a time that is not before start_date"))
    if errors:
        raise ValidationError(errors)
    return Definition(
        document=document,
        zone=zone,
        union=Union(tuple(triggers), start, end, exclusions or Exclusions()),
        jitter=_time(document.jitter),
        grace=_time(document.misfire.grace),
        window=_time(document.misfire.window),
    )


def _with_following(occurrences: Iterator[Occurrence]) -> Iterator[tuple[Occurrence, dt.datetime | None]]:
    """Each with the instant of the next, None for the last."""
    each = next(occurrences, None)
    while each is not None:
        following = next(occurrences, None)
        yield each, following.instant if following else None
        each = following


SHORTEST_PERIOD_US = 1_000_000
"""Of the kinds of triggers that could say less."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What triggers are read with."""

    zone: ZoneInfo
    rule: DstRule | None
    anchor: dt.datetime
    key: str


def _attempt(errors: list[FieldError], prefix: str, read: Callable[..., Any], *arguments: Any) -> Any:
    """What was read, or None and an error more, its field under the prefix."""
    try:
        return read(*arguments)
    except ValidationError as error:
        errors += [FieldError(".".join(filter(None, [prefix, each.field])), each.message) for each in error.errors]
        return None


def _cron(trigger: CronTrigger, place: _Place) -> Trigger:
    try:
        if len(trigger.expression.split()) in (6, 7):
            return QuartzCron.parse(trigger.expression, zone=place.zone, rule=place.rule or FIRING_RULE)
        return UnixCron.parse(trigger.expression, zone=place.zone, rule=place.rule)
    except ValidationError as error:
        raise ValidationError([FieldError("expression", _told(each)) for each in error.errors]) from error


def _told(error: FieldError) -> str:
    """The field within the expression is part of the sentence: to the person, ``expression`` is the field."""
    return (
        error.message if error.field in ("", "expression", "quartz", "unix_cron") else f"{error.field}: {error.message}"
    )


def _every(trigger: EveryTrigger, _place: _Place) -> Trigger:
    return Every.parse(trigger.every, offset=trigger.offset)


def _interval(trigger: IntervalTrigger, place: _Place) -> Trigger:
    return Interval.parse(
        trigger.start or place.anchor,
        interval=trigger.interval,
        unit=trigger.unit,
        zone=place.zone,
        end=trigger.end,
        rule=place.rule,
    )


def _iso(trigger: IsoTrigger, place: _Place) -> Trigger:
    read = IsoRepeating.parse(trigger.expression, zone=place.zone, rule=place.rule, field="expression")
    if read.period.mean_us < SHORTEST_PERIOD_US and read.count != 1:
        raise ValidationError(
            [FieldError("expression", "a schedule fires once a second at most: expected PT1S or longer")]
        )
    return read


def _calendar(trigger: CalendarTrigger, place: _Place) -> Trigger:
    spec = {"calendars": trigger.calendars, "intervals": trigger.intervals, "skip": trigger.skip}
    return CalendarSpec.parse(spec, zone=place.zone, rule=place.rule)


def _once(trigger: OnceTrigger, place: _Place) -> Trigger:
    return Once.parse(trigger.at, zone=place.zone, rule=place.rule)


def _random(trigger: RandomTrigger, place: _Place) -> Trigger:
    return RandomWindow.parse(
        minimum=trigger.minimum,
        maximum=trigger.maximum,
        seed=place.key if trigger.seed is None else trigger.seed,
        start=trigger.start or place.anchor,
        zone=place.zone,
    )


def _frequency(trigger: FrequencyTrigger, place: _Place) -> Trigger:
    return Frequency.parse(
        zone=place.zone,
        frequency=trigger.frequency,
        interval=trigger.interval,
        cron=trigger.cron,
        start_date=trigger.start_date,
        end_date=trigger.end_date,
        rule=place.rule,
    )


def _job(_trigger: JobTrigger, _place: _Place) -> None:
    """It has no times of its own."""


_BUILDERS: Mapping[type, Callable[..., Trigger | None]] = {
    CronTrigger: _cron,
    EveryTrigger: _every,
    IntervalTrigger: _interval,
    IsoTrigger: _iso,
    CalendarTrigger: _calendar,
    OnceTrigger: _once,
    RandomTrigger: _random,
    FrequencyTrigger: _frequency,
    JobTrigger: _job,
}


def job_words(trigger: JobTrigger) -> str:
    """Such as: After one of task:a, task:b succeeded or failed."""
    mode, results = trigger.rule
    which = (
        trigger.jobs[0]
        if len(trigger.jobs) == 1
        else ("one" if mode == "any" else "all") + " of " + ", ".join(trigger.jobs)
    )
    delay = f", {trigger.delay} later" if parse_ms(trigger.delay) else ""
    return f"After {which} {' or '.join(results)}{delay}"


def _read_start(document: ScheduleDocument, zone: ZoneInfo) -> dt.datetime | None:
    if document.start_date is None:
        return None
    moment = read_moment(document.start_date, field="start_date")
    return as_instant(moment, zone=zone, rule=DstRule(Gap.SHIFT, Overlap.FIRST))


def _read_end(document: ScheduleDocument, zone: ZoneInfo) -> dt.datetime | None:
    return None if document.end_date is None else read_end(document.end_date, field="end_date", zone=zone)


def _time(duration: str | int | float) -> dt.timedelta:
    return dt.timedelta(milliseconds=parse_ms(duration))
