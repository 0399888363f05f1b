"""Counting the fires to come, and the runs that are to be expected at once."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from scheduler.definition import Definition, compile_schedule
from scheduler.load import Hours, Source, busiest, count_by_hour, curve

MONDAY = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
PLENTY = 10**9
MONTH = 720


def definition(expression: str, **parts: Any) -> Definition:
    document = {"triggers": [{"type": "cron", "expression": expression}], **parts}
    return compile_schedule(document=document, anchor=MONDAY, key="1", default_zone="UTC")


def count(expression: str, *, hours: int = MONTH, most: int = PLENTY, **parts: Any) -> Hours:
    return count_by_hour(definition(expression, **parts), start=MONDAY, hours=hours, most=most)


def one_by_one(expression: str, hours: int, **parts: Any) -> Counter[int]:
    found: Counter[int] = Counter()
    for each in definition(expression, **parts).union.occurrences(MONDAY - dt.datetime.resolution):
        hour = (each.instant - MONDAY) // dt.timedelta(hours=1)
        if hour >= hours:
            return found
        if each.excluded is None:
            found[hour] += 1
    return found


class TestCounting:
    @pytest.mark.parametrize(
        ("expression", "sampled"),
        [
            ("0 9 * * *", False),
            ("*/5 * * * *", False),
            ("* * * * *", True),
            ("* * * * * ?", True),
            ("*/10 * 9-17 ? * MON-FRI", True),
            ("0-29 * * * *", False),
            ("0-19,40-59 * * * *", False),
            ("* 0-20 * * * ?", False),
        ],
    )
    def test_each_hour_has_as_many_as_a_walk_finds(self, expression: str, sampled: bool) -> None:
        found = count(expression, hours=50)
        assert found.counts == one_by_one(expression, 50)
        assert found.sampled == sampled

    def test_the_first_instant_counts_and_the_end_does_not(self) -> None:
        assert count("0 0 * * *", hours=24).counts == {0: 1}

    def test_what_is_excluded_is_not_counted(self) -> None:
        night = {"kind": "daily", "from": "22:00", "to": "06:30"}
        assert count("* * * * *", hours=48, exclusions=[night]).counts == one_by_one(
            "* * * * *", 48, exclusions=[night]
        )

    def test_where_in_the_hour_they_lie_is_kept(self) -> None:
        assert count("15,45 7 * * *", hours=24).offsets == {7: (15 + 45) * 60.0}
        even = count("* * * * * ?", hours=1)
        assert even.offsets[0] == sum(range(3600))

    def test_a_schedule_that_never_fires_has_no_hours(self) -> None:
        assert count("0 0 30 2 *").total == 0


class TestSampling:
    """A bound on how much is looked at, for schedules that fire all the time."""

    @pytest.mark.parametrize("most", [500, 5_000])
    def test_the_rest_repeats_the_last_whole_day_or_week(self, most: int) -> None:
        found = count("0 0/10 9-17 ? * *", most=most)
        assert found.counts == one_by_one("0 0/10 9-17 ? * *", MONTH)

    def test_a_week_is_told_apart_from_a_day_where_one_was_seen(self) -> None:
        found = count("0 0/5 * ? * MON-FRI", most=2_500)
        assert found.sampled
        assert found.counts == one_by_one("0 0/5 * ? * MON-FRI", MONTH)

    def test_it_says_so(self) -> None:
        assert count("*/5 * * * *", most=100).sampled
        assert not count("*/5 * * * *", hours=5, most=100).sampled

    def test_it_ends_with_the_schedule(self) -> None:
        found = count("*/5 * * * *", most=100, end_date="2026-06-03")
        assert found.counts == one_by_one("*/5 * * * *", 72)

    def test_the_work_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = 0
        spec = definition("*/7 * * * * ?")
        union = type(spec.union)
        next_after = union.next_after

        def counted(self: Any, instant: dt.datetime) -> dt.datetime | None:
            nonlocal asked
            asked += 1
            return next_after(self, instant)

        monkeypatch.setattr(union, "next_after", counted)
        count_by_hour(spec, start=MONDAY, hours=MONTH, most=1_000)
        assert 1_000 < asked < 1_000 + 3600 // 7 + 20


class TestCurve:
    def load(self, hours: int, *sources: Source) -> list[tuple[int, float]]:
        return [(each.fires, each.concurrency) for each in curve(sources=sources, start=MONDAY, hours=hours)]

    def source(self, counts: dict[int, int], *, at: float = 0, **parts: Any) -> Source:
        hours = Hours(counts=Counter(counts))
        hours.offsets.update({hour: at * number for hour, number in counts.items()})
        plain: dict[str, Any] = {"hours": hours, "weight": 1.0, "seconds": 0.0, "alone": False}
        return Source(**plain | parts)

    def test_fires_are_added_up_and_hours_without_any_are_there(self) -> None:
        quiet, busy = self.source({1: 1}), self.source({1: 6, 2: 6}, weight=2.0)
        assert self.load(3, quiet, busy) == [(0, 0.0), (13, 0.0), (12, 0.0)]

    def test_a_run_is_at_work_for_as_long_as_it_takes(self) -> None:
        assert self.load(2, self.source({0: 60}, seconds=30.0)) == [(60, 0.5), (0, 0.0)]

    def test_a_long_run_reaches_into_the_hours_after_it(self) -> None:
        half_past = self.source({0: 1}, at=1800, seconds=2 * 3600.0)
        assert self.load(4, half_past) == [(1, 0.5), (0, 1.0), (0, 0.5), (0, 0.0)]

    def test_a_schedule_whose_runs_may_not_overlap_has_one_at_a_time(self) -> None:
        often = {0: 12, 1: 12}
        assert self.load(2, self.source(often, seconds=600.0))[0] == (12, 2.0)
        assert self.load(2, self.source(often, seconds=600.0, alone=True))[0] == (12, 1.0)
        assert self.load(2, self.source(often, seconds=600.0, alone=True, weight=3.0))[0] == (36, 3.0)

    def test_the_busiest_hour_is_the_one_with_the_most_runs_at_once_then_with_the_most_fires(self) -> None:
        load = curve(sources=[self.source({0: 5, 2: 7}), self.source({1: 1}, seconds=60.0)], start=MONDAY, hours=3)
        found = busiest(load)
        assert found is not None
        assert found.start == MONDAY + dt.timedelta(hours=1)
        again = busiest([load[0], load[2]])
        assert again is not None
        assert again.fires == 7
        assert busiest(curve(sources=[], start=MONDAY, hours=3)) is None
