"""Random delays that every process draws alike."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import ValidationError
from scheduler.triggers.random_window import FIRES_PER_LEG, RandomWindow

BERLIN = ZoneInfo("Europe/Berlin")
START = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
TICK = dt.timedelta.resolution


def window(minimum: object = "1m", maximum: object = "10m", seed: object = "a seed") -> RandomWindow:
    return RandomWindow.parse(minimum=minimum, maximum=maximum, seed=seed, start=START, zone=BERLIN)


def chain(trigger: RandomWindow, count: int, after: dt.datetime = START - TICK) -> list[dt.datetime]:
    fires = []
    for _ in range(count):
        fire = trigger.next_after(after)
        assert fire is not None
        fires.append(fire)
        after = fire
    return fires


WINDOWS = st.builds(
    lambda minimum, more, seed: RandomWindow(START, minimum, minimum + more, seed),
    st.integers(1000, 600_000),
    st.one_of(st.integers(0, 3), st.integers(0, 600_000)),
    st.text(min_size=1, max_size=5),
)


class TestTheChain:
    def test_begins_with_the_start(self) -> None:
        assert window().next_after(START - dt.timedelta(days=900)) == START

    def test_never_waits_less_than_the_minimum_or_more_than_the_maximum(self) -> None:
        delays = [after - before for before, after in pairwise(chain(window(), 6 * FIRES_PER_LEG))]
        assert dt.timedelta(minutes=1) <= min(delays) < dt.timedelta(minutes=2)
        assert dt.timedelta(minutes=9) < max(delays) <= dt.timedelta(minutes=10)
        assert len(set(delays)) > 250

    def test_draws_each_length_of_delay_alike_often(self) -> None:
        delays = [after - before for before, after in pairwise(chain(window(), 1000))]
        fifths = [
            sum(1 for delay in delays if (delay - dt.timedelta(minutes=1)) // dt.timedelta(seconds=108) == n)
            for n in range(5)
        ]
        assert all(140 <= count <= 260 for count in fifths)  # 200 expected, with a deviation of 13

    def test_is_the_same_whoever_asks(self) -> None:
        assert chain(window(seed="x"), 20) == chain(window(seed="x"), 20)
        # Drawn once and kept: a change of the drawing would move the fires of every stored schedule.
        times = [str(fire.time()) for fire in chain(window(seed="x"), 4)]
        assert times == ["12:00:00", "12:06:50.554000", "12:09:28.789000", "12:13:05.597000"]

    def test_is_another_with_another_seed(self) -> None:
        assert not set(chain(window(seed=1), 10)[1:]) & set(chain(window(seed=2), 10)[1:])

    def test_of_equal_bounds_is_a_plain_interval(self) -> None:
        fires = chain(window("1m", "1m"), 2 * FIRES_PER_LEG)
        assert fires == [START + n * dt.timedelta(minutes=1) for n in range(2 * FIRES_PER_LEG)]

    def test_is_none_where_dates_end(self) -> None:
        assert window("1y", "50y").next_after(dt.datetime(9999, 12, 31, tzinfo=dt.UTC)) is None

    @settings(deadline=None)
    @given(WINDOWS, st.integers(0, 10**6))
    def test_keeps_its_bounds_also_where_two_legs_meet(self, trigger: RandomWindow, leg: int) -> None:
        border = START + leg * dt.timedelta(milliseconds=FIRES_PER_LEG * (trigger.minimum_ms + trigger.maximum_ms) // 2)
        fires = chain(trigger, 8, after=border - 4 * dt.timedelta(milliseconds=trigger.maximum_ms))
        delays_ms = [(after - before) / dt.timedelta(milliseconds=1) for before, after in pairwise(fires)]
        assert all(trigger.minimum_ms <= delay <= trigger.maximum_ms for delay in delays_ms)


class TestFindingItsPlace:
    @settings(deadline=None)
    @given(WINDOWS, st.integers(0, 250), st.timedeltas(dt.timedelta(0), dt.timedelta(minutes=30)))
    def test_the_next_after_any_instant_is_the_one_that_a_walk_from_the_start_finds(
        self, trigger: RandomWindow, number: int, more: dt.timedelta
    ) -> None:
        fires = chain(trigger, number + 2)
        instant = min(fires[number] + more, fires[-1] - TICK)
        assert trigger.next_after(instant) == min(fire for fire in fires if fire > instant)

    @settings(deadline=None)
    @given(
        WINDOWS,
        st.datetimes(
            dt.datetime.fromisoformat("2020-01-01"), dt.datetime.fromisoformat("2500-01-01"), timezones=st.just(dt.UTC)
        ),
        st.timedeltas(dt.timedelta(0)),
    )
    def test_asked_later_it_never_goes_back(
        self, trigger: RandomWindow, instant: dt.datetime, more: dt.timedelta
    ) -> None:
        later = instant + min(more, dt.timedelta(days=1))
        first, second = trigger.next_after(instant), trigger.next_after(later)
        assert first is not None
        assert second is not None
        assert instant < first <= second

    def test_a_century_ahead_costs_no_more_than_a_leg(self) -> None:
        draws = 0
        draw = RandomWindow._draw

        def counted(trigger: RandomWindow, fire_ms: int) -> int:
            nonlocal draws
            draws += 1
            return draw(trigger, fire_ms)

        with patch.object(RandomWindow, "_draw", counted):
            window("1s", "10m").next_after(START + dt.timedelta(days=36_525))
        assert 0 < draws <= 2 * FIRES_PER_LEG


class TestWhatIsRefused:
    @pytest.mark.parametrize(("minimum", "maximum"), [("10m", "1m"), (2000, 1999)])
    def test_a_maximum_below_the_minimum(self, minimum: object, maximum: object) -> None:
        with pytest.raises(ValidationError, match=r"^maximum: expected at least the minimum, "):
            window(minimum, maximum)

    @pytest.mark.parametrize("minimum", [0, 999, "-1m", "soon", None])
    def test_a_minimum_of_less_than_a_second(self, minimum: object) -> None:
        with pytest.raises(ValidationError, match=r"^minimum: expected "):
            window(minimum)

    @pytest.mark.parametrize("seed", ["", "a" * 101, "\x00", None, True, 1.5, 2**63, []])
    def test_what_cannot_be_kept_as_a_seed(self, seed: object) -> None:
        with pytest.raises(ValidationError, match=r"^seed: expected 1 to 100 printable characters"):
            window(seed=seed)

    def test_a_start_that_is_no_time(self) -> None:
        with pytest.raises(ValidationError, match=r"^start: expected a time"):
            RandomWindow.parse(minimum="1m", maximum="2m", seed=1, start="tomorrow", zone=BERLIN)


def test_a_start_on_the_wall_is_one_of_the_zone() -> None:
    assert RandomWindow.parse(minimum="1m", maximum="2m", seed=1, start="2026-01-31T13:00", zone=BERLIN).start == START


def test_it_says_what_it_does() -> None:
    assert window().describe() == "From 2026-01-31 12:00:00+00:00, each time after a random 1 minute to 10 minutes"
