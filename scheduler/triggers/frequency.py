"""Fires hourly, daily, weekly or monthly, as ATLAS's recurrence blocks say it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from jobs.errors import FieldError, ValidationError
from scheduler.triggers.base import Trigger, refuse
from scheduler.triggers.month_days import ALL_DAYS, OnDays
from scheduler.triggers.pattern import FIRST_YEAR, LAST_YEAR, WallPattern
from scheduler.triggers.times import SHIFT_FIRST, as_instant, read_count, read_end, read_moment, shown
from scheduler.triggers.unix_cron import UnixCron
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap, next_instant
from scheduler.triggers.words import every_words, instant_words

LITERAL = DstRule(Gap.SKIP, Overlap.BOTH)
"""Hourly is each hour that passes: none is missing and none doubled when the clocks change. (With every second hour or so of the
clock that cannot be, and each is fired once.)"""
_LARGEST_INTERVAL = {"hourly": 23, "daily": 30, "weekly": 52, "monthly": 11}
"""A larger step would leave one value of the field; APScheduler, under ATLAS, refuses it as well."""
_NOUNS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}
_COUNTED = {
    "hourly": " of the clock",
    "daily": " of the month, from the first,",
    "weekly": " of the ISO year, from the first,",
    "monthly": " of the year, from the first,",
}
"""An interval begins anew with the next larger unit, and the description must not hide it."""
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NO_START = dt.datetime(2026, 6, 1)  # noqa: DTZ001 - a Monday and a first, at 00:00: what ATLAS takes without a start


@dataclass(frozen=True, slots=True)
class Frequency:
    """A recurrence within its bounds."""

    recurrence: Trigger
    start: dt.datetime | None
    end: dt.datetime | None
    zone: ZoneInfo

    @classmethod
    def parse(
        cls,
        *,
        zone: ZoneInfo,
        frequency: object = None,
        interval: object = 1,
        cron: object = None,
        start_date: object = None,
        end_date: object = None,
        rule: DstRule | None = None,
    ) -> Frequency:
        """Read a recurrence block.

        The fields are those of a cron: an ``interval`` n picks every n-th value of one (hour 0, n, 2n of each day; day
        1, 1 + n of each month; ISO week 1, 1 + n and month 1, 1 + n of each year), and begins anew where the field does.

        Args:
            zone: The clock on which it is read.
            frequency: hourly, daily, weekly or monthly, in any case.
            interval: 1 to 23 hours, 30 days, 52 weeks or 11 months, as a number or in digits.
            cron: A Unix cron expression of five fields; when it is given and not blank, frequency and interval are not read.
            start_date: An instant or a wall time of the zone. No fire is before it, and its minute, hour, weekday and day
                of the month on the zone's clock are those of the fires. Without: 00:00, Monday, the first.
            end_date: No fire is after it; a date alone means the end of that day.
            rule: What to do in gaps and overlaps. None: the cron's own; each hour literally; the others shifted, and the first.

        Raises:
            ValidationError: One of them is malformed, or the end is before the start; the error names the field.

        Source: ATLAS's recurrence blocks, with start, end and zone enforced; docs/reference/triggers/frequency.md.
        """
        moment = None if start_date is None else read_moment(start_date, field="start_date")
        start = None if moment is None else as_instant(moment, zone=zone, rule=SHIFT_FIRST)
        end = None if end_date is None else read_end(end_date, field="end_date", zone=zone)
        if start is not None and end is not None and end < start:
            refuse("end_date", "expected a time that is not before start_date")
        if cron is not None and not isinstance(cron, str):
            refuse("cron", f"expected text of five fields, such as 0 12 * * MON-FRI, not {shown(cron)}")
        if cron and cron.strip():
            return cls(_read_cron(cron, zone, rule), start, end, zone)
        clock = _NO_START if moment is None else _on_the_clock(moment, zone)
        return cls(_recurring(frequency, interval, clock, zone, rule), start, end, zone)

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first fire strictly after an aware instant and within the bounds, both inclusive; None when there is none."""
        if self.start is not None:
            instant = max(instant, self.start - dt.timedelta.resolution)
        found = self.recurrence.next_after(instant)
        return None if found is None or (self.end is not None and found > self.end) else found

    def describe(self) -> str:
        """Such as: Daily at 09:30 from 2026-01-31 09:30:00+01:00."""
        bounds = [
            f" {word} {instant_words(at.astimezone(self.zone))}"
            for word, at in (("from", self.start), ("to", self.end))
            if at
        ]
        return self.recurrence.describe() + "".join(bounds)


