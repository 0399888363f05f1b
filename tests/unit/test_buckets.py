"""Percentiles from counts by bucket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.buckets import BOUNDS_MS, BUCKETS, edges_ms, percentile_ms


class TestBounds:
    def test_they_are_one_two_and_five_times_the_powers_of_ten(self) -> None:
        assert list(BOUNDS_MS[:6]) == [10, 20, 50, 100, 200, 500]
        assert BOUNDS_MS[-1] == 500_000_000
        assert list(BOUNDS_MS) == sorted(set(BOUNDS_MS))

    def test_each_bucket_begins_where_the_one_before_ends_and_the_last_ends_with_the_largest_value(self) -> None:
        lows, highs = zip(*(edges_ms(bucket, most_ms=1e12) for bucket in range(BUCKETS)), strict=True)
        assert list(lows[1:]) == list(highs[:-1])
        assert [lows[0], highs[0], lows[-1], highs[-1]] == [0, 10, 500_000_000, 1e12]


class TestPercentile:
    def test_nothing_has_none(self) -> None:
        assert percentile_ms({}, percent=50, most_ms=0) is None
        assert percentile_ms({3: 0}, percent=50, most_ms=0) is None

    def test_within_a_bucket_values_are_taken_as_spread_evenly(self) -> None:
        assert percentile_ms({1: 10}, percent=50, most_ms=20) == 15  # from 10 to 20 ms

    def test_it_lies_in_the_bucket_that_holds_its_rank(self) -> None:
        counts = {0: 90, 3: 9, 6: 1}
        assert percentile_ms(counts, percent=90, most_ms=900) == 10
        assert percentile_ms(counts, percent=99, most_ms=900) == 100
        assert percentile_ms(counts, percent=100, most_ms=900) == 900

    @given(
        st.lists(st.integers(min_value=0, max_value=2_000_000_000), min_size=1),
        st.sampled_from([0, 1, 50, 95, 99, 100]),
    )
    def test_it_is_at_most_the_largest_and_within_a_bucket_of_the_true_one(
        self, values: list[int], percent: int
    ) -> None:
        counts: dict[int, int] = {}
        for value in values:
            bucket = sum(bound <= value for bound in BOUNDS_MS)
            counts[bucket] = counts.get(bucket, 0) + 1
        true = sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]

        found = percentile_ms(counts, percent=percent, most_ms=max(values))

        assert found is not None
        low, high = edges_ms(sum(bound <= true for bound in BOUNDS_MS), most_ms=max(values))
        assert low - 1e-6 <= found <= high + 1e-6
        assert found <= max(values)

    @pytest.mark.parametrize("percent", [1, 50, 99])
    def test_counts_that_are_added_up_give_the_percentile_of_all(self, percent: float) -> None:
        one, other = {2: 5, 4: 1}, {4: 3, 7: 2}
        both = {bucket: one.get(bucket, 0) + other.get(bucket, 0) for bucket in one.keys() | other.keys()}
        assert percentile_ms(both, percent=percent, most_ms=1000) == percentile_ms(
            {2: 5, 4: 4, 7: 2}, percent=percent, most_ms=1000
        )
