"""Jitter: the same delay for the same fire, spread evenly, and never into the next fire."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.triggers.jitter import jittered

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
LENGTHS = st.timedeltas(dt.timedelta(0), dt.timedelta(days=2))


def delay(
    *, nominal: dt.datetime = NOON, following: dt.datetime | None = None, jitter: dt.timedelta = MINUTE, key: str = "7"
) -> dt.timedelta:
    return jittered(nominal=nominal, following=following, jitter=jitter, key=key) - nominal


class TestJitter:
    def test_it_is_the_same_in_every_process(self) -> None:
        # A figure, not a second call: Python's own hashes and seeded generators differ from process to process or version.
        assert delay() == dt.timedelta(milliseconds=39_025)

    def test_it_differs_between_schedules_and_between_fires(self) -> None:
        assert len({delay(key=str(key)) for key in range(50)}) > 45
        assert len({delay(nominal=NOON + hour * dt.timedelta(hours=1)) for hour in range(50)}) > 45

    def test_it_is_spread_evenly(self) -> None:
        counts = [0] * 10
        for key in range(10_000):
            counts[int(delay(key=str(key)) / MINUTE * 10)] += 1
        assert min(counts) > 850
        assert max(counts) < 1150

    @given(LENGTHS, st.none() | LENGTHS, st.text(max_size=5).filter(str.isprintable))
    def test_it_stays_within_the_jitter_and_before_the_next_fire(
        self, jitter: dt.timedelta, gap: dt.timedelta | None, key: str
    ) -> None:
        found = delay(jitter=jitter, following=None if gap is None else NOON + gap, key=key)
        assert dt.timedelta(0) <= found
        assert found < jitter or found == dt.timedelta(0)
        assert gap is None or found < gap or found == dt.timedelta(0)
        assert not found.microseconds % 1000

    @pytest.mark.parametrize("jitter", [dt.timedelta(0), -MINUTE, dt.timedelta(microseconds=999)])
    def test_none_is_none(self, jitter: dt.timedelta) -> None:
        assert delay(jitter=jitter) == dt.timedelta(0)

    def test_a_jitter_longer_than_the_pause_uses_the_whole_pause(self) -> None:
        delays = [delay(jitter=60 * MINUTE, following=NOON + MINUTE, key=str(key)) for key in range(200)]
        assert min(delays) < 0.1 * MINUTE
        assert max(delays) > 0.9 * MINUTE
