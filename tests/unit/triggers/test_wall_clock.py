"""Wall time to instants: gaps, overlaps, zones with odd histories, and a brute-force walk that agrees."""
# ruff: noqa: DTZ001 - wall times are naive

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.triggers.wall_clock import DstRule, Gap, Overlap, Transition, instants, next_instant, transitions

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")
KWAJALEIN = ZoneInfo("Pacific/Kwajalein")
MONROVIA = ZoneInfo("Africa/Monrovia")
LITERAL = DstRule(Gap.SKIP, Overlap.BOTH)
RULES = [DstRule(gap, overlap) for gap in Gap for overlap in Overlap if overlap is not Overlap.QUARTZ]

ODD_ZONES = (
    ("Europe/Berlin", 2027),
    ("America/New_York", 2026),
    ("Australia/Lord_Howe", 2026),  # by half an hour
    ("Pacific/Chatham", 2027),  # at 02:45 of the wall
    ("America/St_Johns", 2006),  # at 00:01 of the wall
    ("Africa/Casablanca", 2026),  # an hour less in Ramadan
    ("Antarctica/Troll", 2026),  # by two hours
    ("Pacific/Apia", 2011),  # without the 30th of December
    ("Pacific/Kwajalein", 1969),  # the 30th of September for 23 hours again
    ("Africa/Monrovia", 1972),  # by 44 minutes and 30 seconds
    ("Asia/Pyongyang", 2018),  # by half an hour, for good
    ("America/Caracas", 2016),
)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def wall(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def sequence(walls: list[dt.datetime]) -> Callable[[dt.datetime], dt.datetime | None]:
    def next_wall(after: dt.datetime) -> dt.datetime | None:
        place = bisect_right(walls, after)
        return walls[place] if place < len(walls) else None

    return next_wall


def daily(hour: int, minute: int) -> Callable[[dt.datetime], dt.datetime]:
    def next_wall(after: dt.datetime) -> dt.datetime:
        candidate = dt.datetime.combine(after.date(), dt.time(hour, minute))
        return candidate if candidate > after else candidate + dt.timedelta(days=1)

    return next_wall


class TestTheInstantsOfAWallTime:
    @pytest.mark.parametrize("rule", RULES)
    def test_far_from_a_transition_there_is_one_whatever_the_rule(self, rule: DstRule) -> None:
        assert instants(wall("2027-07-01 12:00"), BERLIN, rule) == (utc("2027-07-01 10:00"),)

    @pytest.mark.parametrize(
        ("gap", "expected"),
        [(Gap.SKIP, []), (Gap.SHIFT, ["2027-03-28 01:30"]), (Gap.AFTER, ["2027-03-28 01:00"])],
    )
    def test_in_a_gap_the_rule_says(self, gap: Gap, expected: list[str]) -> None:
        found = instants(wall("2027-03-28 02:30"), BERLIN, DstRule(gap, Overlap.FIRST))
        assert found == tuple(map(utc, expected))

    @pytest.mark.parametrize(
        ("overlap", "expected"),
        [
            (Overlap.FIRST, ["2027-10-31 00:30"]),
            (Overlap.SECOND, ["2027-10-31 01:30"]),
            (Overlap.QUARTZ, ["2027-10-31 01:30"]),
            (Overlap.BOTH, ["2027-10-31 00:30", "2027-10-31 01:30"]),
        ],
    )
    def test_in_an_overlap_the_rule_says(self, overlap: Overlap, expected: list[str]) -> None:
        found = instants(wall("2027-10-31 02:30"), BERLIN, DstRule(Gap.SKIP, overlap))
        assert found == tuple(map(utc, expected))

    def test_the_first_wall_time_after_a_gap_and_the_last_before_it_are_not_in_it(self) -> None:
        assert instants(wall("2027-03-28 03:00"), BERLIN, LITERAL) == (utc("2027-03-28 01:00"),)
        assert instants(wall("2027-03-28 01:59:59"), BERLIN, LITERAL) == (utc("2027-03-28 00:59:59"),)

    def test_a_day_that_a_dateline_change_leaves_out_is_shifted_by_a_day(self) -> None:
        assert instants(wall("2011-12-30 12:00"), APIA, LITERAL) == ()
        assert instants(wall("2011-12-30 12:00"), APIA, DstRule(Gap.SHIFT, Overlap.FIRST)) == (utc("2011-12-30 22:00"),)
        assert instants(wall("2011-12-30 12:00"), APIA, DstRule(Gap.AFTER, Overlap.FIRST)) == (utc("2011-12-30 10:00"),)

    def test_a_gap_of_odd_seconds_ends_to_the_second(self) -> None:
        in_gap = wall("1972-01-07 00:20:00.250000")
        assert instants(in_gap, MONROVIA, DstRule(Gap.AFTER, Overlap.FIRST)) == (utc("1972-01-07 00:44:30"),)
        assert instants(in_gap, MONROVIA, DstRule(Gap.SHIFT, Overlap.FIRST)) == (utc("1972-01-07 01:04:30.250000"),)


class TestTransitions:
    def test_a_year_has_its_two(self) -> None:
        one, two = dt.timedelta(hours=1), dt.timedelta(hours=2)
        assert transitions(BERLIN, utc("2027-01-01"), utc("2028-01-01")) == [
            Transition(utc("2027-03-28 01:00"), one, two),
            Transition(utc("2027-10-31 01:00"), two, one),
        ]

    def test_the_start_is_inclusive_and_the_end_is_not(self) -> None:
        moment = utc("2027-03-28 01:00")
        assert [each.instant for each in transitions(BERLIN, moment, utc("2027-04-01"))] == [moment]
        assert transitions(BERLIN, utc("2027-03-01"), moment) == []
        assert transitions(BERLIN, moment + dt.datetime.resolution, utc("2027-04-01")) == []

    def test_utc_has_none(self) -> None:
        assert transitions(ZoneInfo("UTC"), utc("2000-01-01"), utc("2030-01-01")) == []

    @pytest.mark.parametrize(("key", "year"), ODD_ZONES)
    def test_a_walk_by_minutes_finds_the_same(self, key: str, year: int) -> None:
        zone = ZoneInfo(key)
        found = transitions(zone, utc(f"{year}-01-01"), utc(f"{year + 1}-01-01"))
        assert found
        for each in found:
            just_before = (each.instant - dt.timedelta(seconds=1)).astimezone(zone)
            assert just_before.utcoffset() == each.before != each.after == each.instant.astimezone(zone).utcoffset()

    def test_two_that_are_a_week_apart_are_both_seen(self) -> None:
        found = transitions(ZoneInfo("America/Recife"), utc("2000-10-01"), utc("2000-11-01"))
        assert [each.instant for each in found] == [utc("2000-10-08 03:00"), utc("2000-10-15 02:00")]


class TestTheNextInstant:
    def test_it_is_strictly_later_by_as_little_as_a_microsecond(self) -> None:
        noon = utc("2027-07-01 10:00")
        assert next_instant(daily(12, 0), noon - dt.datetime.resolution, BERLIN, LITERAL) == noon
        assert next_instant(daily(12, 0), noon, BERLIN, LITERAL) == utc("2027-07-02 10:00")

    def test_a_naive_datetime_is_refused_rather_than_taken_for_the_machines_own_time(self) -> None:
        with pytest.raises(ValueError, match="aware"):
            next_instant(daily(12, 0), wall("2027-07-01 10:00"), BERLIN, LITERAL)

    def test_any_aware_datetime_will_do(self) -> None:
        after = dt.datetime(2027, 7, 1, 11, 59, tzinfo=BERLIN)
        assert next_instant(daily(12, 0), after, BERLIN, LITERAL) == utc("2027-07-01 10:00")

    def test_a_shifted_fire_is_found_also_when_its_gap_is_over(self) -> None:
        rule = DstRule(Gap.SHIFT, Overlap.FIRST)
        assert next_instant(daily(2, 30), utc("2027-03-28 01:10"), BERLIN, rule) == utc("2027-03-28 01:30")
        assert next_instant(daily(2, 30), utc("2027-03-28 01:30"), BERLIN, rule) == utc("2027-03-29 00:30")

    def test_what_a_gap_holds_fires_once_after_it(self) -> None:
        rule = DstRule(Gap.AFTER, Overlap.FIRST)
        lost = sequence([wall(f"2027-03-28 02:{minute}") for minute in ("00", "15", "45")])
        assert next_instant(lost, utc("2027-03-27 12:00"), BERLIN, rule) == utc("2027-03-28 01:00")
        assert next_instant(lost, utc("2027-03-28 01:00"), BERLIN, rule) is None

    def test_quartz_asked_during_the_first_pass_does_not_look_back(self) -> None:
        second, quartz = (DstRule(Gap.SKIP, overlap) for overlap in (Overlap.SECOND, Overlap.QUARTZ))
        before, during = utc("2027-10-31 00:29:59"), utc("2027-10-31 00:30")
        assert next_instant(daily(2, 30), before, BERLIN, quartz) == utc("2027-10-31 01:30")
        assert next_instant(daily(2, 30), during, BERLIN, quartz) == utc("2027-11-01 01:30")
        assert next_instant(daily(2, 30), during, BERLIN, second) == utc("2027-10-31 01:30")

    def test_hundreds_of_lost_wall_times_are_passed_over(self) -> None:
        lost = [wall("2027-03-28 02:00") + dt.timedelta(seconds=10 * step) for step in range(360)]
        found = next_instant(sequence([*lost, wall("2027-03-29 02:00")]), utc("2027-03-01"), BERLIN, LITERAL)
        assert found == utc("2027-03-29 00:00")

    def test_a_sequence_that_has_ended_gives_none(self) -> None:
        assert next_instant(sequence([]), utc("2027-01-01"), BERLIN, LITERAL) is None
        assert next_instant(sequence([wall("2027-10-31 02:30")]), utc("2027-10-31 01:30"), BERLIN, LITERAL) is None

    @pytest.mark.parametrize("each_hour", [1, 60, 3600])
    def test_what_is_only_ever_due_in_a_gap_ends_the_search_after_a_few_questions(self, each_hour: int) -> None:
        lost = [
            each.instant
            for each in transitions(NEW_YORK, utc("2026-01-01"), utc("2126-01-01"))
            if each.after > each.before
        ]
        step = dt.timedelta(hours=1) / each_hour
        walls = [dt.datetime.combine(each.date(), dt.time(2)) + step * n for each in lost for n in range(each_hour)]
        asked: list[dt.datetime] = []
        assert len(lost) == 100

        def next_wall(after: dt.datetime) -> dt.datetime | None:
            asked.append(after)
            return sequence(walls)(after)

        assert next_instant(next_wall, utc("2026-01-01"), NEW_YORK, LITERAL) is None
        assert len(asked) < 120

    @pytest.mark.parametrize("rule", RULES)
    def test_the_ends_of_the_calendar_are_no_error(self, rule: DstRule) -> None:
        assert next_instant(sequence([]), dt.datetime.min.replace(tzinfo=dt.UTC), APIA, rule) is None
        assert next_instant(sequence([]), dt.datetime.max.replace(tzinfo=dt.UTC), APIA, rule) is None
        late = sequence([dt.datetime(9999, 12, 31, 23)])
        assert next_instant(late, utc("2027-01-01"), APIA, rule) is None

    @pytest.mark.parametrize("rule", RULES)
    def test_far_away_is_found_at_once(self, rule: DstRule) -> None:
        assert next_instant(sequence([wall("2999-07-01 12:00")]), utc("2027-01-01"), BERLIN, rule) == utc(
            "2999-07-01 10:00"
        )


ODD_TRANSITIONS = [
    (zone, each)
    for zone, year in ((ZoneInfo(key), year) for key, year in ODD_ZONES)
    for each in transitions(zone, dt.datetime(year, 1, 1, tzinfo=dt.UTC), dt.datetime(year + 1, 1, 1, tzinfo=dt.UTC))
]
EDGES = st.sampled_from([0, -30, 30, -60, 60, -120, 120, -24 * 60, 24 * 60])
MINUTES_AROUND = st.one_of(EDGES, st.integers(-36 * 60, 36 * 60))


class TestEveryRuleAtEveryTransition:
    @settings(max_examples=600, deadline=None)
    @given(
        place=st.sampled_from(ODD_TRANSITIONS),
        rule=st.sampled_from(RULES),
        around=st.lists(MINUTES_AROUND, min_size=1, max_size=12),
        seconds=st.sampled_from([0, 0, 17]),
        since=st.builds(dt.timedelta, minutes=MINUTES_AROUND, microseconds=st.sampled_from([-1, 0, 0, 1, 30_000_000])),
    )
    def test_the_next_instant_is_the_least_later_one_of_all_wall_times(
        self, place: tuple[ZoneInfo, Transition], rule: DstRule, around: list[int], seconds: int, since: dt.timedelta
    ) -> None:
        zone, transition = place
        middle = transition.instant.astimezone(zone).replace(tzinfo=None, fold=0) + dt.timedelta(seconds=seconds)
        walls = sorted({middle + dt.timedelta(minutes=minutes) for minutes in around})
        after = transition.instant + since
        every = sorted(instant for each in walls for instant in instants(each, zone, rule))
        expected = next((instant for instant in every if instant > after), None)
        assert next_instant(sequence(walls), after, zone, rule) == expected

    @pytest.mark.parametrize("gap", [Gap.SHIFT, Gap.AFTER])
    @pytest.mark.parametrize(
        ("zone", "transition"), ODD_TRANSITIONS, ids=lambda value: str(getattr(value, "instant", value))
    )
    def test_a_fixed_time_of_day_fires_once_for_each_date(
        self, zone: ZoneInfo, transition: Transition, gap: Gap
    ) -> None:
        middle = (transition.instant + transition.before).date()
        dates = [middle + dt.timedelta(days=days) for days in range(-2, 3)]
        fires = [
            instants(dt.datetime.combine(date, dt.time(2, 30)), zone, DstRule(gap, Overlap.FIRST)) for date in dates
        ]
        assert [len(each) for each in fires] == [1] * 5
        assert fires == sorted(fires)


class TestAWalkOverSeconds:
    @settings(max_examples=80, deadline=None)
    @given(
        place=st.sampled_from(ODD_TRANSITIONS),
        overlap=st.sampled_from([Overlap.FIRST, Overlap.SECOND, Overlap.BOTH]),
        minutes=st.sets(st.integers(0, 59), min_size=1, max_size=4),
        hours=st.sets(st.integers(0, 23), min_size=1, max_size=24),
        since=st.integers(-5400, 5400),
    )
    def test_what_the_clock_shows_is_what_fires(
        self, place: tuple[ZoneInfo, Transition], overlap: Overlap, minutes: set[int], hours: set[int], since: int
    ) -> None:
        zone, transition = place
        start = transition.instant + dt.timedelta(seconds=since)
        first_day = start.astimezone(zone).date() - dt.timedelta(days=2)
        walls = [
            dt.datetime.combine(first_day + dt.timedelta(days=day), dt.time(hour, minute))
            for day in range(6) for hour in sorted(hours) for minute in sorted(minutes)
        ]  # fmt: skip
        expected = None
        for step in range(1, 2700):
            local = (start + dt.timedelta(seconds=step)).astimezone(zone)
            if local.second == 0 and local.minute in minutes and local.hour in hours and _counts(local, overlap):
                expected = local.astimezone(dt.UTC)
                break
        found = next_instant(sequence(walls), start, zone, DstRule(Gap.SKIP, overlap))
        assert found == expected or (expected is None and (found is None or found > start + dt.timedelta(seconds=2699)))


def _counts(local: dt.datetime, overlap: Overlap) -> bool:
    """Whether a pass of an overlap is one that fires; told by the offset that the other fold has."""
    other = local.replace(fold=1 - local.fold).utcoffset()
    twice = other is not None and (local.utcoffset() or dt.timedelta()) != other
    return not twice or overlap is Overlap.BOTH or local.fold == (0 if overlap is Overlap.FIRST else 1)
