"""What stands in the addresses of lists: dates, ids and cursors."""

from __future__ import annotations

import datetime as dt

from django.utils.dateparse import parse_date, parse_datetime

MOST_DIGITS = 18


class NoMatch(Exception):
    """A value that no row can have."""


def instant(text: str) -> dt.datetime | None:
    """A day, which is its first moment in UTC, or a time with its offset; None for none. Raises NoMatch for anything else."""
    if not text:
        return None
    try:
        day, moment = parse_date(text), parse_datetime(text)
    except ValueError as error:
        raise NoMatch from error
    if day is not None:
        return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    if moment is None or moment.tzinfo is None:
        raise NoMatch
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError as error:
        raise NoMatch from error


def number(text: str) -> int | None:
    """An id; None for none. Raises NoMatch for what is no id."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise NoMatch
    return int(text)
