"""Durations as milliseconds or as the strings of the npm package ms: ``"10s"``, ``"1.5h"``, ``"2 days"``."""

from __future__ import annotations

import datetime as dt
import math
import re

_UNIT_MS = {
    "ms": 1.0,
    "s": 1000.0,
    "m": 60_000.0,
    "h": 3_600_000.0,
    "d": 86_400_000.0,
    "w": 604_800_000.0,
    "y": 31_557_600_000.0,  # 365.25 days, as ms has it
}
_ALIASES = {
    "ms": ("milliseconds", "millisecond", "msecs", "msec", "ms"),
    "s": ("seconds", "second", "secs", "sec", "s"),
    "m": ("minutes", "minute", "mins", "min", "m"),
    "h": ("hours", "hour", "hrs", "hr", "h"),
    "d": ("days", "day", "d"),
    "w": ("weeks", "week", "w"),
    "y": ("years", "year", "yrs", "yr", "y"),
}
_UNIT_OF = {alias: unit for unit, aliases in _ALIASES.items() for alias in aliases}
# re.ASCII, or \d and IGNORECASE would let other scripts' digits and letters such as the long s through.
_PATTERN = re.compile(r"(-?[0-9]*\.?[0-9]+) *([a-z]+)?", re.IGNORECASE | re.ASCII)
_MAX_LENGTH = 100

EXPECTED = 'expected milliseconds (1500) or one number with one unit, such as "10s", "1.5h" or "2 days"'

_WORDS = "|".join(sorted(_UNIT_OF, key=lambda alias: (-len(alias), alias)))
JSON_SCHEMA = {
    "description": "Milliseconds, or one number with one unit, such as `10s`, `1.5h` or `2 days`.",
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "maxLength": _MAX_LENGTH, "pattern": rf"^[0-9]*\.?[0-9]+( *({_WORDS}))?$"},
    ],
}
"""What may be written, for editors and for the API's document; units may be in capitals, too."""


def parse_ms(value: str | int | float) -> float:
    """Read a duration.

    Args:
        value: A number of milliseconds, or a string of at most 100 characters: a decimal number, spaces, and a unit
            from ms to years in any case. Without a unit it is milliseconds.

    Returns:
        Milliseconds; negative when the input is.

    Raises:
        ValueError: The text is not a duration; the message says what would be right.

    Source: the npm package ms 2.1.3, checked against tests/vectors/ms.open.jsonl.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(EXPECTED)
    if not isinstance(value, str):
        return _finite(value)
    match = _PATTERN.fullmatch(value) if len(value) <= _MAX_LENGTH else None
    unit = _UNIT_OF.get((match[2] or "ms").lower()) if match else None
    if match is None or unit is None:
        raise ValueError(f"{EXPECTED}; {value[:40]!r} is not a duration")
    return float(match[1]) * _UNIT_MS[unit]


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(EXPECTED)
    return float(value)


def interval(value: str | int | float) -> dt.timedelta:
    """A duration as the database keeps it: in whole microseconds, and never nothing. Raises ValueError as `parse_ms` does."""
    return dt.timedelta(microseconds=max(1, round(parse_ms(value) * 1000)))


def seconds(value: float) -> dt.timedelta:
    """A number of seconds as a timedelta."""
    return dt.timedelta(seconds=value)
