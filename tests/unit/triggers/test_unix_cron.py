"""Unix cron: every vector, refusals that name the field, the days rule, and clocks that are moved."""
# ruff: noqa: DTZ001 - wall times are naive

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import ValidationError
from scheduler.triggers.unix_cron import FIXED_TIME_RULE, NICKNAMES, WILDCARD_RULE, UnixCron
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
VECTORS = Path(__file__).parents[2] / "vectors" / "unixcron.open.jsonl"
ROWS = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]
BINDING = [row for row in ROWS if row["vixie_agrees"]]


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def fires(trigger: UnixCron, after: dt.datetime, count: int) -> list[str]:
    found: list[str] = []
    following = trigger.next_after(after)
    while following is not None and len(found) < count:
        found.append(following.isoformat().replace("+00:00", "Z"))
        following = trigger.next_after(following)
    return found


class TestTheVectors:
    @pytest.mark.parametrize("row", [row for row in BINDING if "error" in row], ids=lambda row: row["id"])
    def test_malformed_text_is_refused_with_what_is_allowed(self, row: dict[str, Any]) -> None:
        with pytest.raises(ValidationError, match=r"expected|allowed|write"):
            UnixCron.parse(row["expr"], zone=UTC)

    @pytest.mark.parametrize("row", [row for row in BINDING if "error" not in row], ids=lambda row: row["id"])
    def test_the_next_fires_are_those_that_all_agree_on(self, row: dict[str, Any]) -> None:
        trigger = UnixCron.parse(row["expr"], zone=ZoneInfo(row["tz"]))
        assert fires(trigger, moment(row["after"]), 8) == row["next"]

    @pytest.mark.parametrize("row", [row for row in ROWS if not row["vixie_agrees"]], ids=lambda row: row["id"])
    def test_where_they_differ_it_is_debians_cron_or_a_refusal(self, row: dict[str, Any]) -> None:
        try:
            trigger = UnixCron.parse(row["expr"], zone=ZoneInfo(row.get("tz", "UTC")))
        except ValidationError:
            assert "error" in row or "error" in row["vixie"]
            return
        if "tz" in row:
            assert fires(trigger, moment(row["after"]), 8) == row["vixie"]["next"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "field", "says"),
        [
            ("0 0 * *", "expression", "4 fields make no Unix cron expression: expected 5"),
            ("0 0 12 ? * MON", "expression", "6 or 7 fields are Quartz"),
            ("@reboot", "expression", "no machine whose start"),
            ("@fortnightly", "expression", "allowed are @yearly"),
            ("@daily 5", "expression", "@daily 5 is not a nickname"),
            ("60 * * * *", "minutes", "60 is out of place: allowed are 0 to 59"),
            ("0/15 * * * *", "minutes", "write 0-59/15"),
            ("*/0 * * * *", "minutes", "has the step 0"),
            ("** * * * *", "minutes", "'**' is not understood"),
            ("0 22-2 * * *", "hours", "write 22-23,0-2"),
            ("0 0 L * *", "day_of_month", "allowed are 1 to 31"),
            ("0 0 * janu *", "month", "1 to 12 or JAN to DEC"),
            ("0 0 * * 8", "day_of_week", "0 to 7 or SUN to SAT"),
            ("0 0 * * sat-sun", "day_of_week", "write 6-7"),
            ("0 0 * * fri-mon", "day_of_week", "write FRI-7,0-MON"),
            ("0 0 * * 5#2", "day_of_week", "'5#2' is not understood"),
        ],
    )
    def test_each_names_the_field_and_what_is_allowed(self, text: str, field: str, says: str) -> None:
        with pytest.raises(ValidationError) as caught:
            UnixCron.parse(text, zone=UTC)
        assert [error.field for error in caught.value.errors] == [field]
        assert says in caught.value.errors[0].message

    @pytest.mark.parametrize("text", ["0 22-23,0-2 * * *", "0 0 * * 6-7", "0 0 * * FRI-7,0-MON", "0-59/15 * * * *"])
    def test_what_they_advise_is_accepted(self, text: str) -> None:
        assert UnixCron.parse(text, zone=UTC).text == text


class TestDays:
    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("0 0 13 * *", "At 00:00 on day 13 of the month"),
            ("0 0 * * 5", "At 00:00 on Friday"),
            ("0 0 13 * 5", "At 00:00 on day 13 of the month or on Friday"),
            ("0 0 */2 * 1", "At 00:00 on Monday if that is also on day 1 to 31 in steps of 2 of the month"),
            ("0 0 5 * *,1", "At 00:00 on day 5 of the month"),
            ("0 0 5 * 1-7", "At 00:00"),
            ("0 0 1-31 * mon", "At 00:00"),
            ("0 0 * * 0,7", "At 00:00 on Sunday"),
        ],
    )
    def test_two_restricted_days_are_alternatives_unless_one_starts_with_a_star(self, text: str, sentence: str) -> None:
        assert UnixCron.parse(text, zone=UTC).describe() == sentence

    @pytest.mark.parametrize("nickname", NICKNAMES)
    def test_a_nickname_is_what_it_stands_for(self, nickname: str) -> None:
        one, other = (UnixCron.parse(text, zone=UTC) for text in (nickname, NICKNAMES[nickname]))
        assert (one.pattern, one.rule) == (other.pattern, other.rule)


