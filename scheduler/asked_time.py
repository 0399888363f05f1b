"""The time that somebody asks about: an instant, a wall time of a schedule's zone, or "yesterday 09:00"."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from jobs.errors import FieldError, ValidationError
from scheduler.triggers.times import read_moment, shown
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap, Transition, instants, transitions

_CLOCK = re.compile(r"(?:(today|yesterday|tomorrow)[ ,]+)?(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII | re.IGNORECASE)
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
_MINUTE = dt.timedelta(minutes=1)
_SECOND = dt.timedelta(seconds=1)
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AskedTime:
    """What was asked about.

    Args:
        instants: Aware UTC, in order: one; two where the clock shows that time twice; none where it never does.
        precision: How long the time that was named lasts: a minute where no seconds were said.
        gap: The change of clocks that skips the time, if one does.
        wall: What the clock would have shown then.
    """

    instants: tuple[dt.datetime, ...]
    precision: dt.timedelta
    gap: Transition | None = None
    wall: dt.datetime | None = None


def read_asked_time(value: object, *, zone: ZoneInfo, now: dt.datetime, field: str = "at") -> AskedTime:
    """Read a time that somebody asks about.

    Args:
        value: A datetime; or text: an instant or a wall time in ISO-8601; or "09:00", which is today's, "yesterday 09:00" and
            "tomorrow 09:00:30".
        zone: The clock of wall times.
        now: Aware UTC: what "today" is told by.
        field: The name for the error.

    Raises:
        ValidationError: It is none of these.
    """
    moment = _on_a_day(value, zone, now, field) if isinstance(value, str) else None
    moment = _moment(value, field) if moment is None else moment
    precision = _precision(value, moment)
    if moment.tzinfo is not None:
        return AskedTime((moment,), precision)
    found = instants(moment, zone, DstRule(Gap.SKIP, Overlap.BOTH))
    return AskedTime(found, precision, None if found else _gap_around(moment, zone), moment)


def _moment(value: object, field: str) -> dt.datetime:
    try:
        return read_moment(value, field=field)
    except ValidationError as error:
        also = "; or a time of today's, yesterday's or tomorrow's, such as 09:00 or yesterday 09:00"
        raise ValidationError([FieldError(each.field, each.message + also) for each in error.errors]) from None


def _on_a_day(text: str, zone: ZoneInfo, now: dt.datetime, field: str) -> dt.datetime | None:
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    day = now.astimezone(zone).date() + _DAYS[(match[1] or "today").lower()] * _DAY
    try:
        return dt.datetime.combine(day, dt.time(int(match[2]), int(match[3]), int(match[4] or 0)))
    except ValueError as error:
        raise ValidationError([FieldError(field, f"{shown(text)} is no time of day: {error}")]) from error


def _precision(value: object, moment: dt.datetime) -> dt.timedelta:
    if moment.microsecond:
        return dt.datetime.resolution
    says_seconds = isinstance(value, str) and len(re.findall(r":\d\d", value.partition("+")[0])) > 1
    return _SECOND if moment.second or says_seconds else _MINUTE


def _gap_around(wall: dt.datetime, zone: ZoneInfo) -> Transition:
    """The change of clocks that skips a wall time."""
    about = wall.replace(tzinfo=dt.UTC)
    return next(
        each
        for each in transitions(zone, about - 2 * _DAY, about + 2 * _DAY)
        if each.before <= about - each.instant < each.after
    )