@dataclass(frozen=True, slots=True)
class Recurring:
    """What one of the four words means."""

    walls: WallPattern | IsoWeeks
    words: str
    zone: ZoneInfo
    rule: DstRule

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first fire strictly after an aware instant, or None."""
        return next_instant(self.walls.next_wall, instant, self.zone, self.rule)

    def describe(self) -> str:
        """Such as: Every hour at minute 30."""
        return self.words


@dataclass(frozen=True, slots=True)
class IsoWeeks:
    """A weekday (1 is Monday) and a time of day in every n-th ISO week of a year, week 1 first."""

    interval: int
    weekday: int
    time: dt.time

    def next_wall(self, after: dt.datetime) -> dt.datetime | None:
        """The first strictly after a naive time; None beyond the year 9999."""
        try:
            day = after.date() + dt.timedelta(days=(self.weekday - after.isoweekday()) % 7)
            if dt.datetime.combine(day, self.time) <= after:
                day += dt.timedelta(weeks=1)
            while (day.isocalendar().week - 1) % self.interval:
                day += dt.timedelta(weeks=1)
        except OverflowError:
            return None
        return dt.datetime.combine(day, self.time)


def _read_cron(text: str, zone: ZoneInfo, rule: DstRule | None) -> UnixCron:
    try:
        return UnixCron.parse(text, zone=zone, rule=rule)
    except ValidationError as error:
        raise ValidationError(FieldError(f"cron.{each.field}", each.message) for each in error.errors) from error


def _on_the_clock(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    return moment if moment.tzinfo is None else moment.astimezone(zone)


def _recurring(
    frequency: object, interval: object, clock: dt.datetime, zone: ZoneInfo, rule: DstRule | None
) -> Recurring:
    word = frequency.lower() if isinstance(frequency, str) else ""
    if word not in _NOUNS:
        refuse(
            "frequency", f"expected hourly, daily, weekly or monthly, or a cron in its place, not {shown(frequency)}"
        )
    number = read_count(interval, field="interval", most=_LARGEST_INTERVAL[word])
    walls = (
        IsoWeeks(number, clock.isoweekday(), dt.time(clock.hour, clock.minute))
        if word == "weekly"
        else _pattern(word, number, clock)
    )
    own_rule = LITERAL if (word, number) == ("hourly", 1) else SHIFT_FIRST
    return Recurring(walls, _words(word, number, clock), zone, rule or own_rule)


def _pattern(word: str, number: int, clock: dt.datetime) -> WallPattern:
    every = {"hourly": range(0, 24, number), "daily": range(1, 32, number), "monthly": range(1, 13, number)}[word]
    return WallPattern(
        seconds=(0,),
        minutes=(clock.minute,),
        hours=every if word == "hourly" else (clock.hour,),
        months=every if word == "monthly" else range(1, 13),
        years=range(FIRST_YEAR, LAST_YEAR + 1),
        days=OnDays({"hourly": ALL_DAYS, "daily": tuple(every), "monthly": (clock.day,)}[word]),
    )


def _words(word: str, number: int, clock: dt.datetime) -> str:
    often = every_words(number, _NOUNS[word]).capitalize()
    if number > 1:
        often += _COUNTED[word]
    if word == "hourly":
        return f"{often} at minute {clock.minute}"
    day = {"daily": "", "weekly": f" on {_WEEKDAYS[clock.isoweekday() - 1]}", "monthly": f" on day {clock.day}"}[word]
    return f"{often}{day} at {clock:%H:%M}"
