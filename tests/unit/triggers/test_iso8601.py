"""ISO 8601: every vector, the rules behind them, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import ValidationError
from scheduler.triggers import iso8601
from scheduler.triggers.iso8601 import IsoInterval, IsoRepeating, add
from scheduler.triggers.iso_duration import IsoDuration
from scheduler.triggers.iso_moment import parse_moment
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap

UTC = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
VECTORS = Path(__file__).parents[2] / "vectors" / "iso8601.open.jsonl"
ROWS = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]


def rows(*kinds: str) -> pytest.MarkDecorator:
    chosen = [row for row in ROWS if row["kind"] in kinds]
    return pytest.mark.parametrize("row", chosen, ids=[row["id"] for row in chosen])


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def fires(
    text: str, *, after: str, zone: ZoneInfo = UTC, rule: DstRule | None = None, count: int = 5
) -> list[dt.datetime]:
    trigger, found = IsoRepeating.parse(text, zone=zone, rule=rule), [at(after)]
    while len(found) <= count and (following := trigger.next_after(found[-1])):
        found.append(following)
    return found[1:]


def refusal(text: object, read: Any = IsoRepeating.parse) -> str:
    with pytest.raises(ValidationError) as refused:
        read(text, zone=UTC)
    return str(refused.value)


class TestVectors:
    @rows("duration")
    def test_a_duration_has_its_years_months_and_seconds(self, row: dict[str, Any]) -> None:
        if not row["valid"]:
            with pytest.raises(ValidationError, match="expected an ISO 8601 duration"):
                IsoDuration.parse(row["input"])
            return
        duration = IsoDuration.parse(row["input"])
        found = {"years": duration.years, "months": duration.months, "seconds": duration.fixed_us / 1_000_000}
        assert found == pytest.approx(row["normalized"], rel=1e-12)

    @rows("add")
    def test_a_duration_is_added_on_the_clock_of_its_zone(self, row: dict[str, Any]) -> None:
        result = add(start_local=row["start_local"], duration=row["duration"], zone=ZoneInfo(row["tz"]))
        assert result == at(row["result"])

    @rows("interval")
    def test_an_interval_has_a_start_and_an_end(self, row: dict[str, Any]) -> None:
        interval = IsoInterval.parse(row["input"], zone=ZoneInfo(row["tz"]))
        assert (interval.start, interval.end) == (at(row["start"]), at(row["end"]))

    @rows("repeat")
    def test_a_repeating_interval_fires(self, row: dict[str, Any]) -> None:
        found = fires(row["expr"], after=row["after"], zone=ZoneInfo(row["tz"]))
        assert found == [at(text) for text in row["next"]]

    @rows("repeat-invalid")
    def test_what_is_no_repeating_interval_is_refused(self, row: dict[str, Any]) -> None:
        assert refusal(row["expr"]).startswith("iso8601: ")


class TestDurations:
    @pytest.mark.parametrize(
        ("text", "days", "microseconds"),
        [("P1W2D", 9, 0), ("P1WT1H", 7, 3_600_000_000), ("P1.5W", 10.5, 0), ("+P1D", 1, 0)],
    )
    def test_weeks_stand_beside_other_parts_and_a_sign_before_all(
        self, text: str, days: float, microseconds: int
    ) -> None:
        duration = IsoDuration.parse(text)
        assert (duration.total_days, duration.clock_us) == (days, microseconds)

    @pytest.mark.parametrize("text", ["PT1.5H30M", "P0.5Y6M", "P1.5DT1H"])
    def test_only_the_last_number_has_a_fraction(self, text: str) -> None:
        with pytest.raises(ValidationError, match="only the last number"):
            IsoDuration.parse(text)

    @pytest.mark.parametrize(
        "text", [None, 1, True, "", "P", "PT", "P1DT", "PT.5S", "P-1D", "P1D ", "P\u0661D", "P" + "1" * 200 + "D"]
    )
    def test_what_is_none_is_refused_with_an_example(self, text: object) -> None:
        with pytest.raises(ValidationError, match=r"duration: expected an ISO 8601 duration.*P1DT12H"):
            IsoDuration.parse(text)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("P1M", "1 month"),
            ("P1Y2M3DT4H", "1 year, 2 months, 3 days and 4 hours"),
            ("PT1.5S", "1.5 seconds"),
            ("PT0S", "0 seconds"),
        ],
    )
    def test_it_is_told_in_words(self, text: str, words: str) -> None:
        assert IsoDuration.parse(text).describe() == words


class TestMoments:
    @pytest.mark.parametrize(
        "text",
        [
            "2026-01-05",
            "20260105",
            "2026-005",
            "2026005",
            "2026-W02-1",
            "2026W021",
            "2026-W02",
            "2026-01-04T24:00",
            "2026-01-05T00",
        ],
    )
    def test_each_spelling_of_a_day_is_read(self, text: str) -> None:
        assert parse_moment(text, field="at").wall == dt.datetime.fromisoformat("2026-01-05")

    @pytest.mark.parametrize(
        ("text", "time"),
        [("T12.5", "12:30"), ("T12:30,5", "12:30:30"), ("T123045.25", "12:30:45.25"), ("T12:30:00.0000001", "12:30")],
    )
    def test_the_last_part_of_a_time_may_have_a_fraction(self, text: str, time: str) -> None:
        assert parse_moment(f"2026-01-05{text}", field="at").wall.time() == dt.time.fromisoformat(time)

    @pytest.mark.parametrize(("text", "hours"), [("Z", 0), ("+05", 5), ("-0530", -5.5), ("+05:30", 5.5)])
    def test_a_zone_designator_is_a_distance_from_utc(self, text: str, hours: float) -> None:
        assert parse_moment(f"2026-01-05T00:00{text}", field="at").offset == dt.timedelta(hours=hours)

    @pytest.mark.parametrize(
        "text",
        [
            *(
                "2026-02-30",
                "2026-366",
                "2025-W53-1",
                "2026-W01-8",
                "2026-1-1",
                "202601",
                "0000-01-01",
                "+002026-01-01",
                "",
                None,
                5,
            ),
            *(
                "2026-01-05T24:01",
                "2026-01-05T12:60",
                "2026-01-05T12:00:60",
                "2026-01-05T12:00+24:00",
                "2026-01-05T12:0",
                "2026-01T12",
            ),
            *(
                "2026-01-05T12:0000",
                "2026-01-05t12:00z",
                "2026-01-05 12:00",
                "2026-01-05T",
                "9999-12-31T24:00",
                "2026-W02T12:00",
            ),
        ],
    )
    def test_what_is_no_day_or_time_is_refused(self, text: object) -> None:
        with pytest.raises(ValidationError, match=r"^at: "):
            parse_moment(text, field="at")


class TestIntervals:
    @pytest.mark.parametrize(
        ("text", "end"),
        [
            ("2026-02-15/03-14", "2026-03-14T00:00Z"),
            ("2026-11-13/15", "2026-11-15T00:00Z"),
            ("2026-11-13T09:00Z/15T17:00", "2026-11-15T17:00Z"),
            ("2026-12-14T13:30+01:00/15:30", "2026-12-14T14:30Z"),
            ("2026-12-14T13:30Z/2026-12-15T13:30+01:00", "2026-12-15T12:30Z"),
        ],
    )
    def test_the_end_may_leave_out_what_the_start_says(self, text: str, end: str) -> None:
        assert IsoInterval.parse(text, zone=UTC).end == at(end)

    def test_a_duration_before_an_end_is_counted_back_on_the_clock_of_the_zone(self) -> None:
        interval = IsoInterval.parse("P1D/2026-03-08T12:00:00", zone=NEW_YORK)
        assert interval.start == at("2026-03-07T17:00Z")
        assert interval.end - interval.start == dt.timedelta(hours=23)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("2026-01-02/2026-01-01", "is before the start"),
            ("2026-01-01/-P1D", "no negative duration"),
            ("2026-01-01/P0.5M", "whole months"),
            ("2026-01-01/P9999Y", "leaves the years 1 to 9999"),
            ("2026-01-01/P1D/P1D", "one slash"),
            ("2026-01-01", "one slash"),
            (["2026-01-01"], "one slash"),
            ("2026-01-01/" + "P" * 300, "one slash"),
            ("2026-01-01/P99999999999999999999D", "leaves the years"),
        ],
    )
    def test_what_is_no_interval_is_refused(self, text: object, words: str) -> None:
        assert words in refusal(text, IsoInterval.parse)


class TestAdding:
    @pytest.mark.parametrize(
        ("start", "duration", "field", "words"),
        [
            ("2026-01-01T00:00Z", "P1D", "start_local", "without a zone designator"),
            ("2026-01-01T00:00", "1D", "duration", "ISO 8601 duration"),
            ("2026-01-01T00:00", "P0.5M", "duration", "whole months"),
            ("2026-01-01T00:00", "-P3000Y", "duration", "years 1 to 9999"),
            ("2026-01-01T00:00", "PT999999999999999999999H", "duration", "years 1 to 9999"),
        ],
    )
    def test_the_error_names_the_part(self, start: str, duration: str, field: str, words: str) -> None:
        with pytest.raises(ValidationError, match=rf"iso8601_add\.{field}: .*{words}"):
            add(start_local=start, duration=duration, zone=UTC)

    def test_half_a_year_is_six_months_and_half_a_day_twelve_hours(self) -> None:
        assert add(start_local="2026-08-31", duration="P0.5Y", zone=UTC) == at("2027-02-28T00:00Z")
        assert add(start_local="2026-03-08T00:00", duration="P0.5D", zone=NEW_YORK) == at("2026-03-08T17:00Z")


class TestRepeating:
    def test_the_error_tells_what_a_repeating_interval_looks_like(self) -> None:
        texts: list[object] = ["R-1/2026-01-01/P1D", "r/2026-01-01/P1D", "R5", "R 5/2026-01-01/P1D", None, {}]
        assert all("R5/2026-01-01T00:00:00Z/PT1H" in refusal(text) for text in texts)

    @pytest.mark.parametrize("text", ["R/2026-01-01/PT0S", "R/2026-01-01/PT0.0009S", "R/2026-01-01/2026-01-01"])
    def test_a_period_shorter_than_a_millisecond_is_refused(self, text: str) -> None:
        assert "shorter than a millisecond" in refusal(text)

    def test_a_start_between_two_passes_stays_the_instant_that_it_is(self) -> None:
        found = fires("R/2026-11-01T01:30:00-05:00/P1D", after="2026-11-01T05:30Z", zone=NEW_YORK, count=2)
        assert found == [at("2026-11-01T06:30Z"), at("2026-11-02T06:30Z")]

    @pytest.mark.parametrize(
        ("gap", "days"),
        [
            (Gap.SKIP, ["07T07:30", "09T06:30"]),
            (Gap.SHIFT, ["07T07:30", "08T07:30"]),
            (Gap.AFTER, ["07T07:30", "08T07:00"]),
        ],
    )
    def test_an_explicit_rule_decides_about_a_gap(self, gap: Gap, days: list[str]) -> None:
        rule = DstRule(gap, Overlap.FIRST)
        found = fires("R/2026-03-01T02:30:00/P1D", after="2026-03-07T00:00Z", zone=NEW_YORK, rule=rule, count=2)
        assert found == [at(f"2026-03-{day}Z") for day in days]

    @pytest.mark.parametrize(
        ("overlap", "hours"), [(Overlap.FIRST, ["05"]), (Overlap.SECOND, ["06"]), (Overlap.BOTH, ["05", "06"])]
    )
    def test_an_explicit_rule_decides_about_an_overlap(self, overlap: Overlap, hours: list[str]) -> None:
        rule = DstRule(Gap.SHIFT, overlap)
        found = fires("R/2026-10-01T01:30:00/P1D", after="2026-11-01T00:00Z", zone=NEW_YORK, rule=rule, count=3)
        assert [instant for instant in found if instant < at("2026-11-02T00:00Z")] == [
            at(f"2026-11-01T{hour}:30Z") for hour in hours
        ]

    def test_a_day_that_a_zone_left_out_does_not_fire_twice(self) -> None:
        apia = ZoneInfo("Pacific/Apia")  # which had no 30 December 2011
        found = fires("R/2011-12-28T10:00:00/P1D", after="2011-12-28T00:00Z", zone=apia, count=4)
        assert [f"{instant.astimezone(apia):%d}" for instant in found] == ["28", "29", "31", "01"]

    @pytest.mark.parametrize(
        "text", ["R/2026-01-01T00:00:00Z/P1D", "R/2026-01-31T00:00:00Z/P1M", "R/2026-01-01T00:00:00Z/PT0.001S"]
    )
    def test_a_far_instant_is_found_without_a_walk(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        looks, look = [], iso8601._added

        def counted(*arguments: Any) -> list[dt.datetime]:
            looks.append(arguments)
            return look(*arguments)

        monkeypatch.setattr(iso8601, "_added", counted)
        assert IsoRepeating.parse(text, zone=NEW_YORK).next_after(at("9000-06-01T00:00Z")) is not None
        assert len(looks) <= 8

    def test_it_ends_with_the_year_9999(self) -> None:
        assert fires("R/2026-01-01T00:00:00Z/P1Y", after="9998-06-01T00:00Z") == [at("9999-01-01T00:00Z")]
        assert fires("R/P1D/2026-01-01T00:00:00Z", after="0001-01-01T00:00Z", zone=NEW_YORK, count=1)[0].year == 1

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("R5/2026-01-31T09:00:00/P1M", "Every 1 month from 2026-01-31 09:00:00-05:00 (America/New_York), 5 times"),
            ("R/PT1H/2026-07-01T00:00:00Z", "Every 1 hour until 2026-06-30 20:00:00-04:00 (America/New_York)"),
        ],
    )
    def test_it_describes_itself(self, text: str, words: str) -> None:
        assert IsoRepeating.parse(text, zone=NEW_YORK).describe() == words


ZONES = [
    "UTC",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "America/St_Johns",
    "Africa/Casablanca",
]
SECONDS = st.integers(0, 40 * 86_400)


@st.composite
def repetitions(draw: st.DrawFn) -> tuple[str, list[dt.datetime], ZoneInfo]:
    """A repeating interval, and its occurrences of 60 days by the plainest addition, with Python's own reading of a wall time."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    day = draw(st.sampled_from(["2011-12-20", "2026-03-01", "2026-09-20", "2026-10-20", "2026-04-01"]))
    start = dt.datetime.fromisoformat(day) + draw(st.integers(0, 95)) * dt.timedelta(minutes=15)
    anchor = start.replace(tzinfo=zone).astimezone(dt.UTC)
    if draw(st.booleans()):
        days, shown = draw(st.integers(1, 9)), anchor.astimezone(zone).replace(tzinfo=None, fold=0)
        walls = [shown + dt.timedelta(days=since) for since in range(0, 60, days)]
        period, found = f"P{days}D", [anchor, *(wall.replace(tzinfo=zone).astimezone(dt.UTC) for wall in walls[1:])]
    else:
        minutes = draw(st.integers(30, 3000))
        period, found = (
            f"PT{minutes}M",
            [anchor + dt.timedelta(minutes=since) for since in range(0, 60 * 1440, minutes)],
        )
    count = draw(st.none() | st.integers(0, 50))
    return f"R{'' if count is None else count}/{start.isoformat()}/{period}", found[:count], zone


