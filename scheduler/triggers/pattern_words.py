"""A wall pattern with its days as one plain English sentence.

It is told from the sets and not from what was written: ``*/5``, ``0/5`` and ``0-59/5`` are the same, and read the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.triggers.month_days import MonthDays
from scheduler.triggers.number_words import ordinal, step_of, values_words
from scheduler.triggers.pattern import FIRST_YEAR, LAST_YEAR, WallPattern
from scheduler.triggers.words import listed

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
_MOST_CLOCK_TIMES = 4
"""More times of day than these are told by their minutes and hours."""


def pattern_sentence(pattern: WallPattern, days: MonthDays) -> str:
    """A sentence without full stop: ``At 12:00 on Monday to Friday``."""
    parts = (_time_words(pattern), days.words, _month_words(pattern.months), _year_words(pattern.years))
    return " ".join(part for part in parts if part)


def _month_words(months: Sequence[int]) -> str:
    return "" if len(months) == 12 else f"in {values_words(months, ('', *_MONTHS))}"


def _year_words(years: Sequence[int]) -> str:
    return "" if years == range(FIRST_YEAR, LAST_YEAR + 1) else f"in {values_words(years)}"


@dataclass(frozen=True, slots=True)
class _Unit:
    """Seconds, minutes or hours, and which of them."""

    noun: str
    values: Sequence[int]
    size: int

    @property
    def full(self) -> bool:
        return len(self.values) == self.size

    @property
    def step(self) -> int | None:
        """How many from one to the next, when that goes round and round without a break; otherwise None."""
        step = step_of(self.values)
        return step if step and self.values[0] == 0 and self.values[-1] + step == self.size else None

    def leading(self) -> str:
        """At the start of a sentence."""
        if self.full:
            return f"Every {self.noun}"
        return f"Every {self.step} {self.noun}s" if self.step else f"At {self.noun} {values_words(self.values)}"

    def trailing(self) -> str:
        """After a smaller unit."""
        if self.full:
            return f"of every {self.noun}"
        if self.step:
            return f"of every {ordinal(self.step)} {self.noun}"
        return f"of {self.noun}{'s' if len(self.values) > 1 else ''} {values_words(self.values)}"


def _time_words(pattern: WallPattern) -> str:
    if len(pattern.seconds) == 1 and len(pattern.minutes) * len(pattern.hours) <= _MOST_CLOCK_TIMES:
        return f"At {listed(_clock_times(pattern))}"
    units = [
        _Unit("second", pattern.seconds, 60),
        _Unit("minute", pattern.minutes, 60),
        _Unit("hour", pattern.hours, 24),
    ]
    # On the minute and on the hour go without saying.
    if tuple(pattern.seconds) == (0,):
        units.pop(0)
        if tuple(pattern.minutes) == (0,) and units[-1].step:
            units.pop(0)
    # So does "of every hour" after "every minute" or after "of every minute".
    while len(units) > 1 and units[-1].full and (units[-2].step or units[-2].full):
        units.pop()
    return " ".join([units[0].leading(), *(unit.trailing() for unit in units[1:])])


def _clock_times(pattern: WallPattern) -> list[str]:
    second = f":{pattern.seconds[0]:02}" if pattern.seconds[0] else ""
    return [f"{hour:02}:{minute:02}{second}" for hour in pattern.hours for minute in pattern.minutes]
