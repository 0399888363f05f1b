"""The union of a schedule's triggers: order, doubles, bounds, exclusions, and searches that cannot succeed."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.triggers.exclusions import Exclusions
from scheduler.triggers.iso8601 import IsoRepeating
from scheduler.triggers.union import MOST_SKIPPED, Search, Union

UTC = ZoneInfo("UTC")
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
TICK = dt.datetime.resolution


@dataclass
class At:
    """Fires at given seconds after the start, and counts how often it was asked."""

    seconds: list[int]
    asked: list[dt.datetime] = field(default_factory=list)

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        self.asked.append(instant)
        return next((moment for moment in map(later, sorted(self.seconds)) if moment > instant), None)

    def describe(self) -> str:
        return f"At {self.seconds}"


@dataclass
class EverySecond:
    """Fires each second, and counts how often it was asked."""

    asked: int = 0

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        self.asked += 1
        return instant.replace(microsecond=0) + SECOND

    def describe(self) -> str:
        return "Every second"


def later(seconds: int) -> dt.datetime:
    return START + seconds * SECOND


def excluding(*documents: dict[str, Any]) -> Exclusions:
    return Exclusions.parse(list(documents), zone=UTC)


def seconds_of(found: Iterable[dt.datetime | None]) -> list[int]:
    return [int((moment - START) / SECOND) for moment in found if moment is not None]


def all_fires(union: Union, *, after: dt.datetime = START - TICK) -> list[int]:
    found: list[dt.datetime] = []
    while following := union.next_after(found[-1] if found else after):
        found.append(following)
    return seconds_of(found)


class TestUnion:
    def test_what_two_triggers_say_is_one_fire(self) -> None:
        assert all_fires(Union((At([1, 3, 5]), At([3, 4])))) == [1, 3, 4, 5]

    def test_without_triggers_it_never_fires(self) -> None:
        assert Union(()).search(START) == Search(None)
        assert list(Union(()).occurrences(START)) == []
        assert Union(()).describe() == "Never"

    def test_both_bounds_are_included(self) -> None:
        union = Union((At([1, 2, 3, 4, 5]),), start=later(2), end=later(4))
        assert all_fires(union) == [2, 3, 4]
        assert seconds_of(each.instant for each in union.occurrences(START)) == [2, 3, 4]

    def test_it_describes_its_triggers(self) -> None:
        assert Union((At([1]), EverySecond())).describe() == "At [1]; Every second"

    @given(
        st.lists(st.lists(st.integers(0, 50)), max_size=4), st.integers(0, 50), st.integers(0, 50), st.integers(-1, 51)
    )
    def test_it_is_what_a_walk_over_the_seconds_finds(
        self, triggers: list[list[int]], start: int, end: int, after: int
    ) -> None:
        exclusions = excluding({"kind": "blackout", "start": later(20).isoformat(), "end": later(30).isoformat()})
        union = Union(tuple(map(At, triggers)), later(start), later(end), exclusions)
        walked = [
            second
            for second in range(after + 1, 51)
            if start <= second <= end and any(second in each for each in triggers)
        ]
        allowed = [second for second in walked if not 20 <= second < 30]
        assert all_fires(union, after=later(after)) == allowed
        met = list(union.occurrences(later(after)))
        assert seconds_of(each.instant for each in met) == walked
        assert seconds_of(each.instant for each in met if each.excluded is None) == allowed


class TestOccurrences:
    def test_they_tell_which_triggers_and_why_not(self) -> None:
        exclusions = excluding({"kind": "daily", "from": "00:01", "to": "00:02"})
        met = list(Union((At([1, 61]), At([61, 120])), exclusions=exclusions).occurrences(START))
        assert [(each.triggers, each.excluded) for each in met] == [
            ((0,), None),
            ((0, 1), "blackout: 00:01 to 00:02"),
            ((1,), None),
        ]

    def test_they_are_merged_as_they_are_taken(self) -> None:
        near, far = At([1, 2, 3]), At([100])
        assert seconds_of(each.instant for each in itertools.islice(Union((near, far)).occurrences(START), 2)) == [1, 2]
        assert (len(near.asked), len(far.asked)) == (2, 1)


class TestExclusions:
    def test_an_exclusion_is_passed_in_one_step(self) -> None:
        trigger = EverySecond()
        year = {"kind": "blackout", "start": "2026-01-01", "end": "2026-12-31"}
        assert Union((trigger,), exclusions=excluding(year)).next_after(START) == dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
        assert trigger.asked <= 3

    def test_the_first_fire_after_an_exclusion_is_not_lost(self) -> None:
        union = Union(
            (At([59, 60, 119, 120]),), exclusions=excluding({"kind": "daily", "from": "00:01", "to": "00:02"})
        )
        assert all_fires(union) == [59, 120]

    def test_a_search_that_cannot_succeed_ends_and_tells_why(self) -> None:
        trigger = EverySecond()
        both = excluding(
            {"kind": "daily", "from": "00:00", "to": "12:00"},
            {"kind": "daily", "from": "12:00", "to": "24:00", "comment": "pm"},
        )
        union = Union((trigger,), exclusions=both)
        found = union.search(START)
        assert (found.instant, found.reason) == (None, "blackout: 12:00 to 24:00 (pm)")
        assert found.given_up_at == START + (MOST_SKIPPED - 1) * dt.timedelta(hours=12)
        assert trigger.asked == MOST_SKIPPED
        assert union.next_after(START) is None

    def test_a_trigger_that_ends_within_an_exclusion_is_not_given_up(self) -> None:
        union = Union((At([1, 2, 3]),), exclusions=excluding({"kind": "dates", "dates": ["2026-01-01"]}))
        assert union.search(START) == Search(None)

    @pytest.mark.parametrize(("zone", "missing"), [("Europe/Berlin", "2026-12-25"), ("Asia/Tokyo", "2026-12-25")])
    def test_a_daily_schedule_has_no_fire_on_a_holiday_of_the_zone(self, zone: str, missing: str) -> None:
        where = ZoneInfo(zone)
        daily = IsoRepeating.parse("R/2026-12-20T00:30:00/P1D", zone=where)
        exclusions = Exclusions.parse([{"kind": "holidays", "country": "DE"}], zone=where)
        met = itertools.islice(Union((daily,), exclusions=exclusions).occurrences(START), 10)
        skipped = [f"{each.instant.astimezone(where):%Y-%m-%d}" for each in met if each.excluded]
        assert skipped == [missing, "2026-12-26"]
