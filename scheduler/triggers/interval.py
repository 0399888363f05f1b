"""Fires at a start and then each so many minutes, hours, days, weeks or months."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from scheduler.triggers.base import refuse
from scheduler.triggers.times import SHIFT_FIRST, as_instant, read_count, read_end, read_moment, shown
from scheduler.triggers.wall_clock import DstRule, next_instant
from scheduler.triggers.words import every_words, instant_words

MOST = 1_000_000


class Unit(StrEnum):
    """What is counted. Minutes and hours are elapsed time; the rest moves on the clock of the zone."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_ALIASES = (
    {"min": Unit.MINUTE, "hr": Unit.HOUR}
    | {unit.value: unit for unit in Unit}
    | {f"{unit.value}s": unit for unit in Unit}
)
_ELAPSED = {Unit.MINUTE: dt.timedelta(minutes=1), Unit.HOUR: dt.timedelta(hours=1)}
_DAYS = {Unit.DAY: 1, Unit.WEEK: 7}


@dataclass(frozen=True, slots=True)
class Interval:
    """The start plus n intervals, each counted from the start, so that no fire moves the ones after it."""

    anchor: dt.datetime
    """The start on the wall clock of the zone, naive."""
    start: dt.datetime | None
    """The first fire. None: the anchor is a wall time in a gap, the rule skips it, and the next one is the first."""
    interval: int
    unit: Unit
    end: dt.datetime | None
    zone: ZoneInfo
    rule: DstRule

    @classmethod
    def parse(
        cls,
        start: object,
        *,
        interval: object,
        unit: object,
        zone: ZoneInfo,
        end: object = None,
        rule: DstRule | None = None,
    ) -> Interval:
        """Read a start, an interval and its unit.

        Args:
            start: An instant or a wall time of the zone, as a datetime or ISO-8601 text.
            interval: 1 to 1,000,000.
            unit: minute, hour, day, week or month, also in the plural, and min and hr, in any case.
            end: The last moment at which it may fire, or None. A date alone means the end of that day.
            zone: The clock on which days, weeks and months are counted.
            rule: What days, weeks and months do in gaps and overlaps; None: shifted, and the first.

        Raises:
            ValidationError: One of them is malformed, or the end is before the start; the error names the field.

        Source: Fusion's interval triggers, which know minutes, hours and days.
        """
        moment = read_moment(start, field="start")
        known = _read_unit(unit)
        rule = rule or SHIFT_FIRST
        anchor = moment if moment.tzinfo is None else moment.astimezone(zone).replace(tzinfo=None, fold=0)
        # Elapsed time needs an instant to count from, whatever the rule says of wall times.
        first = as_instant(moment, zone=zone, rule=SHIFT_FIRST if known in _ELAPSED else rule)
        last = None if end is None else read_end(end, field="end", zone=zone)
        if last is not None and first is not None and last < first:
            refuse("end", "expected a time that is not before the start")
        return cls(anchor, first, read_count(interval, field="interval", most=MOST), known, last, zone, rule)

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first fire strictly after an aware instant; None when the end or the year 9999 comes before it."""
        found = self.start if self.start is not None and instant < self.start else self._later(instant)
        return None if found is None or (self.end is not None and found > self.end) else found

    def next_wall(self, after: dt.datetime) -> dt.datetime | None:
        """The first wall time of a day, week or month sequence strictly after a naive one; the start is the first of all."""
        if after < self.anchor:
            return self.anchor
        try:
            return self._next_month(after) if self.unit is Unit.MONTH else self._next_day(after)
        except (OverflowError, ValueError):
            return None  # beyond the year 9999

    def describe(self) -> str:
        """Such as: Every 2 days from 2026-01-31 12:00:00 to 2026-03-01 00:00:00 (Europe/Berlin)."""
        until = f" to {instant_words(self.end.astimezone(self.zone).replace(tzinfo=None))}" if self.end else ""
        often = every_words(self.interval, self.unit.value).capitalize()
        return f"{often} from {instant_words(self.anchor)}{until} ({self.zone})"

    def _later(self, instant: dt.datetime) -> dt.datetime | None:
        """The first fire after an instant that is not before the start."""
        unit = _ELAPSED.get(self.unit)
        if unit is None:
            return next_instant(self.next_wall, instant, self.zone, self.rule)
        assert self.start is not None  # see parse
        step = self.interval * unit
        try:
            return self.start + ((instant - self.start) // step + 1) * step
        except OverflowError:
            return None

    def _next_day(self, after: dt.datetime) -> dt.datetime:
        step = dt.timedelta(days=self.interval * _DAYS[self.unit])
        return self.anchor + ((after - self.anchor) // step + 1) * step

    def _next_month(self, after: dt.datetime) -> dt.datetime:
        passed = (after.year - self.anchor.year) * 12 + after.month - self.anchor.month
        number = passed // self.interval
        found = self._months_later(number * self.interval)
        return found if found > after else self._months_later((number + 1) * self.interval)

    def _months_later(self, months: int) -> dt.datetime:
        """The anchor some months later; the last of the month where the month has no such day."""
        year, month = divmod(self.anchor.year * 12 + self.anchor.month - 1 + months, 12)
        day = min(self.anchor.day, monthrange(year, month + 1)[1])
        return self.anchor.replace(year=year, month=month + 1, day=day)


def _read_unit(unit: object) -> Unit:
    known = _ALIASES.get(unit.lower()) if isinstance(unit, str) else None
    if known is None:
        refuse("unit", f"expected minute, hour, day, week or month, not {shown(unit)}")
    return known
