"""Fires, and again after a random delay between a minimum and a maximum; the same ones whenever it is asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from hashlib import blake2b
from zoneinfo import ZoneInfo

from scheduler.triggers.base import refuse
from scheduler.triggers.every import EPOCH
from scheduler.triggers.times import MILLISECOND, SHIFT_FIRST, as_instant, read_duration, read_moment
from scheduler.triggers.words import duration_words, instant_words

SHORTEST_MS = 1000
FIRES_PER_LEG = 50
"""How many fires a leg has if all delays are average: the price of a jump to any instant, against how often the grid shows."""


@dataclass(frozen=True, slots=True)
class RandomWindow:
    """A chain of fires from a start, each after the one before by a delay that the seed draws.

    The delay after a fire is a function of the seed, the fire's own time and the start alone, so that every process sees
    the same chain and a restart does not disturb it.

    A plain chain could only be found again by walking it from its start. This one is cut into legs of equal length, and the
    delays at the end of a leg are drawn so that its last one, too, ends within the bounds and exactly where the next leg
    begins. Any instant, however far away, is found by walking one leg: about `FIRES_PER_LEG` draws.
    """

    start: dt.datetime
    minimum_ms: int
    maximum_ms: int
    seed: str

    @classmethod
    def parse(cls, *, minimum: object, maximum: object, seed: object, start: object, zone: ZoneInfo) -> RandomWindow:
        """Read the bounds, the seed and the start.

        Args:
            minimum: Least delay, milliseconds or text such as ``"10m"``; at least a second.
            maximum: Greatest delay; not less than the minimum.
            seed: Text of 1 to 100 characters, or a whole number; drawn once and stored with the trigger.
            start: The first fire: an instant, or a wall time of the zone (in a gap: shifted; in an overlap: the first).
            zone: Gives a wall time its meaning.

        Raises:
            ValidationError: One of them is malformed or out of its bounds; the error names the field.
        """
        minimum_ms = read_duration(minimum, field="minimum", least_ms=SHORTEST_MS)
        maximum_ms = read_duration(maximum, field="maximum", least_ms=SHORTEST_MS)
        if maximum_ms < minimum_ms:
            refuse("maximum", f"expected at least the minimum, {duration_words(minimum_ms)}")
        first = as_instant(read_moment(start, field="start"), zone=zone, rule=SHIFT_FIRST)
        assert first is not None  # the rule shifts
        return cls(first, minimum_ms, maximum_ms, _read_seed(seed))

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first fire strictly after an aware instant, at most a walk of one leg; None beyond the year 9999."""
        if instant < self.start:
            return self.start
        passed_ms = (instant - self.start) // MILLISECOND
        fire_ms = passed_ms - passed_ms % self._leg_ms
        leg_end_ms = fire_ms + self._leg_ms
        while fire_ms <= passed_ms:
            fire_ms += self._delay_ms(fire_ms, leg_end_ms - fire_ms)
        try:
            return self.start + dt.timedelta(milliseconds=fire_ms)
        except OverflowError:
            return None

    def describe(self) -> str:
        """Such as: From 2026-01-31 12:00:00+00:00, each time after a random 10 minutes to 1 hour."""
        bounds = f"{duration_words(self.minimum_ms)} to {duration_words(self.maximum_ms)}"
        return f"From {instant_words(self.start)}, each time after a random {bounds}"

    @property
    def _leg_ms(self) -> int:
        return FIRES_PER_LEG * (self.minimum_ms + self.maximum_ms) // 2

    def _delay_ms(self, fire_ms: int, left_ms: int) -> int:
        """The delay after a fire, such that the rest of the leg can be filled with delays within the bounds."""
        fires = round(2 * left_ms / (self.minimum_ms + self.maximum_ms))
        fires = min(max(fires, -(-left_ms // self.maximum_ms)), left_ms // self.minimum_ms)
        least = max(self.minimum_ms, left_ms - (fires - 1) * self.maximum_ms)
        most = min(self.maximum_ms, left_ms - (fires - 1) * self.minimum_ms)
        return least + self._draw(fire_ms) % (most - least + 1)

    def _draw(self, fire_ms: int) -> int:
        nominal_ms = (self.start - EPOCH) // MILLISECOND + fire_ms
        digest = blake2b(f"{nominal_ms} {self.seed}".encode(), digest_size=8)
        return int.from_bytes(digest.digest(), "big")


def _read_seed(seed: object) -> str:
    if isinstance(seed, int) and not isinstance(seed, bool) and abs(seed) < 2**63:
        return str(seed)
    if not isinstance(seed, str) or not 1 <= len(seed) <= 100 or not seed.isprintable():
        refuse("seed", "expected 1 to 100 printable characters, or a whole number of 64 bits")
    return seed
