"""The stretches of a calendar on a reader's clock: a month of days, a week of days, a day of hours. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 1971, 9000
_DAY = dt.timedelta(days=1)


class Span(StrEnum):
    """What a calendar shows at once."""

    MONTH = "month"
    WEEK = "week"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Grid:
    """A calendar's stretches.

    Args:
        span: What it shows.
        day: Which one: a day of it.
        edges: Aware, in order: where the stretches begin, and where the last one ends.
        days: The day of each stretch.
        before, after: A day of the calendar before this one, and of the one after.
    """

    span: Span
    day: dt.date
    edges: Sequence[dt.datetime]
    days: Sequence[dt.date]
    before: dt.date
    after: dt.date


def grid(*, span: Span, day: dt.date, zone: ZoneInfo) -> Grid:
    """The calendar that holds a day. Weeks begin on Monday; a day whose clock is moved has an hour more or less."""
    match span:
        case Span.MONTH:
            first = day.replace(day=1)
            following = (first + 31 * _DAY).replace(day=1)
            start, end = first - first.weekday() * _DAY, following - _DAY
            days = _days(start, end + (6 - end.weekday()) * _DAY)
            return Grid(span, day, _edges(days, zone), days, first - _DAY, following)
        case Span.WEEK:
            start = day - day.weekday() * _DAY
            days = _days(start, start + 6 * _DAY)
            return Grid(span, day, _edges(days, zone), days, start - _DAY, start + 7 * _DAY)
        case Span.DAY:
            edges = _hours(_midnight(day, zone), _midnight(day + _DAY, zone))
            return Grid(span, day, edges, [day] * (len(edges) - 1), day - _DAY, day + _DAY)


def read_day(text: str, *, today: dt.date) -> dt.date:
    """The day of an address; today for what is none."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return today
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else today


def read_span(text: str) -> Span:
    """The span of an address; a month for what is none."""
    return Span(text) if text in set(Span) else Span.MONTH


def _days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + number * _DAY for number in range((last - first).days + 1)]


def _edges(days: Sequence[dt.date], zone: ZoneInfo) -> list[dt.datetime]:
    return [_midnight(each, zone) for each in (*days, days[-1] + _DAY)]


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=zone).astimezone(dt.UTC)


def _hours(start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
    """Of elapsed time, so that an hour that comes twice stands twice."""
    hours = [start]
    while hours[-1] < end:
        hours.append(min(hours[-1] + dt.timedelta(hours=1), end))
    return hours
