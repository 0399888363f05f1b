"""How many times schedules fire in each hour to come, and how many of their runs are to be expected at once: pure, and bounded."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from scheduler.definition import Definition

HOUR_SECONDS = 3600
_HOUR = dt.timedelta(hours=1)
_TICK = dt.datetime.resolution
_WEEK, _DAY = 168, 24
_EVEN = 16
"""So many equal distances one after the other, and the rest of the hour is taken to go on so, if it does at its middle and end."""


@dataclass(slots=True)
class Hours:
    """The fires of one schedule by hour.

    ``counts`` and ``offsets`` are by the number of the hour, and have no entry where nothing fires: how many fires there are, and
    the sum of their seconds since the hour's begin. ``sampled``: not every fire time was looked at.
    """

    counts: Counter[int] = field(default_factory=Counter)
    offsets: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    sampled: bool = False

    @property
    def total(self) -> int:
        """All fires."""
        return self.counts.total()


@dataclass(frozen=True, slots=True)
class Source:
    """What a number of schedules that fire at the same times add to the load.

    ``weight``: how many they are. ``seconds``: how long a run of theirs takes. ``alone``: no two runs of one schedule at once.
    """

    hours: Hours
    weight: float
    seconds: float
    alone: bool


@dataclass(frozen=True, slots=True)
class HourLoad:
    """One hour: its begin (aware UTC), how many fire times lie in it, and how many runs are expected at once, on average."""

    start: dt.datetime
    fires: int
    concurrency: float


def count_by_hour(definition: Definition, *, start: dt.datetime, hours: int, most: int) -> Hours:
    """Count the fires of a schedule, less what is excluded.

    Args:
        definition: The schedule.
        start: Aware UTC, on a whole hour.
        hours: How many.
        most: About so many fire times are looked for. When there are more, the rest repeats what was found: its last whole week,
            or day, or hour.
    """
    counting = _Counting(definition, start, hours)
    known = counting.count(most)
    if known < hours:
        _repeat(counting.found, known, hours, _until(definition, start, hours))
    return counting.found


def curve(*, sources: Iterable[Source], start: dt.datetime, hours: int) -> list[HourLoad]:
    """Add up what all schedules do, hour by hour.

    A run counts for the hours over which it lasts if it begins when the fires of its hour do on average.
    """
    alike: dict[int, list[Source]] = defaultdict(list)
    for source in sources:
        alike[id(source.hours)].append(source)
    fires: list[float] = [0.0] * hours
    busy: list[float] = [0.0] * hours
    for group in alike.values():
        _add_fires(fires, group)
        _add_busy(busy, group)
    return [
        HourLoad(start + hour * _HOUR, round(fires[hour]), round(busy[hour] / HOUR_SECONDS, 2)) for hour in range(hours)
    ]


def _add_fires(fires: list[float], group: list[Source]) -> None:
    weight = sum(source.weight for source in group)
    for hour, count in group[0].hours.counts.items():
        fires[hour] += weight * count


def _add_busy(busy: list[float], group: list[Source]) -> None:
    """Of schedules that fire at the same times. Short runs are added up first: there are thousands of them."""
    found = group[0].hours
    if not found.counts:
        return
    latest = max(found.offsets[hour] / count for hour, count in found.counts.items())
    most = max(found.counts.values())
    plain = 0.0
    for source in group:
        stays = latest + source.seconds <= HOUR_SECONDS
        if stays and (not source.alone or most * source.seconds <= HOUR_SECONDS):
            plain += source.weight * source.seconds
            continue
        for hour, seconds in _spread(source, len(busy)).items():
            busy[hour] += source.weight * (min(seconds, HOUR_SECONDS) if source.alone else seconds)
    if plain:
        for hour, count in found.counts.items():
            busy[hour] += plain * count


def _spread(source: Source, hours: int) -> dict[int, float]:
    """The seconds that the runs of one schedule take, by the hour in which they take them."""
    busy: dict[int, float] = defaultdict(float)
    for hour, count in source.hours.counts.items():
        left, begin = source.seconds, source.hours.offsets[hour] / count
        at = hour
        while left > 0 and at < hours:
            lasts = min(left, HOUR_SECONDS - begin)
            busy[at] += count * lasts
            left, begin, at = left - lasts, 0.0, at + 1
    return busy


class _Counting:
    """Goes through the fire times of one schedule, hour by hour."""

    def __init__(self, definition: Definition, start: dt.datetime, hours: int) -> None:
        self.found = Hours()
        self._union = definition.union
        self._start, self._hours = start, hours
        self._asked = 0

    def count(self, most: int) -> int:
        """Count until the end, or until enough were looked for; how many hours are counted."""
        fire = self._next(self._start - _TICK)
        while fire is not None and (hour := self._hour_of(fire)) < self._hours:
            if self._asked > most and hour:
                return hour
            fire = self._count_hour(hour, fire)
        return self._hours

    def _count_hour(self, hour: int, fire: dt.datetime | None) -> dt.datetime | None:
        """Count an hour from its first fire on; the first fire of a later one, or None."""
        end = self._start + (hour + 1) * _HOUR
        distance, alike, may_leap = None, 0, True
        while fire is not None and fire < end:
            self._add(hour, fire)
            following = self._next(fire)
            if following is None:
                return None
            alike = alike + 1 if following - fire == distance else 0
            distance = following - fire
            if alike >= _EVEN and may_leap:
                leap, may_leap = self._leap(following, distance, end), False
                for each in leap:
                    self._add(hour, each)
                following = self._next(leap[-1]) if leap else following
            fire = following
        return fire

    def _leap(self, fire: dt.datetime, distance: dt.timedelta, end: dt.datetime) -> list[dt.datetime]:
        """The fires from one on up to the hour's end, if they go on at the same distance as far as it is looked at."""
        steps = (end - _TICK - fire) // distance
        probes = {steps // 2, steps}
        if steps < _EVEN or any(self._next(fire + (step - 1) * distance) != fire + step * distance for step in probes):
            return []
        self.found.sampled = True
        return [fire + step * distance for step in range(steps + 1)]

    def _add(self, hour: int, fire: dt.datetime) -> None:
        self.found.counts[hour] += 1
        self.found.offsets[hour] += fire.minute * 60 + fire.second + fire.microsecond / 1e6

    def _next(self, after: dt.datetime) -> dt.datetime | None:
        self._asked += 1
        return self._union.next_after(after)

    def _hour_of(self, fire: dt.datetime) -> int:
        return (fire - self._start) // _HOUR


def _repeat(found: Hours, known: int, hours: int, until: int) -> None:
    """Let the hours that were not counted be what they were a week before, or a day, or an hour."""
    found.sampled = True
    period = next((each for each in (_WEEK, _DAY) if known >= each), 1)
    for hour in range(known, min(hours, until)):
        if count := found.counts.get(hour - period):
            found.counts[hour], found.offsets[hour] = count, found.offsets[hour - period]


def _until(definition: Definition, start: dt.datetime, hours: int) -> int:
    """The number of the hour after the one in which the schedule ends."""
    end = definition.union.end
    return hours if end is None else max(0, (end - start) // _HOUR + 1)


def busiest(load: Iterable[HourLoad]) -> HourLoad | None:
    """The hour with the most runs at once, and of several the one with the most fires; None when nothing fires."""
    return max((each for each in load if each.fires), key=lambda each: (each.concurrency, each.fires), default=None)
