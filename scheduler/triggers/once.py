"""Fires a single time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from scheduler.triggers.base import refuse
from scheduler.triggers.times import SHIFT_FIRST, as_instant, read_moment
from scheduler.triggers.wall_clock import DstRule
from scheduler.triggers.words import instant_words


@dataclass(frozen=True, slots=True)
class Once:
    """One instant, to the microsecond."""

    at: dt.datetime
    zone: ZoneInfo

    @classmethod
    def parse(cls, at: object, *, zone: ZoneInfo, rule: DstRule | None = None) -> Once:
        """Read the time of the only fire.

        Args:
            at: An instant or a wall time of the zone, as a datetime or ISO-8601 text.
            zone: Gives a wall time its meaning.
            rule: What a wall time means in a gap or an overlap; None: shifted, and the first. ``both`` is the first too,
                since there is one fire.

        Raises:
            ValidationError: Field ``at``: no time, or one that the rule skips.
        """
        moment = read_moment(at, field="at")
        instant = as_instant(moment, zone=zone, rule=rule or SHIFT_FIRST)
        if instant is None:
            refuse(
                "at",
                f"{moment} does not exist in {zone}, whose clocks go forward then: expected a time that exists, or gap: shift",
            )
        return cls(instant, zone)

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The only fire when it is strictly after an aware instant, else None."""
        return self.at if self.at > instant else None

    def describe(self) -> str:
        """Such as: Once at 2026-01-31 12:00:00+01:00."""
        return f"Once at {instant_words(self.at.astimezone(self.zone))}"
