"""ISO 8601 dates and times of day, with or without a zone designator."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from fractions import Fraction
from zoneinfo import ZoneInfo

from scheduler.triggers.base import refuse
from scheduler.triggers.wall_clock import DstRule, Gap, instants

# Each form in its extended and in its basic spelling. Fewer digits than a day takes mean the beginning of the year, month or week.
_DATES = [
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?",
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)",
    r"(?P<year>\d{4})(?P<dash>-?)W(?P<week>\d\d)(?:(?P=dash)(?P<weekday>\d))?",
    r"(?P<year>\d{4})-?(?P<ordinal>\d{3})",
]
_DATE_PATTERNS = [re.compile(pattern, re.ASCII) for pattern in _DATES]
_TIME_PATTERN = re.compile(
    r"(?P<hour>\d\d)(?:(?P<colon>:?)(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d))?)?(?:[.,](?P<fraction>\d{1,20}))?"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_SHORT_END = re.compile(r"(?:(?:(?P<month>\d\d)-)?(?P<day>\d\d)(?:T(?P<time>.+))?)|(?P<only_time>\d\d:.+)", re.ASCII)
_MAX_LENGTH = 100
_DAY = dt.timedelta(days=1)

EXPECTED = (
    'expected an ISO 8601 date with or without a time and a zone designator, such as "2026-01-31T09:00:00Z", '
    '"2026-01-31T09:00:00+01:00", "20260131T0900" or "2026-W05-6"'
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a date and time says: a wall time, and its distance from UTC if it says so."""

    wall: dt.datetime
    offset: dt.timedelta | None

    def instant(self, *, zone: ZoneInfo, rule: DstRule) -> dt.datetime:
        """The instant, in UTC: a wall time without an offset is one of the zone.

        A wall time that the clocks skip is moved forward by what they skip, whatever the rule; of one that comes twice the rule
        chooses.

        Raises:
            OverflowError: It lies outside the years 1 to 9999 of UTC.
        """
        if self.offset is not None:
            return (self.wall - self.offset).replace(tzinfo=dt.UTC)
        return instants(self.wall, zone, DstRule(gap=Gap.SHIFT, overlap=rule.overlap))[0]


def parse_moment(text: object, *, field: str) -> Moment:
    """Read a date, or a date and a time.

    Raises:
        ValidationError: It is none, or a day or a time that does not exist; the message says which, and what is right.

    Source: ISO 8601-1:2019, 5.2 to 5.4.
    """
    if not isinstance(text, str) or len(text) > _MAX_LENGTH:
        refuse(field, EXPECTED)
    date_text, has_time, time_text = text.partition("T")
    date = _date(date_text, text, field)
    if not has_time:
        return Moment(dt.datetime.combine(date, dt.time.min), None)
    time = _TIME_PATTERN.fullmatch(time_text)
    if time is None or re.fullmatch(r"\d{4}(-\d\d|-?W\d\d)?", date_text):  # A time belongs to a day.
        refuse(field, f"{text!r} is none: {EXPECTED}")
    try:
        return Moment(dt.datetime.combine(date, dt.time.min) + _time_of_day(time), _offset(time["zone"]))
    except (ValueError, OverflowError) as error:
        refuse(field, f"{text!r} has no such time: {error}")


def complete_end(end: str, *, start: str) -> str:
    """Fill in what an interval's end leaves out because its start says it.

    Args:
        end: Such as ``15:30``, ``15T09:00`` or ``03-14``, or a whole date, which is returned as it is.
        start: The interval's start in the extended form ``YYYY-MM-DD``; with any other, the end is returned as it is.

    Source: ISO 8601-1:2019, 5.5.2.1: higher order elements, and the zone designator, may be left out of the end.
    """
    whole = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:T.*?(Z|[+-]\d\d:?(?:\d\d)?)?)?", start, re.ASCII)
    if whole is None:
        return end
    short = _SHORT_END.fullmatch(end)
    if short is not None:
        date = f"{whole[1]}-{short['month'] or whole[2]}-{short['day'] or whole[3]}"
        time = short["time"] or short["only_time"]
        end = f"{date}T{time}" if time else date
    ends_with_zone = re.search(r"T.*(Z|[+-]\d\d:?(\d\d)?)$", end, re.ASCII)
    return end if ends_with_zone or "T" not in end or not whole[4] else end + whole[4]


def _date(date_text: str, text: str, field: str) -> dt.date:
    for pattern in _DATE_PATTERNS:
        if found := pattern.fullmatch(date_text):
            try:
                return _day(found.groupdict())
            except ValueError as error:
                refuse(field, f"there is no such day as {date_text}: {error}")
    refuse(field, f"{text!r} is none: {EXPECTED}")


def _day(parts: dict[str, str | None]) -> dt.date:
    year = int(parts["year"] or 0)
    if week := parts.get("week"):
        return dt.date.fromisocalendar(year, int(week), int(parts["weekday"] or 1))
    if ordinal := parts.get("ordinal"):
        day = dt.date(year, 1, 1) + (int(ordinal) - 1) * _DAY
        if day.year != year:
            raise ValueError("the day of a year is 001 to 365, or 366 in a leap year")
        return day
    return dt.date(year, int(parts.get("month") or 1), int(parts.get("day") or 1))


def _time_of_day(time: re.Match[str]) -> dt.timedelta:
    """The distance from midnight; 24:00 is the midnight at the end of the day."""
    hour, minute, second = int(time["hour"]), int(time["minute"] or 0), int(time["second"] or 0)
    if hour > 24 or minute > 59 or second > 59:
        raise ValueError("hours are 00 to 24, minutes and seconds 00 to 59")
    unit = 1 if time["second"] else 60 if time["minute"] else 3600
    part = int(Fraction(f"0.{time['fraction']}") * unit * 1_000_000 // 1) if time["fraction"] else 0
    since_midnight = dt.timedelta(hours=hour, minutes=minute, seconds=second, microseconds=part)
    if since_midnight > _DAY:
        raise ValueError("after 24:00 there is nothing")
    return since_midnight


def _offset(zone: str | None) -> dt.timedelta | None:
    if zone is None or zone == "Z":
        return None if zone is None else dt.timedelta(0)
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError("a zone designator is at most 23:59")
    distance = dt.timedelta(hours=hours, minutes=minutes)
    return -distance if zone[0] == "-" else distance
