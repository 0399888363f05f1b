"""Times and spans as people read them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from scheduler.triggers.wall_clock import DstRule, Gap, Overlap, instants

_ON_TIME = dt.timedelta(seconds=1)
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def span(duration: dt.timedelta) -> str:
    """``1 d 2 h``, ``3 m 5 s``, ``0.4 s``: the two largest units."""
    total = duration.total_seconds()
    if total < 60:
        return f"{total:.3g} s"
    parts: list[str] = []
    for size, unit in _UNITS:
        count, total = divmod(total, size)
        if count or parts:
            parts.append(f"{count:.0f} {unit}")
    return " ".join(parts[:2])


def lateness(by: dt.timedelta) -> str:
    """``on time`` within a second, which is how often a beat looks; ``3 m 5 s late`` from then on."""
    return "on time" if by < _ON_TIME else f"{span(by)} late"


def clock_words(instant: dt.datetime, zone: ZoneInfo) -> str:
    """``09:00``, with seconds or fractions only when there are some."""
    local = instant.astimezone(zone)
    if local.microsecond:
        return f"{local:%H:%M:%S.%f}".rstrip("0")
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def day_words(day: dt.date) -> str:
    """``29 March 2026``."""
    return f"{day.day} {day:%B} {day.year}"


def moment_words(instant: dt.datetime, zone: ZoneInfo) -> str:
    """``Saturday 21 November 2026, 09:00``; with the offset from UTC where the zone's clock shows that time twice."""
    local = instant.astimezone(zone)
    words = f"{local:%A} {day_words(local.date())}, {clock_words(instant, zone)}"
    wall = local.replace(tzinfo=None, fold=0)
    twice = len(instants(wall, zone, DstRule(Gap.SKIP, Overlap.BOTH))) > 1
    return f"{words} (UTC{local.isoformat()[-6:]})" if twice else words


def ended_words(state: str) -> str:
    """What a run did that ended so: ``succeeded``, ``failed``, ``was cancelled``."""
    return "was cancelled" if state == "cancelled" else state
