"""Which stretch of time is asked about, and which rows of the totals cover it. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
HOURS_ASKED = dt.timedelta(days=90)
"""Older than this, only whole days are answered for; hours are kept a little longer (`jobs.services.rolling.HOURS_KEPT`)."""
LONGEST = dt.timedelta(days=366)


class Piece(NamedTuple):
    """Rows of one span, from the first until before the last."""

    span: str
    since: dt.datetime
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Window:
    """Whole hours of UTC, or whole days of long ago: from ``since`` until before ``until``."""

    since: dt.datetime
    until: dt.datetime

    @property
    def hours(self) -> float:
        """How long it is."""
        return (self.until - self.since) / HOUR

    def pieces(self, *, by_hour: bool = False) -> list[Piece]:
        """Days where whole days lie within, hours before and after them; with ``by_hour`` hours alone."""
        first, last = _ceil(self.since, DAY), floor(self.until, DAY)
        if by_hour or first >= last:
            return [Piece("hour", self.since, self.until)]
        pieces = [
            Piece("hour", self.since, first),
            Piece("day", first, last),
            Piece("hour", last, self.until),
        ]
        return [piece for piece in pieces if piece.since < piece.until]


def window(*, since: dt.datetime, until: dt.datetime, now: dt.datetime, days: bool = False) -> Window:
    """The hours that have some of a stretch of time within them; the days, where it begins more than `HOURS_ASKED` ago.

    Args:
        since, until, now: Aware; since before until.
        days: Whole days in any case.
    """
    step = DAY if days or since < now - HOURS_ASKED else HOUR
    return Window(floor(since, step), _ceil(until, step))


def last(length: dt.timedelta, *, now: dt.datetime) -> Window:
    """So much time until now, and what the hour in which it began had before."""
    return window(since=now - length, until=now, now=now)


def floor(at: dt.datetime, step: dt.timedelta) -> dt.datetime:
    """The last whole hour or day of UTC that is not after an instant."""
    at = at.astimezone(dt.UTC)
    return at - (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) % step


def _ceil(at: dt.datetime, step: dt.timedelta) -> dt.datetime:
    before = floor(at, step)
    return before if before == at else before + step
