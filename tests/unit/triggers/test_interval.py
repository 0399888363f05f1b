"""A start, and then each so many minutes, hours, days, weeks or months."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import ValidationError
from scheduler.triggers.interval import Interval, Unit
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap, instants

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
APIA = ZoneInfo("Pacific/Apia")
TICK = dt.timedelta.resolution


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def interval(start: object, number: object, unit: object, **more: object) -> Interval:
    return Interval.parse(start, interval=number, unit=unit, **{"zone": BERLIN, **more})  # type: ignore[arg-type]


def fires(trigger: Interval, count: int, after: str = "2000-01-01T00:00:00") -> list[str]:
    """The first so many fires, as the clock of the zone shows them."""
    instant, found = utc(after), []
    for _ in range(count):
        following = trigger.next_after(instant)
        if following is None:
            break
        assert following > instant
        found.append(f"{following.astimezone(trigger.zone):%Y-%m-%d %H:%M:%S%z}")
        instant = following
    return found


class TestTheFires:
    def test_begin_with_the_start_and_are_counted_from_it(self) -> None:
        trigger = interval("2026-01-31T12:07:30", 2, "hour")
        assert fires(trigger, 3) == ["2026-01-31 12:07:30+0100", "2026-01-31 14:07:30+0100", "2026-01-31 16:07:30+0100"]

    def test_are_not_moved_by_a_late_question(self) -> None:
        trigger = interval("2026-01-31T12:00:00", 10, "minute")
        assert fires(trigger, 1, after="2026-01-31T11:37:59") == ["2026-01-31 12:40:00+0100"]

    def test_of_an_instant_are_those_of_its_wall_time(self) -> None:
        start = dt.datetime(2026, 1, 31, 11, tzinfo=dt.UTC)
        assert interval(start, 1, "day") == interval("2026-01-31T12:00:00", 1, "day")

    def test_of_weeks_keep_the_weekday(self) -> None:
        expected = ["2026-03-20 09:00:00+0100", "2026-04-03 09:00:00+0200", "2026-04-17 09:00:00+0200"]
        assert fires(interval("2026-03-20T09:00:00", 2, "week"), 3) == expected

    def test_of_months_fall_on_the_last_day_where_the_month_is_too_short_and_come_back_to_theirs(self) -> None:
        found = fires(interval("2027-12-31T06:00:00", 1, "month"), 5)
        assert [fire[:10] for fire in found] == ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]

    def test_of_twelve_months_from_a_leap_day_come_each_year(self) -> None:
        found = fires(interval("2028-02-29T06:00:00", 12, "month"), 5)
        assert [fire[:10] for fire in found] == ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]

    def test_end_with_the_end_which_may_still_fire(self) -> None:
        trigger = interval("2026-01-31T12:00:00", 1, "day", end="2026-02-02T12:00:00")
        assert [fire[:10] for fire in fires(trigger, 9)] == ["2026-01-31", "2026-02-01", "2026-02-02"]

    def test_end_with_a_whole_day_when_the_end_is_a_date(self) -> None:
        trigger = interval("2026-01-31T12:00:00", 1, "day", end="2026-02-02")
        assert [fire[:10] for fire in fires(trigger, 9)] == ["2026-01-31", "2026-02-01", "2026-02-02"]

    @pytest.mark.parametrize(
        ("number", "unit"), [(1_000_000, "week"), (1_000_000, "month"), (1_000_000, "day"), (900_000, "month")]
    )
    def test_are_over_where_dates_end(self, number: int, unit: str) -> None:
        assert len(fires(interval("9990-01-01T12:00:00", number, unit), 3)) == 1

    def test_end_with_the_second_pass_of_an_end_that_comes_twice(self) -> None:
        found = fires(interval("2026-10-25T01:30:00", 1, "hour", end="2026-10-25T02:30:00"), 9)
        assert found == ["2026-10-25 01:30:00+0200", "2026-10-25 02:30:00+0200", "2026-10-25 02:30:00+0100"]

    def test_of_hours_are_over_where_dates_end(self) -> None:
        assert interval("9998-12-31T12:00:00", 1_000_000, "hour").next_after(utc("9999-12-31T00:00:00")) is None


class TestWhenTheClocksChange:
    def test_hours_are_elapsed_time(self) -> None:
        found = fires(interval("2026-03-28T20:00:00", 4, "hour"), 3)
        assert found == ["2026-03-28 20:00:00+0100", "2026-03-29 00:00:00+0100", "2026-03-29 05:00:00+0200"]

    def test_days_stay_at_their_wall_time(self) -> None:
        found = fires(interval("2026-03-28T20:00:00", 1, "day"), 2)
        assert found == ["2026-03-28 20:00:00+0100", "2026-03-29 20:00:00+0200"]

    def test_a_day_in_a_gap_is_shifted_and_the_next_is_not(self) -> None:
        found = fires(interval("2026-03-28T02:30:00", 1, "day"), 3)
        assert found == ["2026-03-28 02:30:00+0100", "2026-03-29 03:30:00+0200", "2026-03-30 02:30:00+0200"]

    def test_or_left_out_on_request(self) -> None:
        found = fires(interval("2026-03-28T02:30:00", 1, "day", rule=DstRule(Gap.SKIP, Overlap.FIRST)), 2)
        assert found == ["2026-03-28 02:30:00+0100", "2026-03-30 02:30:00+0200"]

    @pytest.mark.parametrize(
        ("overlap", "passes"),
        [(Overlap.FIRST, ["+0200"]), (Overlap.SECOND, ["+0100"]), (Overlap.BOTH, ["+0200", "+0100"])],
    )
    def test_a_day_in_an_overlap_fires_in_the_pass_that_was_asked_for(
        self, overlap: Overlap, passes: list[str]
    ) -> None:
        trigger = interval("2026-10-24T02:30:00", 1, "day", rule=DstRule(Gap.SHIFT, overlap))
        found = fires(trigger, 1 + len(passes), after="2026-10-24T00:00:00")
        assert found == ["2026-10-24 02:30:00+0200", *(f"2026-10-25 02:30:00{offset}" for offset in passes)]

    def test_a_start_in_a_gap_that_is_skipped_leaves_the_anchor_where_it_is(self) -> None:
        found = fires(interval("2026-03-29T02:30:00", 1, "week", rule=DstRule(Gap.SKIP, Overlap.FIRST)), 2)
        assert found == ["2026-04-05 02:30:00+0200", "2026-04-12 02:30:00+0200"]

    def test_hours_from_a_start_in_a_gap_are_counted_from_where_it_is_shifted_to(self) -> None:
        found = fires(interval("2026-03-29T02:30:00", 1, "hour", rule=DstRule(Gap.SKIP, Overlap.FIRST)), 2)
        assert found == ["2026-03-29 03:30:00+0200", "2026-03-29 04:30:00+0200"]

    def test_a_start_in_the_second_pass_is_taken_at_its_word(self) -> None:
        found = fires(interval("2026-10-25T01:30:00Z", 1, "day"), 2)
        assert found == ["2026-10-25 02:30:00+0100", "2026-10-26 02:30:00+0100"]

    def test_a_day_that_a_zone_left_out_is_shifted_onto_the_next_which_then_fires_once(self) -> None:
        found = fires(interval("2011-12-29T09:00:00", 1, "day", zone=APIA), 3)
        assert found == ["2011-12-29 09:00:00-1000", "2011-12-31 09:00:00+1400", "2012-01-01 09:00:00+1400"]


UNITS = st.sampled_from(list(Unit))
STARTS = st.datetimes(dt.datetime.fromisoformat("2026-01-01"), dt.datetime.fromisoformat("2027-12-31")).map(
    lambda at: at.replace(microsecond=0)
)
AFTERS = st.datetimes(
    dt.datetime.fromisoformat("2025-06-01"), dt.datetime.fromisoformat("2035-01-01"), timezones=st.just(dt.UTC)
)
ZONES = st.sampled_from(
    [BERLIN, UTC, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Chatham")]
)


TRIGGERS = st.builds(
    lambda start, number, unit, zone, rule: interval(start, number, unit, zone=zone, rule=rule),
    STARTS,
    st.integers(1, 50),
    UNITS,
    ZONES,
    st.builds(
        DstRule,
        st.sampled_from([Gap.SKIP, Gap.SHIFT, Gap.AFTER]),
        st.sampled_from([Overlap.FIRST, Overlap.SECOND, Overlap.BOTH]),
    ),
)


@settings(deadline=None)
@given(TRIGGERS, AFTERS, st.timedeltas(dt.timedelta(0), dt.timedelta(days=90)))
def test_the_next_fire_is_later_never_goes_back_and_is_not_passed_over(
    trigger: Interval, instant: dt.datetime, more: dt.timedelta
) -> None:
    first, second = trigger.next_after(instant), trigger.next_after(instant + more)
    assert first is not None
    assert second is not None
    assert instant < first <= second
    assert trigger.next_after(first - TICK) == first
    assert second == first or first <= instant + more


def counted(trigger: Interval, number: int) -> tuple[dt.datetime, ...]:
    """The n-th fire, counted from the anchor as one would with a paper calendar."""
    amount = number * trigger.interval
    if trigger.unit in (Unit.MINUTE, Unit.HOUR):
        assert trigger.start is not None
        return (
            trigger.start
            + amount * (dt.timedelta(minutes=1) if trigger.unit is Unit.MINUTE else dt.timedelta(hours=1)),
        )
    wall = trigger.anchor
    if trigger.unit is Unit.MONTH:
        for _ in range(amount):
            wall = (wall.replace(day=1) + dt.timedelta(days=31)).replace(day=1)
        last = (wall.replace(day=1) + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        wall = wall.replace(day=min(trigger.anchor.day, last.day)) if amount else wall
    else:
        wall += amount * dt.timedelta(days=7 if trigger.unit is Unit.WEEK else 1)
    return instants(wall, trigger.zone, trigger.rule)


@settings(deadline=None)
@given(TRIGGERS)
def test_its_fires_are_those_that_counting_finds(trigger: Interval) -> None:
    expected = sorted({instant for number in range(30) for instant in counted(trigger, number)})
    instant = expected[0] - TICK
    for fire in expected:
        assert trigger.next_after(instant) == fire
        instant = fire


class TestWhatIsRefused:
    @pytest.mark.parametrize("number", [0, -1, 1.0, True, None, "two", "", 1_000_001, "-1", "1e3", "१"])
    def test_an_interval_that_is_no_count(self, number: object) -> None:
        with pytest.raises(ValidationError, match=r"^interval: expected a whole number from 1 to 1,000,000, not "):
            interval("2026-01-31", number, "hour")

    @pytest.mark.parametrize("unit", ["", "second", "year", "fortnight", None, 1, [], {}])
    def test_an_unknown_unit(self, unit: object) -> None:
        with pytest.raises(ValidationError, match=r"^unit: expected minute, hour, day, week or month, not "):
            interval("2026-01-31", 1, unit)

    def test_an_end_before_the_start(self) -> None:
        with pytest.raises(ValidationError, match=r"^end: expected a time that is not before the start$"):
            interval("2026-01-31T12:00:00", 1, "hour", end="2026-01-31T10:59:59Z")

    @pytest.mark.parametrize(("field", "values"), [("start", ("x", None)), ("end", ("2026-01-31", "x"))])
    def test_what_is_no_time(self, field: str, values: tuple[str, str | None]) -> None:
        with pytest.raises(ValidationError, match=f"^{field}: expected a time of the years"):
            interval(values[0], 1, "hour", end=values[1])


@pytest.mark.parametrize("unit", ["MINUTE", "minutes", "Min"])
def test_units_are_taken_in_any_case_and_number(unit: str) -> None:
    assert interval("2026-01-31", "5", unit) == interval("2026-01-31", 5, Unit.MINUTE)


def test_it_says_what_it_does() -> None:
    assert (
        interval("2026-01-31T12:00:00Z", 1, "hour").describe() == "Every hour from 2026-01-31 13:00:00 (Europe/Berlin)"
    )
    bounded = interval("2026-01-31T12:00:00", 2, "day", end="2026-03-01T00:00:00")
    assert bounded.describe() == "Every 2 days from 2026-01-31 12:00:00 to 2026-03-01 00:00:00 (Europe/Berlin)"
