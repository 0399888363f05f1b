"""Retry policies: how many attempts, and how long to wait before each."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_MAXIMUM_ATTEMPTS = 3
LONGEST_WAIT_MS = 30 * 86_400_000.0
"""A back-off without a maximum grows beyond every date; 30 days is as long as never for a retry."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to try a payload again. Durations are milliseconds."""

    maximum_attempts: int = DEFAULT_MAXIMUM_ATTEMPTS
    initial_interval_ms: float = 0.0
    maximum_interval_ms: float | None = None
    backoff_coefficient: float = 1.0

    def wait_ms(self, *, attempts_made: int, retry_after_ms: float = 0.0) -> float:
        """The wait before the next attempt.

        Args:
            attempts_made: 1 after the first attempt failed.
            retry_after_ms: What the other side asked for (Retry-After); honoured up to the maximum interval.

        Returns:
            Milliseconds from the failure: ``min(initial * coefficient ** (attempts_made - 1), maximum)``.
        """
        ceiling = LONGEST_WAIT_MS if self.maximum_interval_ms is None else self.maximum_interval_ms
        return min(max(self._backoff_ms(attempts_made - 1), retry_after_ms), ceiling)

    def _backoff_ms(self, exponent: int) -> float:
        try:
            return min(self.initial_interval_ms * self.backoff_coefficient**exponent, LONGEST_WAIT_MS)
        except OverflowError:
            return LONGEST_WAIT_MS
