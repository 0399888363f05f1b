"""The offsets of a zone: when they change, and what they are around a day.

The zone database cannot be asked for its changes, only for an offset: so they are looked for, and what was found is kept.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

FIRST_DAY = dt.date(1, 2, 1).toordinal()
LAST_DAY = dt.date(9999, 12, 1).toordinal()
"""The days between which offsets are known on either side without leaving the calendar; proleptic ordinals."""

_SECOND = dt.timedelta(seconds=1)
_HOUR = dt.timedelta(hours=1)
_DAY = dt.timedelta(days=1)
_TICK = dt.datetime.resolution
_NO_TIME = dt.timedelta(0)
_ORIGIN = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_PROBE = dt.timedelta(days=2)
"""How far apart two looks at a zone's offset may be and still see every change: in all zones of tzdata 2026 no two changes of
offset are closer than 95 hours (Freetown, 1939), and since 1970 none is closer than 167."""
_REACH = 2
"""Days around a day in which a transition may move its fires: a gap or overlap is at most the 24 hours of a dateline change."""
_BLOCK = 16
"""Days whose transitions are looked for together."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of a zone's offset from UTC.

    ``instant`` is the first moment (aware UTC) at which ``after`` holds. Where ``after`` is greater than ``before``, their
    difference is the length of a gap in wall time; where it is smaller, of an overlap.
    """

    instant: dt.datetime
    before: dt.timedelta
    after: dt.timedelta


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time of one offset. ``begin`` and ``end`` are naive UTC; ``previous`` and ``following`` are the offsets on either side."""

    begin: dt.datetime
    end: dt.datetime
    previous: dt.timedelta
    offset: dt.timedelta
    following: dt.timedelta


def transitions(zone: ZoneInfo, start: dt.datetime, end: dt.datetime) -> list[Transition]:
    """The changes of a zone's offset, for previews and warnings.

    Changes of the zone's name or of its daylight flag alone are none. A year takes about 0.2 ms.

    Args:
        zone: The zone.
        start: Aware datetime, inclusive.
        end: Aware datetime, exclusive.

    Returns:
        The transitions in order; empty when there are none.
    """
    found = []
    low, last = _second_before(start), _second_before(end)
    before = offset_at(low, zone)
    while low < last:
        high = min(low + _PROBE, last)
        after = offset_at(high, zone)
        if after != before:
            found.append(Transition(change_between(low, high, zone), before, after))
        low, before = high, after
    return found


@lru_cache(maxsize=8192)
def calm_offset(zone: ZoneInfo, day: int) -> dt.timedelta | None:
    """The offset of a UTC day (a proleptic ordinal) that no transition is near; None when one is."""
    if not FIRST_DAY <= day <= LAST_DAY:
        return None
    # Three looks suffice, as they are not further apart than two changes ever were.
    noon = dt.datetime.fromordinal(day).replace(hour=12, tzinfo=dt.UTC)
    offset = offset_at(noon, zone)
    around = (noon - 2.5 * _DAY, noon + 2.5 * _DAY)
    return offset if all(offset_at(instant, zone) == offset for instant in around) else None


@lru_cache(maxsize=1024)
def stretches_around(zone: ZoneInfo, day: int) -> tuple[Stretch, ...]:
    """The stretches of one offset from two days before a UTC day to two days after it, in order."""
    first, last = day - _REACH, day + _REACH
    blocks = range(first // _BLOCK, last // _BLOCK + 1)
    near = [each for block in blocks for each in _changes(zone, block) if first <= each.instant.toordinal() <= last]
    edges = [
        dt.datetime.fromordinal(first),
        *(naive(each.instant) for each in near),
        dt.datetime.fromordinal(last + 1),
    ]
    opening = near[0].before if near else offset_at(aware(edges[0]), zone)
    offsets = [opening, opening, *(each.after for each in near)]
    offsets.append(offsets[-1])
    return tuple(map(Stretch, edges, edges[1:], offsets, offsets[1:], offsets[2:]))


@lru_cache(maxsize=1024)
def _changes(zone: ZoneInfo, block: int) -> tuple[Transition, ...]:
    """The transitions of one block of days: finding them anew for each day would cost more than all the rest."""
    start = aware(dt.datetime.fromordinal(max(block * _BLOCK, 1)))
    return tuple(transitions(zone, start, start + _BLOCK * _DAY))


def naive(instant: dt.datetime) -> dt.datetime:
    """An aware UTC datetime as a naive one."""
    # replace() would take three times as long, and this is done for each fire
    return dt.datetime.combine(instant, instant.time())


def aware(instant: dt.datetime) -> dt.datetime:
    """A naive UTC datetime as an aware one."""
    return dt.datetime.combine(instant, instant.time(), dt.UTC)


def offset_at(instant: dt.datetime, zone: ZoneInfo) -> dt.timedelta:
    """What a zone adds to UTC at an aware instant."""
    offset = instant.astimezone(zone).utcoffset()
    return _NO_TIME if offset is None else offset


def fold_offset(wall: dt.datetime, zone: ZoneInfo, fold: int) -> dt.timedelta:
    """PEP 495: fold 0 has the offset before a gap, or of the first pass of an overlap; fold 1 that after it, or of the second."""
    offset = dt.datetime.combine(wall, wall.time().replace(fold=fold), zone).utcoffset()
    return _NO_TIME if offset is None else offset


def _second_before(instant: dt.datetime) -> dt.datetime:
    """The last whole second before an instant, in UTC: transitions are at whole seconds."""
    return (instant.astimezone(dt.UTC) - _TICK).replace(microsecond=0)


def change_between(low: dt.datetime, high: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The first second after ``low``, up to ``high``, at which the offset is no more what it is at ``low``."""
    before = offset_at(low, zone)

    def changed(instant: dt.datetime) -> bool:
        return offset_at(instant, zone) != before

    # By hours first: most transitions are at a whole one, and each look costs a microsecond.
    hour = _first_step(low, high, _HOUR, changed)
    if not changed(hour - _SECOND):
        return hour
    return _first_step(hour - _HOUR, hour, _SECOND, changed)


def _first_step(
    low: dt.datetime, high: dt.datetime, step: dt.timedelta, holds: Callable[[dt.datetime], bool]
) -> dt.datetime:
    """The first whole step after ``low`` at which something holds that holds from some instant up to ``high`` on."""
    begin = (low - _ORIGIN) // step + 1
    steps = range(begin, -((_ORIGIN - high) // step))
    return _ORIGIN + (begin + bisect_left(steps, True, key=lambda each: holds(_ORIGIN + each * step))) * step
