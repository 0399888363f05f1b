"""What a schedule will do next, saved or only typed: the sentence, the fire times on both clocks, and what a person should know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from scheduler.clock_changes import ClockWarning
from scheduler.selectors.previews import Preview, UpcomingFire
from scheduler.triggers.zones import zone_named

_LONG, _SHORT = "%a %d %b %Y %H:%M:%S", "%a %d %b %Y %H:%M"


@dataclass(frozen=True, slots=True)
class ShownFire:
    """A fire time on the schedule's clock and on the reader's; ``jitter`` is None where there is none."""

    fire: UpcomingFire
    there: str
    here: str
    jitter: dt.timedelta | None


@dataclass(frozen=True, slots=True)
class Upcoming:
    """What comes.

    Args:
        found: What the engine says.
        zone: The schedule's.
        here: The reader's; None when it is the same.
        times: The next fire times.
        warnings: What the changes of the clocks do.
        remarks: What else a person should know.
    """

    found: Preview
    zone: ZoneInfo
    here: ZoneInfo | None
    times: Sequence[ShownFire]
    warnings: Sequence[ClockWarning]
    remarks: Sequence[str]


def upcoming(found: Preview, *, reader: ZoneInfo) -> Upcoming:
    """A preview as a page tells it to a reader whose clock shows that zone."""
    zone = zone_named(found.timezone)
    other = None if reader.key == zone.key else reader
    form = _LONG if any(each.fire_at.second or each.fire_at.microsecond for each in found.times) else _SHORT
    times = [
        ShownFire(
            each,
            each.fire_at.astimezone(zone).strftime(form + " %Z"),
            each.fire_at.astimezone(reader).strftime(form + " %Z"),
            each.run_at - each.fire_at or None,
        )
        for each in found.times
    ]
    return Upcoming(found, zone, other, times, found.warnings, found.remarks)
