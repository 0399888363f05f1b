"""ISO 8601 durations: reading them, and adding them to an instant on the clock of a zone."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property

from scheduler.triggers.base import refuse

_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
_PARTS = [f"(?:(?P<{name}>{_NUMBER}){name[0].upper()})?" for name in ("years", "months", "weeks", "days")]
_TIME_PARTS = [f"(?:(?P<{name}>{_NUMBER}){name[0].upper()})?" for name in ("hours", "minutes", "seconds")]
_PATTERN = re.compile(rf"(?P<sign>[-+])?P(?=.){''.join(_PARTS)}(?:T(?=.){''.join(_TIME_PARTS)})?", re.ASCII)
_MAX_LENGTH = 100

EXPECTED = (
    "expected an ISO 8601 duration: P, then numbers with Y, M, W and D, then T and numbers with H, M and S, in this order, "
    'such as "P1M", "P1DT12H" or "PT1.5S"'
)
_ONE_FRACTION = "only the last number of a duration may have a fraction"
DAY_US = 86_400_000_000
_MEAN_MONTH_US = 2_629_746_000_000  # a twelfth of 365.2425 days: the Gregorian calendar over its 400 years


@dataclass(frozen=True)
class IsoDuration:
    """A duration by its parts, as they were written. All of them have one sign; weeks may stand beside the others."""

    years: Fraction = Fraction(0)
    months: Fraction = Fraction(0)
    weeks: Fraction = Fraction(0)
    days: Fraction = Fraction(0)
    hours: Fraction = Fraction(0)
    minutes: Fraction = Fraction(0)
    seconds: Fraction = Fraction(0)

    @classmethod
    def parse(cls, text: object, *, field: str = "duration") -> IsoDuration:
        """Read a duration.

        Args:
            text: Such as ``P1Y2M10DT2H30M``, ``P2W``, ``-P1D``; the last number may have a fraction, after a point or a comma.
            field: The name to use in the error.

        Raises:
            ValidationError: It is none; the message says what one looks like.

        Source: ISO 8601-1:2019, 5.5.2; the sign, and weeks beside other parts, are ISO 8601-2's.
        """
        match = _PATTERN.fullmatch(text) if isinstance(text, str) and len(text) <= _MAX_LENGTH else None
        if match is None:
            refuse(field, EXPECTED)
        written = {name: number.replace(",", ".") for name, number in match.groupdict().items() if number}
        sign = -1 if written.pop("sign", "+") == "-" else 1
        if any("." in number for number in list(written.values())[:-1]):
            refuse(field, f"{_ONE_FRACTION}; {EXPECTED}")
        return cls(**{name: sign * Fraction(number) for name, number in written.items()})

    @cached_property
    def total_months(self) -> int | Fraction:
        """Years and months as months."""
        return _plain(12 * self.years + self.months)

    @cached_property
    def total_days(self) -> int | Fraction:
        """Weeks and days as days."""
        return _plain(7 * self.weeks + self.days)

    @cached_property
    def clock_us(self) -> int | Fraction:
        """Hours, minutes and seconds as microseconds."""
        return _plain((3600 * self.hours + 60 * self.minutes + self.seconds) * 1_000_000)

    @cached_property
    def fixed_us(self) -> int | Fraction:
        """All that is not years and months as microseconds, a day being 24 hours."""
        return _plain(DAY_US * self.total_days + self.clock_us)

    @cached_property
    def mean_us(self) -> int | Fraction:
        """The length in microseconds, with months of mean length."""
        return _plain(_MEAN_MONTH_US * self.total_months + self.fixed_us)

    def describe(self) -> str:
        """The parts in words, such as ``1 month and 2 days``; ``0 seconds`` when all are zero."""
        words = list(self._words())
        return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words or ["0 seconds"])

    def _words(self) -> Iterator[str]:
        for part in fields(self):
            if number := getattr(self, part.name):
                yield f"{float(number):.15g} {part.name if number != 1 else part.name[:-1]}"


def shift_wall(wall: dt.datetime, *, months: int, days: int) -> dt.datetime:
    """Move a wall time by whole months, then by whole days.

    A day that the month does not have becomes its last one, before the days are added.

    Raises:
        OverflowError: The result is before year 1 or after year 9999.
    """
    if months:
        wall = _shift_months(wall, months)
    return wall + dt.timedelta(days=days) if days else wall


def _shift_months(wall: dt.datetime, months: int) -> dt.datetime:
    years, month = divmod(wall.month - 1 + months, 12)
    year = wall.year + years
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        raise OverflowError("year out of range")
    day = min(wall.day, calendar.monthrange(year, month + 1)[1])
    return wall.replace(year=year, month=month + 1, day=day)


def elapsed(microseconds: int | Fraction) -> dt.timedelta:
    """A length as a timedelta, rounded down to the microsecond.

    Raises:
        OverflowError: It is longer than a timedelta can be, about 2.7 million years.
    """
    return dt.timedelta(microseconds=int(microseconds // 1))


def _plain(number: int | Fraction) -> int | Fraction:
    """The same number as an int when it is whole: int is ten times as fast."""
    return number.numerator if number.denominator == 1 else number
