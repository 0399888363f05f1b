"""ISO 8601 intervals, and the schedules that repeat them: ``R5/2026-01-01T00:00:00Z/PT1H``."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from fractions import Fraction
from zoneinfo import ZoneInfo

from scheduler.triggers.base import refuse
from scheduler.triggers.iso_duration import DAY_US, IsoDuration, elapsed, shift_wall
from scheduler.triggers.iso_moment import complete_end, parse_moment
from scheduler.triggers.times import shown
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap, instants
from scheduler.triggers.words import count_of, instant_words

OWN_RULE = DstRule(Gap.SHIFT, Overlap.FIRST)
"""As Temporal's "compatible": a wall time that does not exist is moved forward, and of two the first is meant."""

EXPECTED_INTERVAL = (
    "expected two parts with one slash between them: a start and an end, a start and a duration, or a duration and an end, such as "
    '"2026-01-01T09:00:00Z/PT1H"'
)
EXPECTED_REPEATING = (
    "expected R, perhaps a number of times, and an interval, such as "
    '"R/2026-01-01T09:00:00/P1D", "R5/2026-01-01T00:00:00Z/PT1H" or "R3/P1M/2026-12-31T00:00:00Z"'
)
SHORTEST_US = 1000
"""The least period, a millisecond: what is closer cannot be told apart in an answer."""

