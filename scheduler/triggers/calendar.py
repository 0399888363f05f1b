"""Calendars that spell out each field, intervals beside them, and what is left out: as Temporal and Intuned have them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from zoneinfo import ZoneInfo

from scheduler.triggers.base import Trigger, refuse
from scheduler.triggers.calendar_fields import FIELDS, YEAR
from scheduler.triggers.calendar_intervals import SkippingEvery
from scheduler.triggers.calendar_skips import DayTimes, Remaining
from scheduler.triggers.every import Every
from scheduler.triggers.month_days import ALL_DAYS, ALL_WEEKDAYS, Both, MonthDays, OnDays, OnWeekdays
from scheduler.triggers.pattern import FIRST_YEAR, LAST_YEAR, WallPattern
from scheduler.triggers.pattern_words import pattern_sentence
from scheduler.triggers.times import LONGEST_MS, shown
from scheduler.triggers.wall_clock import DstRule, Gap, NextWall, Overlap, next_instant

OWN_RULE = DstRule(Gap.SKIP, Overlap.FIRST)
MOST_ENTRIES = 100
LONGEST_COMMENT = 200

_KEYS = ("calendars", "intervals", "skip")
_FIELD_NAMES = tuple(each.name for each in FIELDS)
_ALL_YEARS = tuple(sorted(YEAR.everything))
_LONGEST_SECONDS = LONGEST_MS // 1000


@dataclass(frozen=True, slots=True)
class Calendar:
    """One calendar: its wall times, and what its author says of it."""

    pattern: WallPattern
    days: MonthDays
    comment: str = ""

    def describe(self) -> str:
        """Such as: At 09:00 on Monday to Friday (office hours)."""
        always = self.pattern.years == _ALL_YEARS
        pattern = replace(self.pattern, years=range(FIRST_YEAR, LAST_YEAR + 1)) if always else self.pattern
        sentence = pattern_sentence(pattern, self.days)
        return f"{sentence} ({self.comment})" if self.comment else sentence


@dataclass(frozen=True, slots=True)
class CalendarSpec:
    """The union of calendars, on the clock of the zone, and intervals of elapsed time, less the skipped wall times."""

    calendars: tuple[Calendar, ...]
    intervals: tuple[Every, ...]
    skip: tuple[Calendar, ...]
    zone: ZoneInfo
    rule: DstRule = OWN_RULE
    _next_wall: NextWall = field(init=False, repr=False, compare=False)
    _elapsed: tuple[Trigger, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        skipped = [DayTimes.of(entry.pattern) for entry in self.skip]
        object.__setattr__(self, "_next_wall", self._less(skipped) if skipped else self._union())
        object.__setattr__(self, "_elapsed", tuple(_less(every, self.zone, skipped) for every in self.intervals))

    @classmethod
    def parse(cls, spec: object, *, zone: ZoneInfo, rule: DstRule | None = None) -> CalendarSpec:
        """Read a specification.

        Args:
            spec: ``{calendars, intervals, skip}``, each a list of at most 100 and with at least one calendar or interval.
                A calendar has any of the fields of `calendar_fields.FIELDS` and ``comment``; what is left out is 0 for second,
                minute and hour, and everything for the rest. An interval is ``{every, offset?}`` in whole seconds. What
                ``skip`` holds is written like a calendar.
            zone: The clock on which calendars and skips are read.
            rule: What calendars do in gaps and overlaps; None: skipped, and the first pass. Intervals know neither.

        Raises:
            ValidationError: The first thing wrong, with its dotted path, such as ``calendars.0.hour``.

        Source: Temporal's structured calendars, as Intuned has them; docs/reference/triggers/calendar.md.
        """
        if not isinstance(spec, Mapping) or not set(_KEYS).issuperset(spec):
            refuse(
                "calendar", f"expected an object with calendars, intervals and skip, all optional, not {shown(spec)}"
            )
        calendars = tuple(_read_calendar(entry, path) for path, entry in _entries(spec, "calendars"))
        intervals = tuple(_read_interval(entry, path) for path, entry in _entries(spec, "intervals"))
        skip = tuple(_read_calendar(entry, path) for path, entry in _entries(spec, "skip"))
        if not calendars and not intervals:
            refuse("calendar", "expected at least one entry in calendars or intervals, or it would never fire")
        return cls(calendars, intervals, skip, zone, rule or OWN_RULE)

    @property
    def pattern(self) -> WallPattern | None:
        """The wall times as sets, when they are those of a single calendar and nothing else."""
        return self.calendars[0].pattern if len(self.calendars) == 1 and not self.intervals and not self.skip else None

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first fire strictly after an aware instant; None when there is none (calendars and skips end with the year 2100)."""
        found = [trigger.next_after(instant) for trigger in self._elapsed]
        if self.calendars:
            found.append(next_instant(self._next_wall, instant, self.zone, self.rule))
        return min((fire for fire in found if fire is not None), default=None)

    def describe(self) -> str:
        """Such as: At 09:00 on Monday to Friday (office hours), or every 6 hours since the Unix epoch, except at 09:00 in May."""
        entries: tuple[Calendar | Every, ...] = (*self.calendars, *self.intervals)
        fires = ", or ".join(dict.fromkeys(_lower(entry.describe()) for entry in entries))
        skipped = " and ".join(dict.fromkeys(_lower(entry.describe()) for entry in self.skip))
        return f"{fires[0].upper()}{fires[1:]}" + (f", except {skipped}" if skipped else "")

    def _union(self) -> NextWall:
        patterns = [entry.pattern for entry in self.calendars]
        return patterns[0].next_wall if len(patterns) == 1 else partial(_first_of, patterns)

    def _less(self, skipped: Sequence[DayTimes]) -> NextWall:
        return Remaining([DayTimes.of(entry.pattern) for entry in self.calendars], skipped).next_wall


