"""Wall times as sets: which years, months, days, hours, minutes and seconds. Cron dialects and the calendar come down to one."""
# ruff: noqa: DTZ001 - a wall time is naive: its zone is another's business

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

FIRST_YEAR = 1970
LAST_YEAR = 2126
"""Quartz documents 1970 to 2099, and computes up to a hundred years from the year in which it runs: 2126 in that of its vectors.
It is fixed here, so that what an expression means does not hang on the day on which it is read."""

DayRule = Callable[[int, int], Sequence[int]]
"""From year and month to the days that match, in order. Whether a day matches may hang on the length of the month and the weekday
of its first day, and on nothing else: there are 28 such months, and a pattern asks once for each."""

_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class WallPattern:
    """The wall times whose every part is in its set.

    Args:
        seconds: 0 to 59, sorted and without doubles, at least one; so the other tuples.
        minutes: 0 to 59.
        hours: 0 to 23.
        months: 1 to 12.
        years: At least one; a range for many.
        days: The days of a month. Compared by equality when patterns are, so a frozen dataclass serves best.
    """

    seconds: Sequence[int]
    minutes: Sequence[int]
    hours: Sequence[int]
    months: Sequence[int]
    years: Sequence[int]
    days: DayRule
    _second_from: bytes = field(init=False, repr=False, compare=False)
    _minute_from: bytes = field(init=False, repr=False, compare=False)
    _hour_from: bytes = field(init=False, repr=False, compare=False)
    _day_bits: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_second_from", _least_from(tuple(self.seconds), 60))
        object.__setattr__(self, "_minute_from", _least_from(tuple(self.minutes), 60))
        object.__setattr__(self, "_hour_from", _least_from(tuple(self.hours), 24))
        object.__setattr__(self, "_day_bits", [_UNKNOWN] * 28)

    def next_wall(self, after: dt.datetime) -> dt.datetime | None:
        """The first wall time strictly later than another.

        Args:
            after: Naive datetime; microseconds count.

        Returns:
            Naive datetime at a whole second, or None when there is no later one. The search looks at each month of each year
            once at most, so it ends soon also when nothing matches.
        """
        year, month, day = after.year, after.month, after.day
        if year > self.years[-1]:
            return None
        bits = self._bits(year, month) >> day if month in self.months and year in self.years else 0
        if bits & 1:
            wall = self._later_that_day(after)
            if wall is not None:
                return wall
        bits >>= 1
        if bits:
            return self._first_on(year, month, day + 1 + _lowest(bits))
        return self._first_after_month(year, month)

    def _later_that_day(self, after: dt.datetime) -> dt.datetime | None:
        hour, minute = after.hour, after.minute
        if self._hour_from[hour] == hour:
            if self._minute_from[minute] == minute:
                second = self._second_from[after.second + 1]
                if second < 60:
                    return dt.datetime(after.year, after.month, after.day, hour, minute, second)
            minute = self._minute_from[minute + 1]
            if minute < 60:
                return dt.datetime(after.year, after.month, after.day, hour, minute, self.seconds[0])
        hour = self._hour_from[hour + 1]
        return self._first_on(after.year, after.month, after.day, hour) if hour < 24 else None

    def _first_on(self, year: int, month: int, day: int, hour: int | None = None) -> dt.datetime:
        hour = self.hours[0] if hour is None else hour
        return dt.datetime(year, month, day, hour, self.minutes[0], self.seconds[0])

    def _first_after_month(self, year: int, month: int) -> dt.datetime | None:
        """The first wall time in a later month."""
        for candidate in self.years[bisect_left(self.years, year) :]:
            for other in self.months:
                if candidate > year or other > month:
                    bits = self._bits(candidate, other)
                    if bits:
                        return self._first_on(candidate, other, _lowest(bits))
        return None

    def _bits(self, year: int, month: int) -> int:
        """The days that match in a month: bit 1 for the first day."""
        shape = _shape(year, month)
        bits = self._day_bits[shape]
        if bits == _UNKNOWN:
            bits = self._day_bits[shape] = sum(1 << day for day in self.days(year, month))
        return bits


@lru_cache(maxsize=4096)
def _shape(year: int, month: int) -> int:
    """The number of one of the 28 months that there are: by the weekday of its first day, and its length."""
    first = dt.date(year, month, 1)
    length = (dt.date(year + month // 12, month % 12 + 1, 1) - first).days
    return first.weekday() * 4 + length - 28


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


@lru_cache(maxsize=1024)
def _least_from(values: tuple[int, ...], size: int) -> bytes:
    """For each number up to ``size``: the least value that is not smaller, or ``size`` when there is none. Patterns share them."""
    return bytes(min((value for value in values if value >= number), default=size) for number in range(size + 1))
