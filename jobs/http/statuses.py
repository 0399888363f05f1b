"""What a status code means for the attempt."""

from __future__ import annotations

import datetime as dt
import email.utils
import enum
import re
from collections.abc import Iterable

StatusRange = tuple[int, int]
"""The first and the last code, both included."""

SUCCESS: tuple[StatusRange, ...] = ((200, 299),)
_RETRIED: tuple[StatusRange, ...] = ((408, 408), (425, 425), (429, 429), (500, 599))
_WRITTEN = re.compile(r"([1-5])xx|([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?", re.IGNORECASE | re.ASCII)
_EXPECTED = 'expected status codes such as 200, "2xx" or "200-204"'


class Verdict(enum.Enum):
    """What to do with an attempt that was answered."""

    SUCCEEDED = "succeeded"
    AGAIN = "again"
    FINAL = "final"


def parse_ranges(written: object) -> tuple[StatusRange, ...]:
    """Read ``[200, "2xx", "500-504"]``, or one of these alone. Raises ValueError that says what would be right."""
    items = written if isinstance(written, list | tuple) else [written]
    return tuple(_parse_range(item) for item in items)


def contains(ranges: Iterable[StatusRange], status: int) -> bool:
    """Whether the code lies in one of the ranges."""
    return any(low <= status <= high for low, high in ranges)


def classify(
    status: int,
    *,
    expected: tuple[StatusRange, ...] = SUCCESS,
    again: tuple[StatusRange, ...] = (),
    final: tuple[StatusRange, ...] = (),
) -> Verdict:
    """Judge an answer: what is expected succeeds; then the payload's own words count, ``final`` before ``again``.

    Without such words 408, 425, 429 and 5xx are worth another attempt, and nothing else is.
    """
    if contains(expected, status):
        return Verdict.SUCCEEDED
    if contains(final, status):
        return Verdict.FINAL
    return Verdict.AGAIN if contains((*again, *_RETRIED), status) else Verdict.FINAL


def retry_after_seconds(header: str | None, *, now: dt.datetime) -> float | None:
    """Read Retry-After: seconds or a date (RFC 9110, section 10.2.3). None when absent or unreadable; never negative."""
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the second: a year or a zone with more digits than a number may have
        return None
    # A date without a zone is read as UTC, which HTTP's dates are by definition.
    when = when if when.tzinfo else when.replace(tzinfo=dt.UTC)
    return max(0.0, (when - now).total_seconds())


def _parse_range(item: object) -> StatusRange:
    if isinstance(item, bool) or not isinstance(item, int | str):
        raise ValueError(_EXPECTED)
    match = _WRITTEN.fullmatch(str(item))
    if match is None:
        raise ValueError(f"{_EXPECTED}; {str(item)[:40]!r} is none")
    hundred, first, last = match.groups()
    if hundred:
        return int(hundred) * 100, int(hundred) * 100 + 99
    if last and int(last) < int(first):
        raise ValueError(f"{_EXPECTED}; {item!r} runs backwards")
    return int(first), int(last or first)