def _entries(spec: Mapping[object, object], key: str) -> list[tuple[str, Mapping[object, object]]]:
    """The objects of a list with their paths."""
    entries = spec.get(key, [])
    if not isinstance(entries, Sequence) or isinstance(entries, str) or len(entries) > MOST_ENTRIES:
        refuse(key, f"expected a list of at most {MOST_ENTRIES} objects, not {shown(entries)}")
    for at, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            refuse(f"{key}.{at}", f"expected an object, not {shown(entry)}")
    return [(f"{key}.{at}", entry) for at, entry in enumerate(entries)]


def _read_calendar(entry: Mapping[object, object], path: str) -> Calendar:
    unknown = [key for key in entry if key not in (*_FIELD_NAMES, "comment")]
    if unknown:
        refuse(f"{path}.{unknown[0]}", f"no such field: expected {', '.join(_FIELD_NAMES)} or comment")
    comment = _read_comment(entry.get("comment", ""), f"{path}.comment")
    sets = (each.read(entry.get(each.name, each.default), path=f"{path}.{each.name}") for each in FIELDS)
    seconds, minutes, hours, month_days, months, years, weekdays = (tuple(sorted(numbers)) for numbers in sets)
    days = _days(month_days, tuple(sorted({number % 7 for number in weekdays})))
    pattern = WallPattern(seconds, minutes, hours, months, years, days)
    return Calendar(pattern, days, comment)


def _days(month_days: tuple[int, ...], weekdays: tuple[int, ...]) -> MonthDays:
    """Both the day of the month and that of the week."""
    if weekdays == ALL_WEEKDAYS:
        return OnDays(month_days)
    return OnWeekdays(weekdays) if month_days == ALL_DAYS else Both(OnWeekdays(weekdays), OnDays(month_days))


def _read_comment(comment: object, path: str) -> str:
    if not isinstance(comment, str) or len(comment) > LONGEST_COMMENT:
        refuse(path, f"expected text of at most {LONGEST_COMMENT} characters, not {shown(comment)}")
    return comment


def _read_interval(entry: Mapping[object, object], path: str) -> Every:
    unknown = [key for key in entry if key not in ("every", "offset")]
    if unknown or "every" not in entry:
        refuse(path, f"expected an object with every and, if wanted, offset, in whole seconds, not {shown(entry)}")
    every = _read_seconds(entry["every"], f"{path}.every", least=1, most=_LONGEST_SECONDS)
    offset = _read_seconds(entry.get("offset", 0), f"{path}.offset", least=0, most=every - 1)
    return Every(every * 1000, offset * 1000)


def _read_seconds(value: object, path: str, *, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        refuse(path, f"expected a whole number of seconds from {least:,} to {most:,}, not {shown(value)}")
    return value


def _less(every: Every, zone: ZoneInfo, skipped: Sequence[DayTimes]) -> Trigger:
    return SkippingEvery(every, zone, skipped) if skipped else every


def _first_of(patterns: Sequence[WallPattern], after: dt.datetime) -> dt.datetime | None:
    walls = [wall for pattern in patterns if (wall := pattern.next_wall(after)) is not None]
    return min(walls, default=None)


def _lower(words: str) -> str:
    return words[0].lower() + words[1:]
