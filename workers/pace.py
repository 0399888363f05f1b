"""How many payloads a lane leases at once."""

from __future__ import annotations

AIM_SECONDS = 0.2
"""Work per range. Long enough that the commit does not matter, short enough that a lost range is soon done again."""

LIMIT_SECONDS = 0.25
"""A range that has taken this long reports what it has and gives the rest back."""

STRICT_AIM_SECONDS = 0.26
"""The same for strict lanes, each outcome of which is committed as it comes: only what is due again waits for the range's end, and
five payloads of 50 ms, a common call, fit into it."""

STRICT_LIMIT_SECONDS = 0.75
"""What is given back is leased again one by one: a machine that is slow for a moment must not cause it. A single payload that
takes long keeps nothing waiting, see `workers.heartbeat`."""

MOST = 500
GROWTH = 5

TAIL_SECONDS = 0.02
"""Ranges shorter than this need no care at the end of a run."""


class Pace:
    """Adapts the range's size to the measured duration of a payload: from 1, at most fivefold a step, up to 500."""

    def __init__(self, *, aim_seconds: float = AIM_SECONDS) -> None:
        self.size = 1
        self._aim_seconds = aim_seconds
        self._tail = 1

    def measured(self, *, payloads: int, seconds: float) -> None:
        """Take into account that so many payloads took so long."""
        if not payloads:
            return
        each = max(seconds / payloads, 1e-6)
        self.size = max(1, min(int(self._aim_seconds / each), self.size * GROWTH, MOST))
        self._tail = int(TAIL_SECONDS / each)

    def take(self, *, left: int, lanes: int) -> int:
        """How many of the ``left`` unleased positions to lease, so that ``lanes`` lanes end at about the same time: half of one's
        share at the most, unless what is leased is a matter of milliseconds."""
        return max(1, min(self.size, max(left // (2 * lanes), self._tail)))