_MAX_LENGTH = 300
_MICROSECOND = dt.timedelta(microseconds=1)
_REPEATS = re.compile(r"R([0-9]{0,18})/(.*)", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class IsoInterval:
    """A start, an end, and the way between them as it was written."""

    start: dt.datetime
    end: dt.datetime
    duration: IsoDuration
    from_end: bool
    """Written as a duration and an end: the end is what it is counted from."""

    @classmethod
    def parse(
        cls, text: object, *, zone: ZoneInfo, rule: DstRule | None = None, field: str = "interval"
    ) -> IsoInterval:
        """Read an interval.

        Args:
            text: ``start/end``, ``start/duration`` or ``duration/end``. The end may leave out what the start says already.
            zone: Times without a zone designator are on its clock, and so are the years to days of a duration.
            rule: None: a time that does not exist is moved forward, and of a time that comes twice the first is meant.
            field: The name to use in the error.

        Returns:
            Start and end as aware UTC datetimes, the start not after the end. Of a start and an end the duration is the time
            elapsed between them, in seconds.

        Raises:
            ValidationError: It is none; the message says what is wrong with which part.

        Source: ISO 8601-1:2019, 5.5.
        """
        if not isinstance(text, str) or len(text) > _MAX_LENGTH or text.count("/") != 1:
            refuse(field, f"{EXPECTED_INTERVAL}, not {shown(text)}")
        try:
            first, _, second = text.partition("/")
            return cls._of_parts(first, second, zone, rule or OWN_RULE, field)
        except OverflowError:
            refuse(field, f"{shown(text)} leaves the years 1 to 9999")

    @classmethod
    def _of_parts(cls, first: str, second: str, zone: ZoneInfo, rule: DstRule, field: str) -> IsoInterval:
        if _is_duration(first):
            end = parse_moment(second, field=field).instant(zone=zone, rule=rule)
            duration = _positive(first, field)
            return cls(_one(end, duration, -1, zone, rule), end, duration, from_end=True)
        start = parse_moment(first, field=field).instant(zone=zone, rule=rule)
        if _is_duration(second):
            duration = _positive(second, field)
            return cls(start, _one(start, duration, 1, zone, rule), duration, from_end=False)
        end = parse_moment(complete_end(second, start=first), field=field).instant(zone=zone, rule=rule)
        if end < start:
            refuse(
                field,
                f"the end {instant_words(end)} is before the start {instant_words(start)}: expected one that is not",
            )
        between = IsoDuration(seconds=Fraction((end - start) // _MICROSECOND, 1_000_000))
        return cls(start, end, between, from_end=False)


@dataclass(frozen=True, slots=True)
class IsoRepeating:
    """The occurrences ``anchor + n * period``, each counted from the anchor: 31 January, 28 February, 31 March.

    Years to days move on the clock of the zone, hours to seconds are elapsed time. Counted from a start, n is 0 and more; counted
    from an end, 0 and less. ``count`` is the number of occurrences with the anchor, or None for no limit.
    """

    text: str
    anchor: dt.datetime
    period: IsoDuration
    count: int | None
    from_end: bool
    zone: ZoneInfo
    rule: DstRule

    @classmethod
    def parse(
        cls, text: object, *, zone: ZoneInfo, rule: DstRule | None = None, field: str = "iso8601"
    ) -> IsoRepeating:
        """Read a repeating interval.

        Args:
            text: ``R/interval`` or ``Rn/interval``: n occurrences, the start (or, counted from an end, the end) included.
            zone: Times without a zone designator are on its clock, and so are the years to days of the period.
            rule: None: a time that does not exist is moved forward, and of a time that comes twice the first is meant.
            field: The name to use in the error.

        Raises:
            ValidationError: It is none, or its period is shorter than a millisecond; the message says what is allowed.

        Source: ISO 8601-1:2019, 5.6; Rn as the vectors have it (tests/vectors/README.md).
        """
        match = _REPEATS.fullmatch(text) if isinstance(text, str) and len(text) <= _MAX_LENGTH else None
        if match is None:
            refuse(field, f"{EXPECTED_REPEATING}, not {shown(text)}")
        interval = IsoInterval.parse(match[2], zone=zone, rule=rule, field=field)
        if interval.duration.mean_us < SHORTEST_US:
            refuse(field, "the period is shorter than a millisecond: expected a longer one, such as PT1M")
        anchor = interval.end if interval.from_end else interval.start
        count = int(match[1]) if match[1] else None
        return cls(match[0], anchor, interval.duration, count, interval.from_end, zone, rule or OWN_RULE)

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first occurrence strictly after an aware instant, found by calculation and not by walking there."""
        first, last = self._bounds()
        number = self._estimate(instant, first, last)
        while (first is None or number > first) and not self._is_past(number - 1, instant):
            number -= 1
        try:
            while last is None or number <= last:
                for moment in _added(self.anchor, self.period, number, self.zone, self.rule):
                    if moment > instant:
                        return moment
                number += 1
        except OverflowError:
            pass  # the year 9999 has ended
        return None

    def describe(self) -> str:
        """Such as: Every 1 month and 2 days from 2026-01-31 09:00:00+01:00 (Europe/Berlin), 5 times."""
        side = "until" if self.from_end else "from"
        times = "" if self.count is None else f", {count_of(self.count, 'time')}"
        return f"Every {self.period.describe()} {side} {instant_words(self.anchor.astimezone(self.zone))} ({self.zone}){times}"

    def _estimate(self, instant: dt.datetime, first: int | None, last: int | None) -> int:
        """The number of the occurrence after an instant, or one near it: months and days are not all of the same length."""
        number = int((instant - self.anchor) // _MICROSECOND // self.period.mean_us) + 1
        number = number if last is None else min(number, last + 1)
        return number if first is None else max(number, first)

    def _is_past(self, number: int, instant: dt.datetime) -> bool:
        """Whether an occurrence is not after an instant. One that the rule skips is not known to be."""
        try:
            moments = _added(self.anchor, self.period, number, self.zone, self.rule)
        except OverflowError:
            return number < 0
        return bool(moments) and moments[-1] <= instant

    def _bounds(self) -> tuple[int | None, int | None]:
        """The least and the greatest number of an occurrence; None for no limit."""
        if self.from_end:
            return (None if self.count is None else 1 - self.count), (-1 if self.count == 0 else 0)
        return 0, (None if self.count is None else self.count - 1)


def add(*, start_local: object, duration: object, zone: ZoneInfo, field: str = "iso8601_add") -> dt.datetime:
    """Add a duration to a wall time of a zone.

    Args:
        start_local: A date and time without a zone designator.
        duration: Years to days move on the clock of the zone, the rest is elapsed time; a negative one goes back.
        zone: The clock.
        field: What errors call the whole.

    Returns:
        The instant, in UTC. A wall time that does not exist is moved forward, of one that comes twice the first is meant.

    Raises:
        ValidationError: One of them is malformed, or the result leaves the years 1 to 9999.
    """
    moment = parse_moment(start_local, field=f"{field}.start_local")
    if moment.offset is not None:
        refuse(f"{field}.start_local", f"expected a wall time without a zone designator, not {shown(start_local)}")
    length = _addable(IsoDuration.parse(duration, field=f"{field}.duration"), f"{field}.duration")
    try:
        return _one(moment.instant(zone=zone, rule=OWN_RULE), length, 1, zone, OWN_RULE)
    except OverflowError:
        refuse(f"{field}.duration", "the result leaves the years 1 to 9999")


def _added(start: dt.datetime, duration: IsoDuration, times: int, zone: ZoneInfo, rule: DstRule) -> list[dt.datetime]:
    """An instant plus a number of durations: a list, since the rule may skip the wall time or take both of two.

    The date parts are added first, on the clock of the zone, then the rest as elapsed time, a part of a day as hours.

    Raises:
        OverflowError: The result leaves the years 1 to 9999.
    """
    months, days = int(duration.total_months * times), duration.total_days * times
    whole_days = int(days)
    rest = elapsed((days - whole_days) * DAY_US + duration.clock_us * times)
    if not months and not whole_days:
        return [start + rest]
    wall = shift_wall(start.astimezone(zone).replace(tzinfo=None, fold=0), months=months, days=whole_days)
    return [moment + rest for moment in instants(wall, zone, rule)]


def _one(start: dt.datetime, duration: IsoDuration, times: int, zone: ZoneInfo, rule: DstRule) -> dt.datetime:
    """As `_added`, for ends that must be an instant whatever the rule."""
    return _added(start, duration, times, zone, DstRule(Gap.SHIFT, rule.overlap))[0]


def _is_duration(text: str) -> bool:
    return text.lstrip("+-").startswith(("P", "p"))


def _positive(text: str, field: str) -> IsoDuration:
    duration = _addable(IsoDuration.parse(text, field=field), field)
    if duration.mean_us < 0:
        refuse(field, "an interval has no negative duration: expected one that begins with P")
    return duration


def _addable(duration: IsoDuration, field: str) -> IsoDuration:
    """A duration, unless it has a part of a month, which is no length: months are of 28 to 31 days."""
    if duration.total_months.denominator != 1:
        refuse(
            field,
            "a part of a month has no fixed length: expected whole months, or weeks, days or hours in their place",
        )
    return duration