class TestClocksThatAreMoved:
    @pytest.mark.parametrize(
        "text", ["30 2 * * *", "0,30 2-4 * * 1", "5 */1 * * *", "*/5 2 * * *", "0 * * * *", "@hourly", "@daily"]
    )
    def test_a_star_before_minutes_or_hours_tells_which_rule_holds(self, text: str) -> None:
        wildcard = "*" in "".join(NICKNAMES.get(text, text).split()[:2])
        assert UnixCron.parse(text, zone=BERLIN).rule == (WILDCARD_RULE if wildcard else FIXED_TIME_RULE)

    def test_a_fixed_time_fires_after_the_gap_and_is_not_repeated(self) -> None:
        daily = UnixCron.parse("30 2 * * *", zone=BERLIN)
        assert fires(daily, moment("2027-03-27T12:00:00+00:00"), 2) == ["2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"]
        assert fires(daily, moment("2027-10-30T12:00:00+00:00"), 2) == ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]

    def test_two_times_that_meet_after_the_gap_are_one_fire(self) -> None:
        both = UnixCron.parse("0,30 2,3 * * *", zone=BERLIN)
        found = fires(both, moment("2027-03-28T00:00:00+00:00"), 3)
        assert found == ["2027-03-28T01:00:00Z", "2027-03-28T01:30:00Z", "2027-03-29T00:00:00Z"]

    def test_a_wildcard_follows_the_clock(self) -> None:
        hourly = UnixCron.parse("30 * * * *", zone=BERLIN)
        found = fires(hourly, moment("2027-10-31T00:00:00+00:00"), 3)
        assert found == ["2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z", "2027-10-31T02:30:00Z"]

    def test_an_explicit_rule_is_followed(self) -> None:
        rule = DstRule(Gap.SKIP, Overlap.SECOND)
        daily = UnixCron.parse("30 2 * * *", zone=BERLIN, rule=rule)
        assert daily.rule == rule
        assert fires(daily, moment("2027-03-27T12:00:00+00:00"), 1) == ["2027-03-29T00:30:00Z"]


def element(least: int, most: int) -> st.SearchStrategy[str]:
    numbers = st.integers(least, most)
    steps = st.integers(1, most)
    ranges = st.tuples(numbers, numbers).map(sorted).map(lambda pair: f"{pair[0]}-{pair[1]}")
    return st.one_of(
        st.just("*"), numbers.map(str), ranges, st.builds("{}/{}".format, ranges, steps), steps.map("*/{}".format)
    )


def expanded(text: str, least: int, most: int) -> set[int]:
    """What a list of elements means, read in the plainest way."""
    found: set[int] = set()
    for each in text.split(","):
        bounds, _, step = each.partition("/")
        first, _, last = f"{least}-{most}".partition("-") if bounds == "*" else bounds.partition("-")
        found |= set(range(int(first), int(last or first) + 1, int(step or 1)))
    return found


EXPRESSIONS = st.tuples(element(0, 59), element(0, 23), element(1, 31), element(1, 12), element(0, 7))
AFTERS = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2029, 1, 1), timezones=st.just(dt.UTC))


class TestAnyExpression:
    @settings(max_examples=100, deadline=None)
    @given(fields=EXPRESSIONS, after=AFTERS)
    def test_a_walk_over_minutes_finds_the_same(
        self, fields: tuple[str, str, str, str, str], after: dt.datetime
    ) -> None:
        bounds = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
        minutes, hours, days, months, weekdays = (
            expanded(text, *each) for text, each in zip(fields, bounds, strict=True)
        )
        start = after.replace(second=0, microsecond=0)
        expected = None
        for wall in (start + dt.timedelta(minutes=step) for step in range(1, 3000)):
            on_day, on_weekday = wall.day in days, bool({wall.isoweekday() % 7, wall.isoweekday()} & weekdays)
            starred = fields[2][0] == "*" or fields[4][0] == "*"
            fits = (on_day and on_weekday) if starred else (on_day or on_weekday)
            if fits and wall.minute in minutes and wall.hour in hours and wall.month in months:
                expected = wall
                break
        found = UnixCron.parse(" ".join(fields), zone=UTC).next_after(after)
        assert found == expected or (
            expected is None and (found is None or found >= start + dt.timedelta(minutes=3000))
        )

    @settings(max_examples=100, deadline=None)
    @given(
        fields=EXPRESSIONS,
        zone=st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut"]),
        two=st.tuples(AFTERS, AFTERS),
    )
    def test_fires_are_strictly_later_and_a_later_question_never_has_a_sooner_answer(
        self, fields: tuple[str, str, str, str, str], zone: str, two: tuple[dt.datetime, dt.datetime]
    ) -> None:
        trigger = UnixCron.parse(" ".join(fields), zone=ZoneInfo(zone))
        sooner, later = sorted(two)
        first, second = trigger.next_after(sooner), trigger.next_after(later)
        assert first is None or first > sooner
        assert second is None or (first is not None and first <= second and second > later)
