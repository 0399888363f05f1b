"""Moments, spans, sizes and counts as people read them, and as they write them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def moment(text: str | None) -> str:
    """An instant of the API to the second, in UTC: ``2026-11-21 12:00:00Z``."""
    return "" if text is None else read_moment(text).strftime("%Y-%m-%d %H:%M:%SZ")


def read_moment(text: str) -> dt.datetime:
    """An ISO 8601 instant. One without an offset is UTC. Raises ValueError."""
    read = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return read.replace(tzinfo=dt.UTC) if read.tzinfo is None else read.astimezone(dt.UTC)


def span(seconds: float) -> str:
    """``0.25 s``, ``12.3 s``, ``2 min 5 s``, ``3 h 2 min``, ``4 d 5 h``."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    whole = int(seconds)
    for unit, name, smaller, small_name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= unit:
            return f"{whole // unit} {name} {whole % unit // smaller} {small_name}"
    raise AssertionError("a minute is no less than a minute")


def read_span(text: str) -> float:
    """Seconds: a number of them, or one with a unit: ``500ms``, ``30s``, ``10m``, ``1.5h``, ``2d``. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|s|m|h|d)?", text.strip())
    if not found:
        raise ValueError("expected a span such as 30s, 10m, 1.5h or 2d")
    return float(found[1]) * _UNITS[found[2] or "s"]


def took(entry: dict[str, Any]) -> str:
    """From ``started_at`` to ``ended_at``; empty unless both are there."""
    if not entry.get("started_at") or not entry.get("ended_at"):
        return ""
    return span((read_moment(entry["ended_at"]) - read_moment(entry["started_at"])).total_seconds())


def size(count: int | None) -> str:
    """``512 B``, ``1.5 KiB``, ``20.0 MiB``."""
    if count is None or count < 1024:
        return "" if count is None else f"{count} B"
    scaled = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        scaled /= 1024
        if scaled < 1024:
            return f"{scaled:.1f} {unit}"
    return f"{scaled / 1024:.1f} TiB"


def problem_of(entry: dict[str, Any]) -> str:
    """The message of an entry's error; empty without one."""
    return str((entry.get("error") or {}).get("message", ""))


def done(run: dict[str, Any]) -> int:
    """How many payloads have their outcome."""
    counts = run["counts"]
    return int(counts["succeeded"] + counts["failed"] + counts["cancelled"])
