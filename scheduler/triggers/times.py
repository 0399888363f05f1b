"""Readers of the values that several triggers take: moments, counts and durations."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from jobs.durations import parse_ms
from scheduler.triggers.base import refuse
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap, instants

SHIFT_FIRST = DstRule(Gap.SHIFT, Overlap.FIRST)
"""Of a wall time that does not exist, the time the clock shows instead; of one that comes twice, the first: always one instant."""
MILLISECOND = dt.timedelta(milliseconds=1)
FIRST_YEAR, LAST_YEAR = 1970, 9998
"""A year less than Python's dates have, so that no offset leads out of them."""
LONGEST_MS = 100 * 31_557_600_000
"""100 years of 365.25 days: longer than any schedule lives, and shorter than every limit of Python's dates."""

_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,6})?)?(?:[Zz]|[+-]\d{2}(?::?\d{2})?)?)?", re.ASCII
)
_DIGITS = re.compile(r"[0-9]{1,9}")


def read_moment(value: object, *, field: str) -> dt.datetime:
    """Read an instant or a wall time.

    Args:
        value: A datetime or a date (midnight is meant), or ISO-8601 text of either. With an offset or Z it is an instant,
            without a wall time.
        field: The name for the error.

    Returns:
        An aware UTC datetime for an instant; a naive one for a wall time.

    Raises:
        ValidationError: The value is no moment of the years 1970 to 9998.
    """
    moment = value if isinstance(value, dt.datetime) else _from_date(value) or _from_text(value)
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        refuse(
            field,
            f"expected a time of the years {FIRST_YEAR} to {LAST_YEAR}, such as 2026-01-31T12:00:00Z, or 2026-01-31T12:00:00 "
            f"for the clock of the time zone, not {shown(value)}",
        )
    return moment if moment.tzinfo is None else moment.astimezone(dt.UTC)


def _from_date(value: object) -> dt.datetime | None:
    return dt.datetime.combine(value, dt.time()) if isinstance(value, dt.date) else None


def _from_text(value: object) -> dt.datetime | None:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        return dt.datetime.fromisoformat(value.upper().replace(",", "."))
    except ValueError:
        return None  # a 30th of February, an hour 25


def read_end(value: object, *, field: str, zone: ZoneInfo) -> dt.datetime:
    """Read the last instant at which something may happen, as `read_moment` does; a date alone means the end of that day.

    Returns:
        Aware UTC.

    Raises:
        ValidationError: As `read_moment` does.
    """
    moment = read_moment(value, field=field)
    if _is_date(value):
        moment += dt.timedelta(days=1) - dt.timedelta.resolution
    return as_bound(moment, zone=zone)


def as_bound(moment: dt.datetime, *, zone: ZoneInfo) -> dt.datetime:
    """The instant that a moment of `read_moment` means as a bound: of a wall time that comes twice the second."""
    if moment.tzinfo is not None:
        return moment
    return instants(moment, zone, DstRule(Gap.SHIFT, Overlap.SECOND))[0]


def _is_date(value: object) -> bool:
    if isinstance(value, str):
        return len(value) == len("2026-01-31")
    return not isinstance(value, dt.datetime)


def as_instant(moment: dt.datetime, *, zone: ZoneInfo, rule: DstRule) -> dt.datetime | None:
    """The instant that a moment of `read_moment` means: None for a wall time in a gap that the rule skips."""
    if moment.tzinfo is not None:
        return moment
    return next(iter(instants(moment, zone, rule)), None)


def read_count(value: object, *, field: str, most: int) -> int:
    """Read a whole number from 1 to `most`, given as a number or in digits.

    Raises:
        ValidationError: It is anything else.
    """
    number = value
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= most:
        refuse(field, f"expected a whole number from 1 to {most:,}, not {shown(value)}")
    return number


def read_duration(value: object, *, field: str, least_ms: int) -> int:
    """Read a duration of the `ms` dialect as whole milliseconds, rounded to the nearest.

    Args:
        least_ms: The shortest allowed; the longest is 100 years.

    Raises:
        ValidationError: It is no duration, or outside these bounds.
    """
    try:
        milliseconds = parse_ms(value)  # type: ignore[arg-type]  # it refuses other types itself
    except (ValueError, OverflowError) as error:
        refuse(field, str(error))
    if not least_ms <= milliseconds <= LONGEST_MS:
        refuse(field, f"expected a duration from {least_ms:,} milliseconds to 100 years, not {shown(value)}")
    return round(milliseconds)


def shown(value: object) -> str:
    """A value as an error message shows it: short, on one line."""
    try:
        text = ascii(value)
    except (RecursionError, ValueError):  # nested without end; an integer of more digits than Python writes
        text = f"such a {type(value).__name__}"
    return text if len(text) <= 40 else f"{text[:37]}..."
