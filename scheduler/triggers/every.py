"""Fires each so many milliseconds, counted from the Unix epoch."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from scheduler.triggers.base import refuse
from scheduler.triggers.times import MILLISECOND, read_duration
from scheduler.triggers.words import duration_words

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
SHORTEST_MS = 1000
"""Schedules are right to the second; what must happen more often is a loop inside a job."""


@dataclass(frozen=True, slots=True)
class Every:
    """The instants ``epoch + n * every + offset``, whatever the time zone. A day is 24 hours here, also when clocks change."""

    every_ms: int
    offset_ms: int = 0

    @classmethod
    def parse(cls, every: object, *, offset: object = 0, field: str = "every", offset_field: str = "offset") -> Every:
        """Read ``every`` and ``offset``.

        Args:
            every: Milliseconds, or text such as ``"6h"``: one second to 100 years.
            offset: The same; at least nothing and less than ``every``.
            field: The name of ``every`` for errors.
            offset_field: The name of ``offset`` for errors.

        Raises:
            ValidationError: One of them is no duration or out of its bounds.

        Source: Intuned's `schedule.intervals[].every`, and the interval and phase of Temporal's schedules.
        """
        every_ms = read_duration(every, field=field, least_ms=SHORTEST_MS)
        offset_ms = read_duration(offset, field=offset_field, least_ms=0)
        if offset_ms >= every_ms:
            refuse(offset_field, f"expected less than {field}, which is {duration_words(every_ms)}")
        return cls(every_ms, offset_ms)

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first fire strictly after an aware instant; None beyond the year 9999."""
        passed_ms = (instant - EPOCH) // MILLISECOND
        number = (passed_ms - self.offset_ms) // self.every_ms + 1
        try:
            return EPOCH + dt.timedelta(milliseconds=number * self.every_ms + self.offset_ms)
        except OverflowError:
            return None

    def describe(self) -> str:
        """Such as: Every 6 hours since the Unix epoch, plus 15 minutes."""
        plus = f", plus {duration_words(self.offset_ms)}" if self.offset_ms else ""
        often = duration_words(self.every_ms)
        often = often.removeprefix("1 ") if often.count(" ") == 1 else often
        return f"Every {often} since the Unix epoch{plus}"
