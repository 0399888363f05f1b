"""Retry policies: the wait before each attempt."""

from __future__ import annotations

import pytest

from jobs.documents import resolve_retry
from jobs.retry import LONGEST_WAIT_MS, RetryPolicy


def waits(policy: RetryPolicy, count: int) -> list[float]:
    return [policy.wait_ms(attempts_made=made) for made in range(1, count + 1)]


class TestTheWait:
    def test_it_grows_by_the_coefficient_up_to_the_maximum(self) -> None:
        policy = RetryPolicy(4, initial_interval_ms=200, backoff_coefficient=2, maximum_interval_ms=500)
        assert waits(policy, 4) == [200, 400, 500, 500]

    def test_by_default_there_is_none(self) -> None:
        assert waits(RetryPolicy(), 3) == [0, 0, 0]

    def test_without_a_coefficient_it_stays_the_same(self) -> None:
        assert waits(RetryPolicy(initial_interval_ms=300), 3) == [300, 300, 300]

    def test_a_maximum_below_the_first_interval_rules(self) -> None:
        assert waits(RetryPolicy(initial_interval_ms=300, maximum_interval_ms=100), 2) == [100, 100]

    def test_a_maximum_of_nought_means_at_once(self) -> None:
        policy = RetryPolicy(initial_interval_ms=300, maximum_interval_ms=0)
        assert policy.wait_ms(attempts_made=1, retry_after_ms=9000) == 0

    @pytest.mark.parametrize("made", [50, 400, 1000])
    def test_a_back_off_without_a_maximum_ends_at_thirty_days(self, made: int) -> None:
        policy = RetryPolicy(1000, initial_interval_ms=1000, backoff_coefficient=1000)
        assert policy.wait_ms(attempts_made=made) == LONGEST_WAIT_MS == 30 * 24 * 3600 * 1000


class TestWhatTheOtherSideAsksFor:
    def test_it_is_honoured_when_it_is_longer(self) -> None:
        policy = RetryPolicy(initial_interval_ms=200, maximum_interval_ms=5000)
        assert policy.wait_ms(attempts_made=1, retry_after_ms=3000) == 3000

    def test_not_when_the_policy_waits_longer(self) -> None:
        policy = RetryPolicy(initial_interval_ms=200, maximum_interval_ms=5000)
        assert policy.wait_ms(attempts_made=1, retry_after_ms=100) == 200

    def test_never_beyond_the_maximum(self) -> None:
        policy = RetryPolicy(initial_interval_ms=200, maximum_interval_ms=5000)
        assert policy.wait_ms(attempts_made=1, retry_after_ms=60_000) == 5000

    def test_without_a_maximum_up_to_thirty_days(self) -> None:
        assert RetryPolicy().wait_ms(attempts_made=1, retry_after_ms=1e15) == LONGEST_WAIT_MS


class TestResolving:
    def test_nothing_written_is_three_attempts_without_delay(self) -> None:
        assert resolve_retry(job=None, payload=None) == RetryPolicy(3, 0, None, 1)

    def test_each_field_of_the_payload_wins_over_the_jobs(self) -> None:
        job = {"maximum_attempts": 5, "initial_interval": "1s", "maximum_interval": "1m", "backoff_coefficient": 3}
        assert resolve_retry(job=job, payload={"initial_interval": "2s"}) == RetryPolicy(5, 2000, 60_000, 3)
        assert resolve_retry(job=job, payload={"maximum_attempts": 1}) == RetryPolicy(1, 1000, 60_000, 3)

    def test_what_the_payload_leaves_open_is_the_jobs(self) -> None:
        job = {"maximum_attempts": 5}
        payload = {"maximum_attempts": None, "maximum_interval": 500}
        assert resolve_retry(job=job, payload=payload) == RetryPolicy(5, 0, 500, 1)
