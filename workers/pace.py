"""How many payloads a lane leases at once."""

from __future__ import annotations

AIM_SECONDS = 0.15
"""Work per commit. Long enough that the commit does not matter, short enough that a lost range is soon done again."""

LIMIT_SECONDS = 0.25
"""A range that has taken this long reports what it has and gives the rest back."""

MOST = 500
GROWTH = 5


class Pace:
    """Adapts the range's size to the measured duration of a payload: from 1, at most fivefold a step, up to 500."""

    def __init__(self, size: int = 1) -> None:
        self.size = size

    def measured(self, *, payloads: int, seconds: float) -> None:
        """Take into account that so many payloads took so long."""
        if not payloads:
            return
        fitting = int(AIM_SECONDS / max(seconds / payloads, 1e-6))
        self.size = max(1, min(fitting, self.size * GROWTH, MOST))
