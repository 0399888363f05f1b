"""The words of ATLAS's recurrence blocks, with start, end and zone enforced."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import ValidationError
from scheduler.triggers.frequency import Frequency, IsoWeeks
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def recurrence(word: str | None = None, zone: ZoneInfo = UTC, **fields: Any) -> Frequency:
    return Frequency.parse(frequency=word, zone=zone, **fields)


def fires(trigger: Frequency, count: int, after: str = "2026-01-01T00:00:00") -> list[str]:
    """The first so many fires, as the clock of the zone shows them."""
    instant, found = utc(after), []
    for _ in range(count):
        following = trigger.next_after(instant)
        if following is None:
            break
        found.append(f"{following.astimezone(trigger.zone):%Y-%m-%d %H:%M%z}".removesuffix("+0000"))
        instant = following
    return found


class TestWhenItFires:
    def test_hourly_is_at_the_minute_of_the_start(self) -> None:
        trigger = recurrence("hourly", start_date="2026-01-31T09:45:00Z")
        assert fires(trigger, 3) == ["2026-01-31 09:45", "2026-01-31 10:45", "2026-01-31 11:45"]

    def test_hourly_with_an_interval_takes_each_so_manieth_hour_of_the_clock(self) -> None:
        trigger = recurrence("hourly", interval=5, start_date="2026-01-31T09:45:00Z")
        expected = ["2026-01-31 10:45", "2026-01-31 15:45", "2026-01-31 20:45", "2026-02-01 00:45"]
        assert fires(trigger, 4) == expected

    def test_daily_is_at_the_time_of_the_start(self) -> None:
        trigger = recurrence("daily", start_date="2026-01-31T09:45:00Z")
        assert fires(trigger, 2) == ["2026-01-31 09:45", "2026-02-01 09:45"]

    def test_daily_with_an_interval_takes_each_so_manieth_day_of_the_month(self) -> None:
        trigger = recurrence("daily", interval="10", start_date="2026-01-30T09:45:00Z")
        assert fires(trigger, 4) == ["2026-01-31 09:45", "2026-02-01 09:45", "2026-02-11 09:45", "2026-02-21 09:45"]

    def test_weekly_is_on_the_weekday_of_the_start(self) -> None:
        trigger = recurrence("weekly", start_date="2026-01-31T09:45:00Z")
        assert fires(trigger, 2) == ["2026-01-31 09:45", "2026-02-07 09:45"]

    def test_weekly_with_an_interval_takes_each_so_manieth_iso_week_of_the_year(self) -> None:
        trigger = recurrence("weekly", interval=2)
        found = fires(trigger, 5, after="2026-12-01T00:00:00")
        # Week 53 of 2026 and week 1 of 2027 both have odd numbers.
        assert found[:4] == ["2026-12-14 00:00", "2026-12-28 00:00", "2027-01-04 00:00", "2027-01-18 00:00"]

    def test_monthly_is_on_the_day_of_the_start_where_the_month_has_it(self) -> None:
        trigger = recurrence("monthly", start_date="2026-01-31T09:45:00Z")
        assert fires(trigger, 3) == ["2026-01-31 09:45", "2026-03-31 09:45", "2026-05-31 09:45"]

    def test_monthly_with_an_interval_takes_each_so_manieth_month_of_the_year(self) -> None:
        trigger = recurrence("monthly", interval=5, start_date="2026-01-15T09:45:00Z")
        found = fires(trigger, 4)
        assert found == ["2026-01-15 09:45", "2026-06-15 09:45", "2026-11-15 09:45", "2027-01-15 09:45"]

    @pytest.mark.parametrize(
        ("word", "first"),
        [("hourly", "01-01 01:00"), ("daily", "01-02 00:00"), ("weekly", "01-05 00:00"), ("monthly", "02-01 00:00")],
    )
    def test_without_a_start_it_is_at_midnight_on_mondays_and_on_the_first(self, word: str, first: str) -> None:
        assert fires(recurrence(word), 1) == [f"2026-{first}"]

    def test_a_cron_wins_over_the_word(self) -> None:
        trigger = recurrence("daily", cron="30 6 * * 1", start_date="2026-01-31T09:45:00Z")
        assert fires(trigger, 2) == ["2026-02-02 06:30", "2026-02-09 06:30"]

    def test_a_blank_cron_does_not(self) -> None:
        assert fires(recurrence("Daily", cron=" "), 1) == ["2026-01-02 00:00"]

    def test_seconds_of_the_start_are_no_part_of_the_time_but_of_the_bound(self) -> None:
        assert fires(recurrence("daily", start_date="2026-01-31T09:45:30Z"), 1) == ["2026-02-01 09:45"]


class TestBounds:
    def test_nothing_fires_before_the_start_or_after_the_end(self) -> None:
        trigger = recurrence("daily", start_date="2026-01-31T09:45:00Z", end_date="2026-02-02T09:45:00Z")
        assert fires(trigger, 9) == ["2026-01-31 09:45", "2026-02-01 09:45", "2026-02-02 09:45"]

    def test_an_end_that_is_a_date_takes_in_its_day(self) -> None:
        trigger = recurrence("daily", zone=BERLIN, start_date="2026-01-31T23:45:00", end_date="2026-02-01")
        assert fires(trigger, 9) == ["2026-01-31 23:45+0100", "2026-02-01 23:45+0100"]

    def test_a_cron_is_bounded_as_well(self) -> None:
        trigger = recurrence(cron="0 12 * * *", start_date="2026-01-31T12:00:00Z", end_date="2026-02-01T11:59:59Z")
        assert fires(trigger, 9) == ["2026-01-31 12:00"]


class TestTheZone:
    def test_a_start_without_offset_is_read_on_its_clock(self) -> None:
        trigger = recurrence("daily", zone=BERLIN, start_date="2026-03-28T09:45:00")
        assert fires(trigger, 2) == ["2026-03-28 09:45+0100", "2026-03-29 09:45+0200"]

    def test_an_instant_keeps_its_place_on_it(self) -> None:
        # 23:30 on a Saturday in UTC is 00:30 on a Sunday, the first, in Berlin.
        start = "2026-01-31T23:30:00Z"
        assert fires(recurrence("weekly", zone=BERLIN, start_date=start), 1) == ["2026-02-01 00:30+0100"]
        assert fires(recurrence("monthly", zone=BERLIN, start_date=start), 2)[1] == "2026-03-01 00:30+0100"

    def test_hourly_is_each_hour_that_passes_when_the_clocks_change(self) -> None:
        trigger = recurrence("hourly", zone=BERLIN)
        assert fires(trigger, 3, "2026-03-28T23:30:00") == [
            "2026-03-29 01:00+0100",
            "2026-03-29 03:00+0200",
            "2026-03-29 04:00+0200",
        ]
        assert fires(trigger, 3, "2026-10-24T23:30:00") == [
            "2026-10-25 02:00+0200",
            "2026-10-25 02:00+0100",
            "2026-10-25 03:00+0100",
        ]

    def test_daily_is_once_each_day_when_the_clocks_change(self) -> None:
        trigger = recurrence("daily", zone=BERLIN, start_date="2026-01-01T02:30:00")
        assert fires(trigger, 2, "2026-03-28T12:00:00") == ["2026-03-29 03:30+0200", "2026-03-30 02:30+0200"]
        assert fires(trigger, 2, "2026-10-24T12:00:00") == ["2026-10-25 02:30+0200", "2026-10-26 02:30+0100"]

    def test_or_as_the_rule_says(self) -> None:
        trigger = recurrence(
            "daily", zone=BERLIN, start_date="2026-01-01T02:30:00", rule=DstRule(Gap.SKIP, Overlap.SECOND)
        )
        assert fires(trigger, 1, "2026-03-28T12:00:00") == ["2026-03-30 02:30+0200"]
        assert fires(trigger, 1, "2026-10-24T12:00:00") == ["2026-10-25 02:30+0100"]


class TestWhatIsRefused:
    @pytest.mark.parametrize("word", [None, "", "yearly", "hour", 1, []])
    def test_an_unknown_word(self, word: Any) -> None:
        with pytest.raises(ValidationError, match=r"^frequency: expected hourly, daily, weekly or monthly, or a cron"):
            recurrence(word)

    @pytest.mark.parametrize(("word", "most"), [("hourly", 23), ("daily", 30), ("weekly", 52), ("monthly", 11)])
    def test_an_interval_beyond_its_field(self, word: str, most: int) -> None:
        recurrence(word, interval=most)
        for interval in (most + 1, 0, -1, "x", None, True, 1.0):
            with pytest.raises(ValidationError, match=rf"^interval: expected a whole number from 1 to {most}, not "):
                recurrence(word, interval=interval)

    def test_a_malformed_cron_at_its_field(self) -> None:
        with pytest.raises(ValidationError, match=r"^cron\.minutes: "):
            recurrence(cron="61 * * * *")
        with pytest.raises(ValidationError, match=r"^cron: expected text of five fields"):
            recurrence(cron=5)

    def test_bounds_that_are_no_times_or_in_the_wrong_order(self) -> None:
        with pytest.raises(ValidationError, match=r"^start_date: expected a time"):
            recurrence("daily", start_date="soon")
        with pytest.raises(ValidationError, match=r"^end_date: expected a time of the years"):
            recurrence("daily", end_date=5)
        with pytest.raises(ValidationError, match=r"^end_date: expected a time that is not before start_date"):
            recurrence("daily", start_date="2026-01-31", end_date="2026-01-30")


TRIGGERS = st.builds(
    lambda word, interval, start, zone: recurrence(word, zone=ZoneInfo(zone), interval=interval, start_date=start),
    st.sampled_from(["hourly", "daily", "weekly", "monthly"]),
    st.integers(1, 11),
    st.datetimes(dt.datetime.fromisoformat("2024-01-01"), dt.datetime.fromisoformat("2027-12-31")),
    st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Chatham", "America/New_York"]),
)
INSTANTS = st.datetimes(
    dt.datetime.fromisoformat("2025-06-01"), dt.datetime.fromisoformat("2060-01-01"), timezones=st.just(dt.UTC)
)


@settings(deadline=None)
@given(TRIGGERS, INSTANTS, st.timedeltas(dt.timedelta(0), dt.timedelta(days=400)))
def test_the_next_fire_is_later_and_never_goes_back_when_asked_later(
    trigger: Frequency, instant: dt.datetime, more: dt.timedelta
) -> None:
    first, second = trigger.next_after(instant), trigger.next_after(instant + more)
    assert first is not None
    assert second is not None
    assert instant < first <= second
    assert second == first or first <= instant + more


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["hourly", "daily", "weekly", "monthly"]),
    st.integers(1, 11),
    st.datetimes(
        dt.datetime.fromisoformat("2026-01-01"), dt.datetime.fromisoformat("2028-01-01"), timezones=st.just(dt.UTC)
    ),
)
def test_its_fires_are_the_minutes_that_a_walk_finds(word: str, interval: int, start: dt.datetime) -> None:
    start = start.replace(second=0, microsecond=0)
    trigger = recurrence(word, interval=interval, start_date=start)
    step = dt.timedelta(hours=1) if word == "hourly" else dt.timedelta(days=1)
    due = {"hourly": start.minute, "daily": 0, "weekly": start.isoweekday(), "monthly": start.day}[word]
    expected = []
    for number in range(800):
        at = start + number * step
        field, day = {
            "hourly": (at.hour, at.minute),
            "daily": (at.day - 1, 0),
            "weekly": (at.isocalendar().week - 1, at.isoweekday()),
            "monthly": (at.month - 1, at.day),
        }[word]
        if field % interval == 0 and day == due:
            expected.append(at)
    instant = start - dt.timedelta.resolution
    for fire in expected:
        assert trigger.next_after(instant) == fire
        instant = fire


def test_it_is_over_where_dates_end() -> None:
    assert recurrence("weekly").next_after(utc("9999-12-30T00:00:00")) is None
    assert IsoWeeks(1, 1, dt.time()).next_wall(dt.datetime.fromisoformat("9999-12-30T00:00:00")) is None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"word": "hourly", "interval": 2}, "Every 2 hours of the clock at minute 0"),
        ({"word": "daily"}, "Every day at 00:00"),
        ({"word": "daily", "interval": 2}, "Every 2 days of the month, from the first, at 00:00"),
        ({"word": "weekly", "start_date": "2026-01-31T09:45"}, "Every week on Saturday at 09:45 from 2026-01-31 09:45:00+00:00"),
        ({"word": "monthly", "interval": 3}, "Every 3 months of the year, from the first, on day 1 at 00:00"),
        ({"cron": "0 12 * * *", "end_date": "2026-12-31T00:00"}, "At 12:00 to 2026-12-31 00:00:00+00:00"),
    ],
)  # fmt: skip
def test_it_says_what_it_does(fields: dict[str, Any], sentence: str) -> None:
    assert recurrence(**fields).describe() == sentence
