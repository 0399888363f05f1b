"""Every so many milliseconds from the Unix epoch."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import ValidationError
from scheduler.triggers.every import EPOCH, Every

NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
INSTANTS = st.datetimes(
    dt.datetime.fromisoformat("1960-01-01"), dt.datetime.fromisoformat("2200-01-01"), timezones=st.just(dt.UTC)
)
EVERY = st.builds(
    lambda every, part: Every(every, part * every // 1000), st.integers(1000, 10**12), st.integers(0, 999)
)


class TestTheNextFire:
    def test_is_a_multiple_counted_from_the_epoch_and_not_from_now(self) -> None:
        assert Every.parse("6h").next_after(NOON + dt.timedelta(minutes=7)) == NOON + dt.timedelta(hours=6)

    def test_is_later_by_the_offset(self) -> None:
        assert Every.parse("6h", offset="15m").next_after(NOON) == NOON + dt.timedelta(minutes=15)

    def test_of_a_fire_is_the_following_one(self) -> None:
        assert Every.parse(60_000).next_after(NOON) == NOON + dt.timedelta(minutes=1)

    def test_is_right_to_the_millisecond(self) -> None:
        assert Every.parse(1500).next_after(NOON) == NOON + dt.timedelta(milliseconds=1500)
        assert Every.parse(1500).next_after(NOON - dt.timedelta.resolution) == NOON

    def test_comes_before_the_epoch_as_well(self) -> None:
        assert Every.parse("1h").next_after(EPOCH - dt.timedelta(minutes=90)) == EPOCH - dt.timedelta(hours=1)

    def test_is_none_where_dates_end(self) -> None:
        assert Every.parse("50y").next_after(dt.datetime(9980, 1, 1, tzinfo=dt.UTC)) is None

    @settings(deadline=None)
    @given(EVERY, INSTANTS)
    def test_is_the_least_multiple_that_is_later(self, every: Every, instant: dt.datetime) -> None:
        found = every.next_after(instant)
        assert found is not None
        step = dt.timedelta(milliseconds=every.every_ms)
        assert instant < found <= instant + step
        assert (found - EPOCH - dt.timedelta(milliseconds=every.offset_ms)) % step == dt.timedelta()

    @settings(deadline=None)
    @given(EVERY, INSTANTS, st.timedeltas(dt.timedelta(0), dt.timedelta(days=400)))
    def test_never_goes_back_when_asked_later(self, every: Every, instant: dt.datetime, later: dt.timedelta) -> None:
        first, second = every.next_after(instant), every.next_after(instant + later)
        assert first is not None
        assert second is not None
        assert first <= second


class TestWhatIsRefused:
    @pytest.mark.parametrize("every", ["6 fortnights", None, True, "", [], {}, float("nan"), "1e9999"])
    def test_what_is_no_duration(self, every: object) -> None:
        with pytest.raises(ValidationError, match=r"^every: expected milliseconds .* such as"):
            Every.parse(every)

    @pytest.mark.parametrize("every", [0, -1, 999, "0.5s", "-1h", "101y", 1e300])
    def test_less_than_a_second_and_more_than_a_century(self, every: object) -> None:
        with pytest.raises(ValidationError, match=r"^every: expected a duration from 1,000 milliseconds to 100 years"):
            Every.parse(every)

    @pytest.mark.parametrize("offset", ["1h", 3_600_001, "2h"])
    def test_an_offset_that_is_not_less_than_the_interval(self, offset: object) -> None:
        with pytest.raises(ValidationError, match=r"^offset: expected less than every, which is 1 hour$"):
            Every.parse("1h", offset=offset)

    def test_a_negative_offset(self) -> None:
        with pytest.raises(ValidationError, match=r"^offset: expected a duration from 0 milliseconds"):
            Every.parse("1h", offset=-1)


@pytest.mark.parametrize(
    ("every", "offset", "sentence"),
    [
        ("1h", 0, "Every hour since the Unix epoch"),
        ("6h", "15m", "Every 6 hours since the Unix epoch, plus 15 minutes"),
        (5_400_500, 0, "Every 1 hour 30 minutes 500 milliseconds since the Unix epoch"),
    ],
)
def test_it_says_what_it_does(every: object, offset: object, sentence: str) -> None:
    assert Every.parse(every, offset=offset).describe() == sentence