class TestAgainstAWalk:
    @given(repetitions(), SECONDS)
    def test_the_next_fire_is_the_one_that_a_walk_over_seconds_meets_first(
        self, repetition: tuple[str, list[dt.datetime], ZoneInfo], seconds: int
    ) -> None:
        text, occurrences, zone = repetition
        trigger = IsoRepeating.parse(text, zone=zone)
        instant = trigger.anchor + dt.timedelta(seconds=seconds - 86_400)
        found, expected = trigger.next_after(instant), set(occurrences)
        steps = (instant + dt.timedelta(seconds=step) for step in range(1, 4 * 3600 + 1))
        walked = next((step for step in steps if step in expected), None)
        assert walked == (found if found is not None and found <= instant + dt.timedelta(hours=4) else None)
        assert found == min((moment for moment in expected if moment > instant), default=None)

    @given(repetitions(), SECONDS, SECONDS)
    def test_it_is_strictly_later_and_monotonic(
        self, repetition: tuple[str, list[dt.datetime], ZoneInfo], one: int, other: int
    ) -> None:
        text, _, zone = repetition
        trigger = IsoRepeating.parse(text, zone=zone)
        early, late = (trigger.anchor + dt.timedelta(seconds=seconds - 86_400) for seconds in sorted((one, other)))
        first, second = trigger.next_after(early), trigger.next_after(late)
        if second is not None:
            assert first is not None
            assert early < first <= second
            assert late < second
