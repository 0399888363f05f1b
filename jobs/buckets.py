"""The buckets that durations, waits and lateness are counted in, and percentiles from them. Pure.

The bounds are fixed, so that rows of any job and any time can be added up: 1, 2 and 5 times the powers of ten.
"""

from __future__ import annotations

from collections.abc import Mapping

BOUNDS_MS: tuple[int, ...] = tuple(
    digit * 10**power for power in range(1, 9) for digit in (1, 2, 5) if digit * 10**power <= 500_000_000
)
"""Ascending, 10 ms to 500,000 s. Bucket n holds what is below bound n and not below the one before, the last all that is more."""

BUCKETS = len(BOUNDS_MS) + 1


def percentile_ms(counts: Mapping[int, int], *, percent: float, most_ms: float) -> float | None:
    """Estimate the value that ``percent`` per cent do not exceed, as if each bucket's were spread evenly over it.

    Args:
        counts: How many there are by bucket, 0 to `BUCKETS` - 1.
        percent: 0 to 100.
        most_ms: The largest there is, which no estimate exceeds.

    Returns:
        Milliseconds; None when there are none.
    """
    rank = sum(counts.values()) * percent / 100
    if not any(counts.values()):
        return None
    for bucket in sorted(bucket for bucket, count in counts.items() if count):
        if counts[bucket] >= rank:
            low, high = edges_ms(bucket, most_ms=most_ms)
            return low + (high - low) * rank / counts[bucket]
        rank -= counts[bucket]
    return float(most_ms)


def edges_ms(bucket: int, *, most_ms: float) -> tuple[float, float]:
    """Where a bucket begins and ends, given the largest value there is."""
    low = float(BOUNDS_MS[bucket - 1]) if bucket else 0.0
    high = float(BOUNDS_MS[bucket]) if bucket < len(BOUNDS_MS) else most_ms
    return min(low, most_ms), min(high, most_ms)
