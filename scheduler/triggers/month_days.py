"""The days of a month that a cron expression means. Each rule is a `DayRule` of `pattern`, and says itself in plain English.

Weekdays are numbered as Unix cron does, 0 for Sunday to 6 for Saturday.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from scheduler.triggers.number_words import ordinal_word, values_words
from scheduler.triggers.words import count_of, listed

ALL_DAYS = tuple(range(1, 32))
ALL_WEEKDAYS = tuple(range(7))
_SATURDAY, _SUNDAY = 6, 0
_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


class MonthDays(Protocol):
    """A rule for the days of a month."""

    def __call__(self, year: int, month: int) -> list[int]:
        """The days that match, in order; empty when the month has none."""
        ...

    @property
    def words(self) -> str:
        """Where in the month, such as ``on Monday``; empty for every day."""
        ...


@dataclass(frozen=True, slots=True)
class OnDays:
    """Days of the month by number; those beyond the end of a month are none of its days."""

    days: tuple[int, ...]

    def __call__(self, year: int, month: int) -> list[int]:
        length = _length(year, month)
        return [day for day in self.days if day <= length]

    @property
    def words(self) -> str:
        return "" if self.days == ALL_DAYS else f"on day {values_words(self.days)} of the month"


@dataclass(frozen=True, slots=True)
class OnWeekdays:
    """All days that are one of these weekdays."""

    weekdays: tuple[int, ...]

    def __call__(self, year: int, month: int) -> list[int]:
        return [day for day in range(1, _length(year, month) + 1) if _weekday(year, month, day) in self.weekdays]

    @property
    def words(self) -> str:
        return "" if self.weekdays == ALL_WEEKDAYS else f"on {listed(list(self._runs()))}"

    def _runs(self) -> Iterator[str]:
        """A week is told from Monday on, and three days or more in a row as a range."""
        days = sorted((weekday - 1) % 7 for weekday in self.weekdays)
        while days:
            last = max(day for at, day in enumerate(days) if day == days[0] + at)
            run = [_NAMES[(day + 1) % 7] for day in days if day <= last]
            yield from run if len(run) < 3 else [f"{run[0]} to {run[-1]}"]
            days = days[len(run) :]


@dataclass(frozen=True, slots=True)
class LastDay:
    """A number of days before the last day of the month; or the working day nearest to that."""

    before: int = 0
    working: bool = False

    def __call__(self, year: int, month: int) -> list[int]:
        day = _length(year, month) - self.before
        if day < 1:
            return []
        return [_nearest_working_day(year, month, day) if self.working else day]

    @property
    def words(self) -> str:
        if self.working and not self.before:
            return "on the last working day of the month"
        if not self.before:
            return "on the last day of the month"
        place = f"{count_of(self.before, 'day')} before the last day of the month"
        return f"on the working day nearest to {place}" if self.working else f"on the day {place}"


@dataclass(frozen=True, slots=True)
class NearestWorkingDay:
    """The Monday to Friday that is nearest to a day, in the same month; none where the month has no such day."""

    day: int

    def __call__(self, year: int, month: int) -> list[int]:
        return [_nearest_working_day(year, month, self.day)] if self.day <= _length(year, month) else []

    @property
    def words(self) -> str:
        return f"on the working day nearest to day {self.day} of the month"


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """The first to fifth of a weekday in the month; some months have no fifth."""

    weekday: int
    nth: int

    def __call__(self, year: int, month: int) -> list[int]:
        return OnWeekdays((self.weekday,))(year, month)[self.nth - 1 : self.nth]

    @property
    def words(self) -> str:
        return f"on the {ordinal_word(self.nth)} {_NAMES[self.weekday]} of the month"


@dataclass(frozen=True, slots=True)
class LastWeekday:
    """The last of a weekday in the month."""

    weekday: int

    def __call__(self, year: int, month: int) -> list[int]:
        return OnWeekdays((self.weekday,))(year, month)[-1:]

    @property
    def words(self) -> str:
        return f"on the last {_NAMES[self.weekday]} of the month"


@dataclass(frozen=True, slots=True)
class Either:
    """The days that one of two rules has."""

    one: MonthDays
    other: MonthDays

    def __call__(self, year: int, month: int) -> list[int]:
        return sorted({*self.one(year, month), *self.other(year, month)})

    @property
    def words(self) -> str:
        return f"{self.one.words} or {self.other.words}"


@dataclass(frozen=True, slots=True)
class Both:
    """The days that two rules have in common."""

    one: MonthDays
    other: MonthDays

    def __call__(self, year: int, month: int) -> list[int]:
        return sorted({*self.one(year, month)} & {*self.other(year, month)})

    @property
    def words(self) -> str:
        return f"{self.one.words} if that is also {self.other.words}"


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _weekday(year: int, month: int, day: int) -> int:
    return (calendar.weekday(year, month, day) + 1) % 7


def _nearest_working_day(year: int, month: int, day: int) -> int:
    """Friday before or Monday after, whichever is nearer, but never in another month."""
    weekday = _weekday(year, month, day)
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else 3
    if weekday == _SUNDAY:
        return day + 1 if day < _length(year, month) else day - 2
    return day
