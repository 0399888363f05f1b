"""Wall times less those that are skipped, found without trying what is skipped one by one.

A skip may take away every time that a calendar has, for a day, for a month or for good. So the times of a day are kept as the
86,400 bits of an integer: taking away is one operation on it, and a day with nothing left is seen at once.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice
from operator import or_

from scheduler.triggers.calendar_fields import YEAR
from scheduler.triggers.month_days import ALL_DAYS, OnDays
from scheduler.triggers.pattern import DayRule, WallPattern

SECONDS_A_DAY = 86_400
_EVERY_DAY = (1 << 32) - 2


@dataclass(frozen=True, slots=True)
class DayTimes:
    """Wall times as the days that have them, and the seconds of each such day: second n as bit n."""

    days: DayRule
    months: Collection[int]
    years: Collection[int]
    bits: int
    _of_month: dict[tuple[int, int], int] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, pattern: WallPattern) -> DayTimes:
        """The wall times of a pattern."""
        minute = sum(1 << second for second in pattern.seconds)
        hour = sum(minute << 60 * number for number in pattern.minutes)
        return cls(pattern.days, pattern.months, pattern.years, sum(hour << 3600 * number for number in pattern.hours))

    @classmethod
    def every(cls, step: int, rest: int) -> DayTimes:
        """The seconds that leave a rest when divided by a step, which divides the day: of every day."""
        bits = ((1 << SECONDS_A_DAY) - 1) // ((1 << step) - 1) << rest
        return cls(OnDays(ALL_DAYS), range(1, 13), YEAR.everything, bits)

    def has(self, wall: dt.datetime) -> bool:
        """Whether a naive time, to the second, is one of these."""
        return bool(self.bits >> second_of_day(wall) & 1 and self.days_of(wall.year, wall.month) >> wall.day & 1)

    def days_of(self, year: int, month: int) -> int:
        """The days of a month: day n as bit n."""
        if month not in self.months or year not in self.years:
            return 0
        shape = monthrange(year, month)  # see `DayRule`: what a day rule may hang on
        found = self._of_month.get(shape)
        if found is None:
            found = self._of_month[shape] = sum(1 << day for day in self.days(year, month))
        return found


DaysOfYear = tuple[tuple[int, int], ...]
"""Days by their number in the year, from 0, each with the seconds of it, as bits."""


def second_of_day(wall: dt.datetime) -> int:
    """0 to 86,399."""
    return wall.hour * 3600 + wall.minute * 60 + wall.second


@dataclass(frozen=True, slots=True)
class Remaining:
    """The times of any of some calendars that are not among the skipped ones."""

    calendars: Sequence[DayTimes]
    skipped: Sequence[DayTimes]
    _bits: dict[int, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    _years: dict[tuple[object, ...], DaysOfYear] = field(default_factory=dict, init=False, repr=False, compare=False)

    def next_wall(self, after: dt.datetime) -> dt.datetime | None:
        """The first of these times strictly after a naive one; None when none is left up to the end of 2100."""
        first = after.replace(microsecond=0) + dt.timedelta(seconds=1)
        for year in range(max(first.year, YEAR.least), YEAR.most + 1):
            new_year = dt.datetime(year, 1, 1)  # noqa: DTZ001 - a wall time
            passed = max(first - new_year, dt.timedelta(0))
            days = self._days_of(year)
            for number, bits in islice(days, bisect_left(days, (passed.days, 0)), None):
                begin = passed.seconds if number == passed.days else 0
                if rest := bits >> begin:
                    return new_year + dt.timedelta(days=number, seconds=begin + (rest & -rest).bit_length() - 1)
        return None

    def _days_of(self, year: int) -> DaysOfYear:
        """The days of a year that have times left, with these.

        Years that begin with the same weekday, are as long, and are years of the same calendars, are alike: there are 14 of them
        at most for each choice of calendars.
        """
        kind = (*monthrange(year, 2), *(year in entry.years for entry in (*self.calendars, *self.skipped)))
        found = self._years.get(kind)
        if found is None:
            found = self._years[kind] = tuple(sorted(self._look_at(year)))
        return found

    def _look_at(self, year: int) -> Iterator[tuple[int, int]]:
        passed = -1  # so that the first of January is day 0
        for month in range(1, 13):
            for choice, days in self._groups(year, month).items():
                bits = self._left(choice)
                yield from ((passed + day, bits) for day in range(1, 32) if days >> day & 1)
            passed += monthrange(year, month)[1]

    def _groups(self, year: int, month: int) -> dict[int, int]:
        """The days of a month that have times left, by the calendars and skips that meet on them: number n as bit n of the key."""
        groups = {0: _EVERY_DAY}
        for at, entry in enumerate((*self.calendars, *self.skipped)):
            days = entry.days_of(year, month)
            groups = {
                choice | met << at: part
                for choice, members in groups.items()
                for met, part in ((1, members & days), (0, members & ~days))
                if part
            }
            if at + 1 >= len(self.calendars):
                groups = {choice: days for choice, days in groups.items() if self._left(choice)}
        return groups

    def _left(self, choice: int) -> int:
        """The times of a day on which certain calendars and skips meet."""
        found = self._bits.get(choice)
        if found is None:
            split = len(self.calendars)
            wanted = _any_of([entry.bits for at, entry in enumerate(self.calendars) if choice >> at & 1])
            taken = _any_of([entry.bits for at, entry in enumerate(self.skipped, split) if choice >> at & 1])
            found = self._bits[choice] = wanted & ~taken
        return found


def _any_of(bits: Sequence[int]) -> int:
    return reduce(or_, bits, 0)
