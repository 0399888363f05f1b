"""Small pieces of plain English that the descriptions of triggers share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

_UNITS_MS = (("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1000), ("millisecond", 1))


def count_of(number: int, noun: str) -> str:
    """A number with its noun: ``1 hour``, ``2 hours``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration_words(milliseconds: int) -> str:
    """A duration of one millisecond or more: ``1 hour 30 minutes``."""
    parts = []
    for noun, size in _UNITS_MS:
        number, milliseconds = divmod(milliseconds, size)
        if number:
            parts.append(count_of(number, noun))
    return " ".join(parts)


def every_words(number: int, noun: str) -> str:
    """How often: ``every hour``, ``every 2 hours``."""
    return f"every {noun}" if number == 1 else f"every {count_of(number, noun)}"


def listed(words: Sequence[str]) -> str:
    """One or more words as a list: ``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def instant_words(instant: dt.datetime) -> str:
    """An aware or a wall time for a sentence; a wall time has no offset: ``2026-01-31 12:00:00+01:00``."""
    return instant.isoformat(sep=" ", timespec="milliseconds" if instant.microsecond else "seconds")
