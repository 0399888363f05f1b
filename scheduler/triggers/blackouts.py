"""Times in which a schedule does not fire: spans of instants, windows of the wall clock, and single days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from scheduler.triggers.wall_clock import transitions
from scheduler.triggers.words import instant_words

_MONDAY = dt.datetime.fromisoformat("1970-01-05")
DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Blackout:
    """From one instant to another, the end excluded."""

    start: dt.datetime
    end: dt.datetime
    zone: ZoneInfo
    comment: str = ""

    def reason(self, instant: dt.datetime) -> str | None:
        """Why an instant is excluded; None when it is not."""
        if not self.start <= instant < self.end:
            return None
        span = " to ".join(instant_words(moment.astimezone(self.zone)) for moment in (self.start, self.end))
        return f"blackout: {span}{_remark(self.comment)}"

    def until(self, instant: dt.datetime) -> dt.datetime:
        """When an excluded instant's exclusion ends."""
        return self.end


@dataclass(frozen=True, slots=True)
class ClockWindow:
    """What the clock of the zone shows from one time to another, each day or each week; the end excluded.

    It is the clock that counts: where clocks go back over the window's start, the hour is free, excluded, and free again.
    """

    start: dt.timedelta
    """From midnight, or from Monday's."""
    length: dt.timedelta
    cycle: dt.timedelta
    """`DAY` or `WEEK`."""
    words: str
    zone: ZoneInfo
    comment: str = ""

    def reason(self, instant: dt.datetime) -> str | None:
        """Why an instant is excluded; None when it is not."""
        inside = self._passed(wall_time(instant, self.zone)) < self.length
        return f"blackout: {self.words}{_remark(self.comment)}" if inside else None

    def until(self, instant: dt.datetime) -> dt.datetime:
        """When an excluded instant's exclusion ends, or the clocks are moved, whichever is first."""
        return clock_advanced(instant, self.length - self._passed(wall_time(instant, self.zone)), self.zone)

    def _passed(self, wall: dt.datetime) -> dt.timedelta:
        """The time since the window's last start."""
        return (wall - _MONDAY - self.start) % self.cycle


@dataclass(frozen=True, slots=True)
class Dates:
    """Whole days in the zone."""

    days: frozenset[dt.date]
    zone: ZoneInfo
    comment: str = ""

    def reason(self, instant: dt.datetime) -> str | None:
        """Why an instant is excluded; None when it is not."""
        day = wall_time(instant, self.zone).date()
        return f"excluded date: {day}{_remark(self.comment)}" if day in self.days else None

    def until(self, instant: dt.datetime) -> dt.datetime:
        """When an excluded instant's day ends, or the clocks are moved, whichever is first."""
        return day_end(instant, self.zone)


def wall_time(instant: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """What the clock of a zone shows, as a naive datetime."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def day_end(instant: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The midnight after an instant in a zone, or the next change of its clocks if that comes first."""
    return clock_advanced(instant, DAY - (wall_time(instant, zone) - _MONDAY) % DAY, zone)


def clock_advanced(instant: dt.datetime, distance: dt.timedelta, zone: ZoneInfo) -> dt.datetime:
    """The instant at which the clock shows so much more, or the next change of clocks if that comes first.

    Between two changes the clock is even; so whoever looks again at each of them never passes a time that the clock shows.
    """
    end = instant + distance
    return next((change.instant for change in transitions(zone, instant, end) if change.instant > instant), end)


def _remark(comment: str) -> str:
    return f" ({comment})" if comment else ""
