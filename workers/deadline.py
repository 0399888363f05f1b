"""How long an attempt may take, and how it gets more time."""

from __future__ import annotations

import time

CEILING_SECONDS = 6 * 3600.0
"""How far an attempt may extend its time when its job does not say (``timeout_ceiling``)."""

_CLOCKS_DIFFER_SECONDS = 0.5
"""An attempt that goes on elsewhere is looked at by other workers, whose clocks are not quite the same."""


class Deadline:
    """The timer of one attempt. Safe from any thread: the attempt looks at it while others extend it.

    Args:
        timeout_seconds: What the attempt may take without asking, and what it has from each time it asks.
        ceiling_seconds: How long it may take in all, however often it asks. A timeout that is longer holds all the same.
        used_seconds: How long the attempt has taken already, on this worker or another.
        remaining_seconds: What was left of its time then; None when it begins.
    """

    __slots__ = ("_ends_at", "_extended", "_latest", "_started", "ceiling_seconds", "timeout_seconds")

    def __init__(
        self,
        timeout_seconds: float,
        ceiling_seconds: float = CEILING_SECONDS,
        *,
        used_seconds: float = 0.0,
        remaining_seconds: float | None = None,
    ) -> None:
        self.timeout_seconds = timeout_seconds
        self.ceiling_seconds = ceiling_seconds
        present = time.monotonic()
        self._started = present - used_seconds
        self._ends_at = self._started + timeout_seconds if remaining_seconds is None else present + remaining_seconds
        self._extended = self._ends_at - self._started - timeout_seconds > _CLOCKS_DIFFER_SECONDS
        self._latest = self._started + max(timeout_seconds, ceiling_seconds)

    def remaining(self) -> float:
        """How many seconds are left; 0 or less once the time is over."""
        return self._ends_at - time.monotonic()

    def extend(self) -> bool:
        """Let the timer begin again: a full timeout from now, but not beyond the ceiling.

        Returns:
            False when that gains nothing, for the ceiling is reached. Asking is then in vain and does no harm.
        """
        ends_at = min(time.monotonic() + self.timeout_seconds, self._latest)
        if ends_at <= self._ends_at:
            return False
        self._ends_at, self._extended = ends_at, True
        return True

    def missed(self) -> str:
        """What to say of an attempt whose time is over."""
        if not self._extended:
            return f"took longer than its {self.timeout_seconds:g} s"
        if self._ends_at >= self._latest:
            return f"took longer than {self.ceiling_seconds:g} s, beyond which its job lets no payload extend its time"
        return f"took longer than the {self.timeout_seconds:g} s that it had since it last extended its time"
