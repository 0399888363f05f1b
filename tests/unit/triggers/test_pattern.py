"""Wall patterns: the next wall time, against a walk over seconds, and searches that find nothing."""
# ruff: noqa: DTZ001 - wall times are naive

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.triggers.pattern import FIRST_YEAR, LAST_YEAR, DayRule, WallPattern

ALL_YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
ALL_MONTHS = tuple(range(1, 13))


@dataclass
class CountedDays:
    """Fixed days of the month, and how often they were asked for."""

    days: Sequence[int]
    asked: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, year: int, month: int) -> list[int]:
        self.asked.append((year, month))
        return [day for day in self.days if day <= calendar.monthrange(year, month)[1]]


def pattern(
    *,
    seconds: Sequence[int] = (0,),
    minutes: Sequence[int] = (0,),
    hours: Sequence[int] = (0,),
    months: Sequence[int] = ALL_MONTHS,
    years: Sequence[int] = ALL_YEARS,
    days: DayRule | None = None,
) -> WallPattern:
    rule = days or CountedDays(range(1, 32))
    return WallPattern(seconds=seconds, minutes=minutes, hours=hours, months=months, years=years, days=rule)


class TestTheNextWallTime:
    @pytest.mark.parametrize(
        ("after", "expected"),
        [
            ("2027-05-05 10:20:29.999999", "2027-05-05 10:20:30"),
            ("2027-05-05 10:20:30", "2027-05-05 10:40:10"),
            ("2027-05-05 10:20:30.000001", "2027-05-05 10:40:10"),
            ("2027-05-05 10:40:30", "2027-05-05 22:20:10"),
            ("2027-05-05 22:40:30", "2027-05-06 10:20:10"),
            ("2027-05-05 11:59:59", "2027-05-05 22:20:10"),
            ("2027-05-31 23:00:00", "2027-06-01 10:20:10"),
            ("2027-12-31 23:59:59", "2028-01-01 10:20:10"),
        ],
    )
    def test_it_is_the_first_strictly_later_one(self, after: str, expected: str) -> None:
        twice = pattern(seconds=(10, 30), minutes=(20, 40), hours=(10, 22))
        assert twice.next_wall(dt.datetime.fromisoformat(after)) == dt.datetime.fromisoformat(expected)

    def test_months_and_years_without_a_match_are_passed_over(self) -> None:
        leap = pattern(months=(2,), years=(2027, 2028, 2031, 2032), days=CountedDays((29,)))
        assert leap.next_wall(dt.datetime(2025, 7, 1)) == dt.datetime(2028, 2, 29)
        assert leap.next_wall(dt.datetime(2028, 2, 29)) == dt.datetime(2032, 2, 29)
        assert leap.next_wall(dt.datetime(2032, 2, 29)) is None

    def test_before_the_first_year_the_first_match_is_next_and_after_the_last_there_is_none(self) -> None:
        assert pattern(years=(2030,)).next_wall(dt.datetime(1, 1, 1)) == dt.datetime(2030, 1, 1)
        assert pattern(years=(2030,)).next_wall(dt.datetime(2030, 12, 31)) is None
        assert pattern().next_wall(dt.datetime(9999, 12, 31, 23, 59, 59)) is None

    def test_patterns_of_the_same_sets_are_equal(self) -> None:
        days = CountedDays((1,))
        one, same, other = pattern(days=days), pattern(days=days), pattern(days=days, hours=(1,))
        one.next_wall(dt.datetime(2027, 1, 1))
        assert one == same != other


class TestASearchThatFindsNothing:
    def test_it_asks_for_each_kind_of_month_once(self) -> None:
        never = CountedDays(())
        assert pattern(days=never).next_wall(dt.datetime(FIRST_YEAR, 1, 1)) is None
        assert len(never.asked) == 28

    def test_the_thirtieth_of_february_is_asked_for_in_february_only(self) -> None:
        never = CountedDays((30,))
        assert pattern(days=never, months=(2,)).next_wall(dt.datetime(FIRST_YEAR, 1, 1)) is None
        assert {month for _, month in never.asked} == {2}
        assert len(never.asked) == 14


def members(least: int, most: int, size: int = 4) -> st.SearchStrategy[tuple[int, ...]]:
    return st.sets(st.integers(least, most), min_size=1, max_size=size).map(lambda found: tuple(sorted(found)))


INSTANTS = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2033, 1, 1))


class TestAWalkOverSeconds:
    @settings(max_examples=80, deadline=None)
    @given(seconds=members(0, 59, 8), minutes=members(0, 59, 20), hours=members(0, 23, 24), after=INSTANTS)
    def test_the_first_second_that_matches_is_next(
        self, seconds: tuple[int, ...], minutes: tuple[int, ...], hours: tuple[int, ...], after: dt.datetime
    ) -> None:
        start = after.replace(microsecond=0)
        walk = (start + dt.timedelta(seconds=step) for step in range(1, 5000))
        matches = (wall for wall in walk if wall.second in seconds and wall.minute in minutes and wall.hour in hours)
        expected = next(matches, None)
        found = pattern(seconds=seconds, minutes=minutes, hours=hours).next_wall(after)
        assert found is not None
        assert found == expected or (expected is None and found >= start + dt.timedelta(seconds=5000))

    @settings(max_examples=80, deadline=None)
    @given(days=members(1, 31), months=members(1, 12), years=members(2026, 2034, 9), after=INSTANTS)
    def test_the_first_day_that_matches_is_next(
        self, days: tuple[int, ...], months: tuple[int, ...], years: tuple[int, ...], after: dt.datetime
    ) -> None:
        walk = (dt.datetime.combine(after.date(), dt.time(12)) + dt.timedelta(days=step) for step in range(3300))
        matches = (
            wall for wall in walk if wall > after and wall.day in days and wall.month in months and wall.year in years
        )
        found = pattern(hours=(12,), months=months, years=years, days=CountedDays(days)).next_wall(after)
        assert found == next(matches, None)

    @settings(max_examples=100, deadline=None)
    @given(days=members(1, 31), hours=members(0, 23), sooner=INSTANTS, later=INSTANTS)
    def test_a_later_question_never_has_a_sooner_answer(
        self, days: tuple[int, ...], hours: tuple[int, ...], sooner: dt.datetime, later: dt.datetime
    ) -> None:
        sooner, later = sorted((sooner, later))
        some = pattern(hours=hours, days=CountedDays(days))
        first, second = some.next_wall(sooner), some.next_wall(later)
        assert first is not None
        assert second is not None
        assert sooner < first <= second
        assert later < second
