"""How fast a payload gets on, and when it will be done if it goes on so."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

MEASURE_SECONDS = 1.0
"""The rate is measured anew after so long at the earliest."""
MEMORY_SECONDS = 30.0
"""The rate tells of about so long: what came before fades."""
LONGEST = dt.timedelta(days=366)
"""An end that is further off is no expectation."""


class Progression:
    """The progress of one attempt, from report to report."""

    def __init__(self) -> None:
        self._measured: tuple[float, float] | None = None
        self._rate: float | None = None

    def report(
        self, *, current: float, total: float | None, unit: str, seconds: float, now: dt.datetime
    ) -> dict[str, Any]:
        """What can be shown: current, total, unit, rate (units a second) and expected_end_at; None for what is not known.

        Args:
            current, total: Finite.
            seconds: Of a clock that only goes forward.
            now: Aware.
        """
        self._measure(current, seconds)
        return {
            "current": current,
            "total": total,
            "unit": unit,
            "rate": None if self._rate is None else round(self._rate, 3),
            "expected_end_at": self._expected_end(current, total, now),
        }

    def _measure(self, current: float, seconds: float) -> None:
        if self._measured is None or current < self._measured[0]:  # it begins, or begins anew
            self._measured, self._rate = (current, seconds), None
            return
        before, since = self._measured
        elapsed = seconds - since
        if elapsed < MEASURE_SECONDS:
            return
        rate = (current - before) / elapsed
        share = 1.0 if self._rate is None else -math.expm1(-elapsed / MEMORY_SECONDS)
        self._rate = share * rate + (1 - share) * (self._rate or 0.0)
        self._measured = current, seconds

    def _expected_end(self, current: float, total: float | None, now: dt.datetime) -> str | None:
        if total is None or not self._rate:
            return None
        left = max(total - current, 0.0) / self._rate
        return (now + dt.timedelta(seconds=round(left))).isoformat() if left < LONGEST.total_seconds() else None
