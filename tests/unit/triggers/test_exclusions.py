"""Exclusions: what they leave out, the sentence that says why, and what is refused."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import ValidationError
from scheduler.triggers.exclusions import Exclusions

BERLIN = ZoneInfo("Europe/Berlin")
CHRISTMAS = {"kind": "holidays", "country": "DE", "subdivision": "BE"}
WEEKEND = {"kind": "weekly", "from": "Saturday 22:00", "to": "sun 06:00", "comment": "backups"}
NIGHT = {"kind": "daily", "from": "22:00", "to": "06:00"}
FREEZE = {"kind": "blackout", "start": "2026-12-24T00:00:00Z", "end": "2026-12-27T00:00:00Z", "comment": "freeze"}
EVES = {"kind": "dates", "dates": ["2026-12-24", "2026-12-31"]}
TICK = dt.datetime.resolution


def at(text: str) -> dt.datetime:
    """A wall time of Berlin as an instant."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(dt.UTC)


def reason(document: dict[str, Any], wall: str) -> str | None:
    return Exclusions.parse([document], zone=BERLIN).reason(at(wall))


class TestHolidays:
    def test_the_reason_is_the_name_and_the_place(self) -> None:
        assert reason(CHRISTMAS, "2026-12-25T09:00") == "Christmas Day (DE-BE)"
        assert reason({"kind": "holidays", "country": "FR"}, "2026-07-14T09:00") == "National Day (FR)"

    def test_the_day_is_that_of_the_zone(self) -> None:
        assert reason(CHRISTMAS, "2026-12-24T23:59:59") is None
        assert reason(CHRISTMAS, "2026-12-25T00:00") is not None
        assert reason(CHRISTMAS, "2026-12-26T23:59:59") == "Second Day of Christmas (DE-BE)"
        assert reason(CHRISTMAS, "2026-12-27T00:00") is None

    def test_only_the_subdivision_has_its_own_days(self) -> None:
        assert reason(CHRISTMAS, "2026-03-08T09:00") == "Women's Day (DE-BE)"
        assert reason({"kind": "holidays", "country": "DE", "subdivision": "BY"}, "2026-03-08T09:00") is None

    @pytest.mark.parametrize("country", ["IN", "TH", "SA", "CN"])
    @pytest.mark.parametrize("year", [1900, 1970, 2099, 9000])
    def test_a_year_that_the_library_does_not_know_has_none_or_an_estimate(self, country: str, year: int) -> None:
        assert reason({"kind": "holidays", "country": country}, f"{year}-07-03T09:00") is None

    @pytest.mark.parametrize(
        ("country", "subdivision", "field", "words"),
        [
            ("XX", None, "country", "two capital letters"),
            ("de", None, "country", "two capital letters"),
            ("Germany", None, "country", "two capital letters"),
            (None, None, "country", "two capital letters"),
            ("DE", "Berlin", "subdivision", "expected one of .*BB, BE, BW"),
            ("DE", 5, "subdivision", "expected one of"),
            ("MC", "X", "subdivision", "leave it out"),
        ],
    )
    def test_what_the_library_does_not_know_is_refused(
        self, country: object, subdivision: object, field: str, words: str
    ) -> None:
        document = {"kind": "holidays", "country": country, "subdivision": subdivision}
        with pytest.raises(ValidationError, match=rf"exclusions\.0\.{field}: .*{words}"):
            Exclusions.parse([document], zone=BERLIN)

    def test_a_process_without_holidays_does_not_load_the_library(self) -> None:
        code = "import sys, scheduler.triggers.union; sys.exit('holidays' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestBlackouts:
    def test_it_has_a_start_and_no_end(self) -> None:
        assert reason(FREEZE, "2026-12-24T00:59:59") is None
        words = "blackout: 2026-12-24 01:00:00+01:00 to 2026-12-27 01:00:00+01:00 (freeze)"
        assert reason(FREEZE, "2026-12-24T01:00") == words
        assert reason(FREEZE, "2026-12-27T00:59:59") == words
        assert reason(FREEZE, "2026-12-27T01:00") is None

    def test_wall_times_are_the_zones_and_dates_are_whole_days(self) -> None:
        freeze = {"kind": "blackout", "start": "2026-12-24", "end": "2026-12-26"}
        assert reason(freeze, "2026-12-23T23:59:59") is None
        assert reason(freeze, "2026-12-24T00:00") is not None
        assert reason(freeze, "2026-12-26T23:59:59") is not None
        assert reason(freeze, "2026-12-27T00:00") is None


