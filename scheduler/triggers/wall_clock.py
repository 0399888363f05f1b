"""Wall time in a zone, to instants: what a schedule does when the clocks are moved.

A wall time is a naive datetime, what a clock on the wall shows. When clocks go forward, some wall times never come (a gap); when
they go back, some come twice (an overlap). A `DstRule` says what becomes of those; all other wall times are exactly one instant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from scheduler.triggers.zone_offsets import (
    FIRST_DAY,
    LAST_DAY,
    Stretch,
    Transition,
    aware,
    calm_offset,
    change_between,
    fold_offset,
    naive,
    offset_at,
    stretches_around,
    transitions,
)

__all__ = ["DstRule", "Gap", "NextWall", "Overlap", "Transition", "instants", "next_instant", "transitions"]

NextWall = Callable[[dt.datetime], dt.datetime | None]
"""From a naive datetime to the first wall time of a sequence strictly later, or None."""

_DAY = dt.timedelta(days=1)
_TICK = dt.datetime.resolution
_NO_TIME = dt.timedelta(0)
_PATIENCE = 200
"""Gaps passed over one after another, all that is due in each with it."""


class Gap(StrEnum):
    """What becomes of a wall time that is skipped when clocks go forward."""

    SKIP = "skip"  # it does not fire
    SHIFT = "shift"  # it fires later by the length of the gap: 02:30 at 03:30
    AFTER = "after"  # it fires when the gap ends, once for all that the gap holds: 02:15 and 02:30 at 03:00


class Overlap(StrEnum):
    """Which pass fires when a wall time comes twice, because clocks go back."""

    FIRST = "first"
    SECOND = "second"
    BOTH = "both"
    # The second pass, but asked during the first pass, only what the clock has not shown yet: Quartz goes by the clock and forgets
    # in which pass it is. What fires is as with SECOND; only a search that begins between the passes of a fire misses that fire.
    QUARTZ = "quartz"


_SECOND_PASS = (Overlap.SECOND, Overlap.QUARTZ)


@dataclass(frozen=True, slots=True)
class DstRule:
    """What to do in a gap, and what in an overlap. Each dialect has its own; a person may ask for another."""

    gap: Gap
    overlap: Overlap


def instants(wall: dt.datetime, zone: ZoneInfo, rule: DstRule) -> tuple[dt.datetime, ...]:
    """The instants at which a wall time fires.

    Args:
        wall: Naive datetime; its fold is ignored.
        zone: The zone of the clock.
        rule: What to do in a gap or an overlap.

    Returns:
        Aware UTC datetimes in order: none (a skipped gap), one, or two (both passes of an overlap).
    """
    first, second = (aware(wall - fold_offset(wall, zone, fold)) for fold in (0, 1))
    if first == second:
        return (first,)
    if first < second:
        return {Overlap.FIRST: (first,), Overlap.BOTH: (first, second)}.get(rule.overlap, (second,))
    if rule.gap is Gap.SKIP:
        return ()
    return (first,) if rule.gap is Gap.SHIFT else (change_between(second, first, zone),)


def next_instant(next_wall: NextWall, after: dt.datetime, zone: ZoneInfo, rule: DstRule) -> dt.datetime | None:
    """The first instant strictly after another at which a sequence of wall times fires.

    Args:
        next_wall: From a naive datetime to the first wall time of the sequence strictly later, or None.
        after: Aware datetime; UTC is fastest.
        zone: The zone of the clock.
        rule: What to do in gaps and overlaps.

    Returns:
        Aware UTC datetime, or None when the sequence has no more (or is beyond the last days of the year 9999).

    Raises:
        ValueError: ``after`` is naive.
    """
    if after.tzinfo is not dt.UTC:
        if after.tzinfo is None:
            raise ValueError("expected an aware datetime")
        after = after.astimezone(dt.UTC)
    # Far from every transition a wall time is an instant and an offset: no other wall time can come between, neither by a
    # shift nor by repetition. That is nearly always, so it is worth a path without a search.
    offset = calm_offset(zone, after.toordinal())
    if offset is not None:
        wall = next_wall(naive(after) + offset)
        if wall is None:
            return None
        offset = calm_offset(zone, wall.toordinal())
        if offset is not None:
            return aware(wall - offset)
    if rule.overlap is Overlap.QUARTZ:
        after = _second_pass(after, zone)
    found = _next_by_days(next_wall, naive(after), zone, rule)
    return None if found is None else aware(found)


def _next_by_days(next_wall: NextWall, after: dt.datetime, zone: ZoneInfo, rule: DstRule) -> dt.datetime | None:
    """Look at one UTC day after the other, jumping over those that no wall time can reach; naive UTC."""
    day = max(after.toordinal(), FIRST_DAY)
    while day <= LAST_DAY:
        start, stretches = dt.datetime.fromordinal(day), stretches_around(zone, day)
        found = _first_in_day(next_wall, max(after, start - _TICK), start + _DAY, stretches, rule)
        if found is not None:
            return found
        # A wall time fires by one of the offsets around it, so the smallest tells where the walls of later days begin, and the
        # greatest how early the next one can fire.
        wall = next_wall(start + _DAY + min(stretch.offset for stretch in stretches) - _TICK)
        if rule.gap is Gap.SKIP:
            wall = _past_lost(next_wall, wall, zone)
        if wall is None or not FIRST_DAY <= wall.toordinal() <= LAST_DAY:
            return None
        greatest = max(stretch.offset for stretch in stretches_around(zone, wall.toordinal()))
        day = max(day + 1, (wall - greatest).toordinal())
    return None


def _past_lost(next_wall: NextWall, wall: dt.datetime | None, zone: ZoneInfo) -> dt.datetime | None:
    """The wall time itself, or a later one when a gap swallows it.

    Something that is due in the gap of each year and at no other time never fires; without this it would cost the search for a
    hundred transitions to find out.
    """
    for _ in range(_PATIENCE):
        if wall is None:
            break
        before, behind = fold_offset(wall, zone, 0), fold_offset(wall, zone, 1)
        if before >= behind:
            break
        change = change_between(aware(wall - behind), aware(wall - before), zone)
        wall = next_wall(naive(change) + behind - _TICK)
    return wall


def _first_in_day(
    next_wall: NextWall, after: dt.datetime, end: dt.datetime, stretches: tuple[Stretch, ...], rule: DstRule
) -> dt.datetime | None:
    """The first fire of all stretches around a day that is later than ``after`` and before the day's ``end``; naive UTC.

    Later fires do not count: whether a pass near the last of the stretches is the second one cannot be seen from here.
    """
    fires = (fire for stretch in stretches for fire in _fires(next_wall, after, stretch, rule))
    return min((fire for fire in fires if fire < end), default=None)


def _fires(next_wall: NextWall, after: dt.datetime, stretch: Stretch, rule: DstRule) -> Iterator[dt.datetime]:
    """The first fire later than ``after`` that a stretch has of its own, and the first that the gap at its beginning has."""
    lost = stretch.offset - stretch.previous
    begin, end = stretch.begin, stretch.end
    if lost < _NO_TIME and rule.overlap is Overlap.FIRST:
        begin -= lost  # until then the clock repeats what the stretch before has shown
    if stretch.following < stretch.offset and rule.overlap in _SECOND_PASS:
        end -= stretch.offset - stretch.following  # from then on the next stretch repeats it
    wall = next_wall(max(after, begin - _TICK) + stretch.offset)
    if wall is not None and wall - stretch.offset < end:
        yield wall - stretch.offset
    if lost > _NO_TIME and rule.gap is not Gap.SKIP:
        yield from _gap_fire(next_wall, after, stretch, rule.gap)


def _gap_fire(next_wall: NextWall, after: dt.datetime, stretch: Stretch, gap: Gap) -> Iterator[dt.datetime]:
    """The fire of the wall times that were lost when the stretch began, if there are any later than ``after``."""
    begin = stretch.begin
    if gap is Gap.AFTER and after >= begin:
        return
    since = begin - _TICK if gap is Gap.AFTER else max(after, begin - _TICK)
    wall = next_wall(since + stretch.previous)
    if wall is not None and wall < begin + stretch.offset:
        yield begin if gap is Gap.AFTER else wall - stretch.previous


def _second_pass(instant: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The instant itself; or in the first pass of an overlap, the instant at which the clock shows the same again."""
    local = instant.astimezone(zone)
    again = fold_offset(local, zone, 1)
    return instant if local.fold else instant + max(offset_at(instant, zone) - again, _NO_TIME)
