"""Intervals of elapsed time, less those whose wall time is skipped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, takewhile
from math import gcd
from zoneinfo import ZoneInfo

from scheduler.triggers.calendar_fields import YEAR
from scheduler.triggers.calendar_skips import (
    SECONDS_A_DAY,
    DayTimes,
    Remaining,
    second_of_day,
)
from scheduler.triggers.every import Every
from scheduler.triggers.wall_clock import transitions

LONGEST_SEARCH = 2000
"""Fires skipped one by one in a search before it gives up and calls the interval ended. Skips that are the same each day and
intervals of whole minutes never come to that: after at most 1,440 fires such an interval has met all times of day that it can."""
_TICK = dt.timedelta.resolution
_SECOND = dt.timedelta(seconds=1)
_NEAR = dt.timedelta(days=2)
_SEASON = dt.timedelta(days=28)
"""No zone keeps a change of offset for less: the shortest are the Ramadans of Morocco."""
_QUARTER = 900
"""All offsets of this century are whole quarters of an hour; the last that was not, Monrovia's, ended in 1972."""
_END = dt.datetime(YEAR.most + 1, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class SkippingEvery:
    """The fires of an interval of whole seconds whose wall time in the zone is not skipped.

    While the zone's offset stands, an interval meets only the seconds of the day that leave one rest modulo the greatest common
    divisor of interval and day. So what is skipped is passed in leaps, to the next such second that is not skipped.
    """

    every: Every
    zone: ZoneInfo
    skipped: Sequence[DayTimes]
    _by_rest: dict[int, Remaining] = field(default_factory=dict, init=False, repr=False, compare=False)
    _ended: dict[int, dt.datetime] = field(default_factory=dict, init=False, repr=False, compare=False)
    """From which wall time on no second with a rest is left: seasons come in turn, and each is searched once."""

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first such fire strictly after an aware instant; None when there is none up to the end of 2100 (UTC)."""
        for _ in range(LONGEST_SEARCH):
            fire = self.every.next_after(instant)
            if fire is None or fire >= _END:
                return None
            if not self._is_skipped(fire):
                return fire
            leap = self._leap(fire)
            if leap is None:
                return None
            instant = max(fire, leap)
        return None

    def describe(self) -> str:
        """As the interval does; the skips are told by the calendar."""
        return self.every.describe()

    @property
    def _step(self) -> int:
        return gcd(self.every.every_ms // 1000, SECONDS_A_DAY)

    def _is_skipped(self, fire: dt.datetime) -> bool:
        wall = self._wall(fire)
        return any(times.has(wall) for times in self.skipped)

    def _leap(self, fire: dt.datetime) -> dt.datetime | None:
        """An instant before which, from a skipped fire on, all are skipped; None when all are."""
        wall = self._wall(fire)
        target = self._next_free(second_of_day(wall) % self._step, wall)
        if target is None and all(self._next_free(rest, wall - _NEAR) is None for rest in self._rests(fire)):
            return None
        landing = _END if target is None else _earliest(target, self.zone)
        change = self._change(fire, landing)
        if change is not None:
            return change - _TICK
        return None if target is None else landing - _TICK

    def _next_free(self, rest: int, wall: dt.datetime) -> dt.datetime | None:
        """The next wall time with a rest that is not skipped."""
        ended = self._ended.get(rest)
        if ended is not None and wall >= ended:
            return None
        if rest not in self._by_rest:
            self._by_rest[rest] = Remaining([DayTimes.every(self._step, rest)], self.skipped)
        found = self._by_rest[rest].next_wall(wall)
        if found is None:
            self._ended[rest] = wall
        return found

    def _rests(self, fire: dt.datetime) -> set[int]:
        """The rests that the wall times of later fires have, in whatever season."""
        if _QUARTER % self._step == 0:
            return {second_of_day(self._wall(fire)) % self._step}
        instants = takewhile(lambda instant: instant < _END, (fire + number * _SEASON for number in count()))
        offsets = {self._offset(instant) for instant in instants}
        return {(second_of_day(fire) + offset.seconds) % self._step for offset in offsets}

    def _change(self, fire: dt.datetime, landing: dt.datetime) -> dt.datetime | None:
        """When the wall times that follow are no longer those that were searched, before a landing: the clock may come by again
        at times before the fire's, or the interval at others."""
        near = min(landing, fire + _NEAR)
        if fire < near and (soon := transitions(self.zone, fire, near)):
            return soon[0].instant
        return self._change_of_rest(near, landing)

    def _change_of_rest(self, start: dt.datetime, end: dt.datetime) -> dt.datetime | None:
        """The first change of offset that makes the interval meet other seconds of the day."""
        if _QUARTER % self._step == 0:
            return None
        low, before = start, self._offset(start)
        while low < end:
            high = min(low + _SEASON, end)
            after = self._offset(high)
            if (after - before).seconds % self._step:
                changes = transitions(self.zone, low, high + _SECOND)
                return next(at.instant for at in changes if (at.after - at.before).seconds % self._step)
            low, before = high, after
        return None

    def _offset(self, instant: dt.datetime) -> dt.timedelta:
        offset = instant.astimezone(self.zone).utcoffset()
        assert offset is not None  # a zone always knows
        return offset

    def _wall(self, instant: dt.datetime) -> dt.datetime:
        return instant.astimezone(self.zone).replace(tzinfo=None)


def _earliest(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """An instant that is not after any at which the clock shows this or a later time, a moment ahead of a change."""
    return min(wall.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