class TestWindows:
    @pytest.mark.parametrize("inside", ["10T22:00", "10T23:59:59", "11T00:00", "11T05:59:59"])
    def test_a_week_has_one_window(self, inside: str) -> None:
        assert reason(WEEKEND, f"2026-01-{inside}") == "blackout: Saturday 22:00 to Sunday 06:00 (backups)"

    @pytest.mark.parametrize("outside", ["10T21:59:59", "11T06:00", "11T23:00", "12T03:00"])
    def test_outside_of_it_nothing_is_excluded(self, outside: str) -> None:
        assert reason(WEEKEND, f"2026-01-{outside}") is None

    def test_a_window_over_the_turn_of_the_week_wraps(self) -> None:
        window = {"kind": "weekly", "from": "Sunday 22:00", "to": "Monday 06:00"}
        assert (
            reason(window, "2026-01-11T23:00")
            == reason(window, "2026-01-12T05:59")
            == "blackout: Sunday 22:00 to Monday 06:00"
        )
        assert reason(window, "2026-01-12T06:00") is None

    @pytest.mark.parametrize(
        ("wall", "inside"), [("21:59", False), ("22:00", True), ("00:00", True), ("05:59", True), ("06:00", False)]
    )
    def test_a_day_has_one_window(self, wall: str, inside: bool) -> None:
        assert reason(NIGHT, f"2026-01-07T{wall}") == ("blackout: 22:00 to 06:00" if inside else None)

    def test_24_00_is_the_end_of_the_day(self) -> None:
        evening = {"kind": "daily", "from": "20:00", "to": "24:00"}
        assert reason(evening, "2026-01-07T23:59:59") == "blackout: 20:00 to 24:00"
        assert reason(evening, "2026-01-08T00:00") is None

    def test_it_is_the_clock_that_counts_when_clocks_are_moved(self) -> None:
        window = {"kind": "daily", "from": "02:30", "to": "04:00"}
        night = Exclusions.parse([window], zone=BERLIN)
        first_pass, second_pass = (
            at("2026-10-25T00:45") + dt.timedelta(hours=2),
            at("2026-10-25T00:15") + dt.timedelta(hours=3),
        )
        assert night.reason(first_pass) is not None
        assert night.reason(second_pass) is None
        assert night.until(first_pass) <= second_pass


class TestDates:
    def test_a_date_is_a_whole_day_of_the_zone(self) -> None:
        assert reason(EVES, "2026-12-31T23:59:59") == "excluded date: 2026-12-31"
        assert reason(EVES, "2026-12-23T23:59:59") is None
        assert reason(EVES, "2026-12-25T00:00") is None


class TestRefusals:
    @pytest.mark.parametrize(
        ("document", "message"),
        [
            ({}, "exclusions.0.kind: expected an object whose kind is holidays, blackout, weekly, daily, dates"),
            ("weekly", "exclusions.0.kind: expected an object"),
            ({"kind": ["daily"]}, "exclusions.0.kind: expected an object"),
            ({"kind": "daily", "from": "22:00"}, "exclusions.0.to: is required for daily"),
            (NIGHT | {"until": "07:00"}, "exclusions.0.until: is not known: daily has comment, from, to"),
            (NIGHT | {"to": "22:00"}, "exclusions.0.to: expected another time than from"),
            (NIGHT | {"to": "6:00"}, "exclusions.0.to: expected a time from 00:00 to 24:00, such as 22:00, not '6:00'"),
            (NIGHT | {"to": "24:30"}, "exclusions.0.to: expected a time"),
            (NIGHT | {"comment": "x" * 201}, "exclusions.0.comment: expected one line of at most 200"),
            (NIGHT | {"comment": "a\nb"}, "exclusions.0.comment: expected one line"),
            (WEEKEND | {"from": "S 22:00"}, "exclusions.0.from: expected a weekday"),
            (WEEKEND | {"from": "Saturday"}, "exclusions.0.from: expected a weekday"),
            (WEEKEND | {"from": 6}, "exclusions.0.from: expected a weekday"),
            (FREEZE | {"end": "2026-12-24T00:00:00Z"}, "exclusions.0.end: expected a time later than the start"),
            (FREEZE | {"start": "tomorrow"}, "exclusions.0.start: expected a time"),
            (EVES | {"dates": []}, "exclusions.0.dates: expected a list of 1 to 1,000 dates"),
            (EVES | {"dates": ["2026-12-24", "2026-02-30"]}, "exclusions.0.dates.1: expected a day that exists"),
            (EVES | {"dates": [20261224]}, "exclusions.0.dates.0: expected a day that exists"),
        ],
    )
    def test_the_error_names_the_field_and_what_is_right(self, document: object, message: str) -> None:
        with pytest.raises(ValidationError) as refused:
            Exclusions.parse([document], zone=BERLIN)
        assert str(refused.value).startswith(message)

    @pytest.mark.parametrize("documents", [None, {}, "x", [NIGHT] * 101])
    def test_they_are_a_list_of_at_most_100(self, documents: object) -> None:
        with pytest.raises(ValidationError, match="exclusions: expected a list of at most 100"):
            Exclusions.parse(documents, zone=BERLIN)


class TestTogether:
    def test_the_first_that_excludes_gives_the_reason(self) -> None:
        both = Exclusions.parse([NIGHT, CHRISTMAS], zone=BERLIN)
        assert both.reason(at("2026-12-25T01:00")) == "blackout: 22:00 to 06:00"
        assert both.reason(at("2026-12-25T12:00")) == "Christmas Day (DE-BE)"
        assert both.reason(at("2026-12-28T12:00")) is None
        assert Exclusions().reason(at("2026-12-25T12:00")) is None

    @given(
        st.lists(st.sampled_from([CHRISTMAS, WEEKEND, NIGHT, FREEZE, EVES]), min_size=1, max_size=3),
        st.sampled_from(["2026-10-24", "2026-03-28", "2026-12-23", "2026-12-31", "2026-05-01"]),
        st.integers(0, 3 * 1440),
        st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "UTC"]),
    )
    def test_everything_up_to_the_end_is_excluded(
        self, documents: list[dict[str, Any]], day: str, minutes: int, zone: str
    ) -> None:
        exclusions = Exclusions.parse(documents, zone=ZoneInfo(zone))
        instant = at(day) + dt.timedelta(minutes=minutes)
        if exclusions.reason(instant) is None:
            return
        end = exclusions.until(instant)
        assert end > instant
        steps = range(0, int((end - instant).total_seconds()), 301)
        assert all(exclusions.reason(instant + dt.timedelta(seconds=step)) for step in (*steps, *steps[-1:]))
        assert exclusions.reason(end - TICK)
