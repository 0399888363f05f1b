"""What is skipped costs no search; and a search that cannot end well ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest

from scheduler.triggers.calendar import CalendarSpec
from scheduler.triggers.calendar_intervals import LONGEST_SEARCH
from scheduler.triggers.calendar_skips import DayTimes
from scheduler.triggers.every import Every

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
AT = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
ALWAYS = {"second": "*", "minute": "*", "hour": "*"}


class Steps:
    """How many fires of intervals, and how many months of calendars, a search has looked at."""

    def __init__(self) -> None:
        self.fires = self.months = 0


@pytest.fixture
def steps() -> Iterator[Steps]:
    counted = Steps()
    next_after, days_of = Every.next_after, DayTimes.days_of

    def fire(every: Every, instant: dt.datetime) -> dt.datetime | None:
        counted.fires += 1
        return next_after(every, instant)

    def month(times: DayTimes, year: int, number: int) -> int:
        counted.months += 1
        return days_of(times, year, number)

    with patch.object(Every, "next_after", fire), patch.object(DayTimes, "days_of", month):
        yield counted


def spec(zone: ZoneInfo = UTC, **parts: object) -> CalendarSpec:
    return CalendarSpec.parse(parts, zone=zone)


def every(seconds: int, offset: int = 0) -> list[dict[str, int]]:
    return [{"every": seconds, "offset": offset}]


class TestWhatNeverFires:
    @pytest.mark.parametrize(
        "skip",
        [
            [ALWAYS],
            [{**ALWAYS, "hour": {"start": 0, "end": 11}}, {**ALWAYS, "hour": {"start": 12, "end": 23}}],
            [{**ALWAYS, "dayOfWeek": {"start": 1, "end": 5}}, {**ALWAYS, "dayOfWeek": ["SAT", "SUN"]}],
            [{**ALWAYS, "dayOfMonth": {"start": 1, "end": 30}}, {**ALWAYS, "dayOfMonth": 31}],
        ],
        ids=["everything", "both halves of the day", "both parts of the week", "each day of the month"],
    )  # fmt: skip
    def test_because_all_of_it_is_skipped_is_seen_by_the_year(self, steps: Steps, skip: list[object]) -> None:
        for calendar in (ALWAYS, {"hour": "*"}, {"hour": 9, "dayOfWeek": 1}):
            steps.months = 0
            assert spec(calendars=[calendar], skip=skip).next_after(AT) is None
            assert 0 < steps.months <= 14 * 12 * (1 + len(skip))  # there are 14 kinds of years

    @pytest.mark.parametrize("seconds", [1, 2, 60, 900, 3600, 7200, 86_400])
    def test_because_an_interval_is_skipped_is_seen_at_its_first_fire(self, steps: Steps, seconds: int) -> None:
        assert (
            spec(
                intervals=every(seconds),
                skip=[ALWAYS],
            ).next_after(AT)
            is None
        )
        assert steps.fires == 1
        assert steps.months <= 14 * 12 * 2 + 1

    def test_because_an_interval_is_skipped_in_summer_and_winter_is_seen_at_its_first_fire(self, steps: Steps) -> None:
        times = [{"hour": hour} for hour in (3, 4)]
        assert spec(BERLIN, intervals=every(86_400, 10_800), skip=[*times, {"hour": 5}]).next_after(AT) is None
        assert steps.fires == 1

    def test_ends_after_a_fixed_number_of_fires_when_the_interval_wanders_over_the_day(self, steps: Steps) -> None:
        day_but_its_last_second = [
            {"second": "*", "minute": "*", "hour": {"start": 0, "end": 22}},
            {"second": "*", "minute": {"start": 0, "end": 58}, "hour": 23},
            {"second": {"start": 0, "end": 58}, "minute": 59, "hour": 23},
        ]
        found = spec(intervals=every(1001), skip=day_but_its_last_second).next_after(AT)
        assert steps.fires <= LONGEST_SEARCH
        assert found is None or found.astimezone(UTC).time() == dt.time(23, 59, 59)


class TestLeaps:
    def test_a_month_of_minutes_is_passed_at_once(self, steps: Steps) -> None:
        august = [{"minute": "*", "hour": "*", "month": 8}]
        instant = dt.datetime(2026, 8, 1, tzinfo=dt.UTC) - dt.timedelta.resolution
        assert spec(intervals=every(60), skip=august).next_after(instant) == dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
        assert steps.fires <= 3

    def test_an_interval_that_is_skipped_in_winter_fires_in_summer(self) -> None:
        # 08:00 UTC is 09:00 in Berlin until the clocks go forward on 29 March.
        found = spec(BERLIN, intervals=every(86_400, 28_800), skip=[{"hour": 9}]).next_after(AT)
        assert found == dt.datetime(2026, 3, 29, 8, tzinfo=dt.UTC)

    def test_the_second_pass_is_skipped_like_the_first(self) -> None:
        clocks_back = dt.datetime(2026, 10, 25, 0, tzinfo=dt.UTC)  # 02:00 in Berlin; 01:00 UTC is 02:00 again
        skipping = spec(BERLIN, intervals=every(1800), skip=[{"hour": 2, "minute": 30}])
        found = skipping.next_after(clocks_back)
        assert found == dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC)
        assert skipping.next_after(found) == dt.datetime(2026, 10, 25, 2, tzinfo=dt.UTC)

    def test_a_leap_does_not_pass_over_times_that_come_again(self) -> None:
        # From 02:30 on everything is skipped for a day; but the clock goes back from 03:00 to 02:00, which is not skipped.
        skip = [{"minute": {"start": 30, "end": 59}, "hour": 2}, {"minute": "*", "hour": {"start": 3, "end": 23}}]
        found = spec(BERLIN, intervals=every(600), skip=skip).next_after(
            dt.datetime(2026, 10, 25, 0, 20, tzinfo=dt.UTC)
        )
        assert found == dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC)

    def test_a_leap_into_a_gap_lands_before_it(self) -> None:
        # The first wall time that is not skipped, 02:30 on 29 March, does not exist; 03:00, at 01:00 UTC, follows 01:59.
        skip = [
            {"month": 3, "dayOfMonth": {"start": 20, "end": 28}, "hour": "*", "minute": "*"},
            {"month": 3, "dayOfMonth": 29, "hour": [0, 1], "minute": "*"},
            {"month": 3, "dayOfMonth": 29, "hour": 2, "minute": {"start": 0, "end": 29}},
        ]
        found = spec(BERLIN, intervals=every(600), skip=skip).next_after(dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC))
        assert found == dt.datetime(2026, 3, 29, 1, tzinfo=dt.UTC)

    def test_a_change_by_half_an_hour_brings_an_hourly_interval_to_other_minutes(self) -> None:
        # Full hours of UTC are full hours on Lord Howe in summer, and half past in winter.
        lord_howe = ZoneInfo("Australia/Lord_Howe")
        found = spec(lord_howe, intervals=every(3600), skip=[{"hour": "*"}]).next_after(AT)
        assert found == dt.datetime(2026, 4, 4, 15, tzinfo=dt.UTC)

    def test_with_skips_an_interval_ends_with_the_year_2100(self) -> None:
        trigger = spec(intervals=every(3600), skip=[{"month": 1}])
        assert trigger.next_after(dt.datetime(2100, 12, 31, 23, 30, tzinfo=dt.UTC)) is None
        assert trigger.next_after(dt.datetime(2100, 12, 31, 22, 30, tzinfo=dt.UTC)) == dt.datetime(
            2100, 12, 31, 23, tzinfo=dt.UTC
        )
