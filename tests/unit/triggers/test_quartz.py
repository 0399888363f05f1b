"""Quartz cron: every vector, refusals that name the field, descriptions, and agreement with the sets that an expression lists."""
# ruff: noqa: DTZ001 - wall times are naive

from __future__ import annotations

import calendar
import datetime as dt
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import ValidationError
from scheduler.triggers.quartz import FIRING_RULE, QuartzCron
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
VECTORS = Path(__file__).parents[2] / "vectors" / "quartz.open.jsonl"
ROWS = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def fires(trigger: QuartzCron, after: dt.datetime, count: int) -> list[str]:
    found: list[str] = []
    following = trigger.next_after(after)
    while following is not None and len(found) < count:
        found.append(following.isoformat().replace("+00:00", "Z"))
        following = trigger.next_after(following)
    return found


def malformed(row: dict[str, Any]) -> bool:
    """Text that Quartz refuses, and text that it takes by accident."""
    return "error" in row or row["category"].startswith("quirk-")


class TestTheVectors:
    @pytest.mark.parametrize("row", [row for row in ROWS if malformed(row)], ids=lambda row: row["id"])
    def test_malformed_text_is_refused_with_what_is_allowed(self, row: dict[str, Any]) -> None:
        with pytest.raises(ValidationError, match=r"expected|allowed|must be|write") as caught:
            QuartzCron.parse(row["expr"], zone=UTC)
        assert len(caught.value.errors) == 1

    @pytest.mark.parametrize("row", [row for row in ROWS if not malformed(row)], ids=lambda row: row["id"])
    def test_the_next_fires_are_those_of_quartz(self, row: dict[str, Any]) -> None:
        # Where Quartz 2.3.2 does not do what it documents, 2.5.2 does.
        expected = row["next"] if row["documented"] else row["diff_2_5_2"]["next"]
        found = fires(QuartzCron.parse(row["expr"], zone=ZoneInfo(row["tz"])), moment(row["after"]), 8)
        assert found[: len(expected)] == expected
        assert row.get("truncated") or len(found) == len(expected)


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "field", "says"),
        [
            ("0 0 12 * *", "expression", "5 fields make no Quartz expression: expected 6 or 7"),
            ("@daily", "expression", "1 field make"),
            ("0 0 12 ? * Mon–Fri", "expression", "expected ASCII letters"),  # noqa: RUF001 - a word processor's dash
            ("0 " * 900, "expression", "allowed are 1,000"),
            ("60 0 12 * * ?", "seconds", "60 is out of place: allowed are 0 to 59"),
            ("0 0/60 * * * ?", "minutes", "has the step 60: allowed are 1 to 59"),
            ("0 */0 * * * ?", "minutes", "has the step 0"),
            ("0 0-30/0 * * * ?", "minutes", "has the step 0: allowed are 1 and more"),
            ("0 1,,2 * * * ?", "minutes", "'' is not understood"),
            ("0 0 MON * * ?", "hours", "MON is out of place: allowed are 0 to 23"),
            ("0 0 12 32 * ?", "day_of_month", "allowed are 1 to 31"),
            ("0 0 12 L-31 * ?", "day_of_month", "allowed are L-0 to L-30"),
            ("0 0 12 32W * ?", "day_of_month", "allowed are 1 to 31"),
            ("0 0 12 0W * ?", "day_of_month", "allowed are 1 to 31"),
            ("0 0 12 15W,20 * ?", "day_of_month", "L-3W and 15W alone"),
            ("0 0 12 1 SEPT ?", "month", "1 to 12 or JAN to DEC"),
            ("0 0 12 1 JAN-3 ?", "month", "mixes a number and a name"),
            ("0 0 12 ? * MON-FRI/2", "day_of_week", "write numbers"),
            ("0 0 12 ? * FRI#6", "day_of_week", "allowed after # are 1 to 5"),
            ("0 0 12 ? * FOOL", "day_of_week", "FOO is out of place"),
            ("0 0 12 ? * 6L,2", "day_of_week", "FRI#3 alone"),
            ("0 0 12 * * *", "day_of_week", "exactly one"),
            ("0 0 12 ? * ?", "day_of_week", "exactly one"),
            ("0 0 12 * * ? 2031-2030", "year", "the earlier year first"),
            ("0 0 12 * * ? 1969", "year", "1970 to 2126"),
        ],
    )
    def test_each_names_the_field_and_what_is_allowed(self, text: str, field: str, says: str) -> None:
        with pytest.raises(ValidationError) as caught:
            QuartzCron.parse(text, zone=UTC)
        assert [error.field for error in caught.value.errors] == [field]
        assert says in caught.value.errors[0].message

    @pytest.mark.parametrize("value", [None, 5, ["0 0 12 * * ?"]])
    def test_what_is_no_text_is_refused(self, value: Any) -> None:
        with pytest.raises(ValidationError, match="expected a text"):
            QuartzCron.parse(value, zone=UTC)


class TestDescriptions:
    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("* * * * * ?", "Every second"),
            ("*/5 * * * * ?", "Every 5 seconds"),
            ("0 * * * * ?", "Every minute"),
            ("0 0 * * * ?", "Every hour"),
            ("0 0 0/2 * * ?", "Every 2 hours"),
            ("0 30 * * * ?", "At minute 30 of every hour"),
            ("0 30 0/2 * * ?", "At minute 30 of every 2nd hour"),
            ("10-20 * * * * ?", "At second 10 to 20 of every minute"),
            ("30 0/5 14 * * ?", "At second 30 of every 5th minute of hour 14"),
            ("0 0 12 ? * MON-FRI", "At 12:00 on Monday to Friday"),
            ("15 30 8,20 ? * SAT,SUN,TUE", "At 08:30:15 and 20:30:15 on Tuesday, Saturday and Sunday"),
            ("0 0 12 1,15 * ?", "At 12:00 on day 1 and 15 of the month"),
            ("0 0 12 L * ?", "At 12:00 on the last day of the month"),
            ("0 0 12 L-3 * ?", "At 12:00 on the day 3 days before the last day of the month"),
            ("0 0 12 LW * ?", "At 12:00 on the last working day of the month"),
            ("0 0 12 L-1W * ?", "At 12:00 on the working day nearest to 1 day before the last day of the month"),
            ("0 0 12 15W * ?", "At 12:00 on the working day nearest to day 15 of the month"),
            ("0 0 12 ? JAN,MAR-MAY 6#3", "At 12:00 on the third Friday of the month in January and March to May"),
            ("0 0 12 ? * FRIL 2027-2029", "At 12:00 on the last Friday of the month in 2027 to 2029"),
            ("0 0 12 2-30/2 * ? 2027", "At 12:00 on day 2 to 30 in steps of 2 of the month in 2027"),
        ],
    )
    def test_they_are_plain_english(self, text: str, sentence: str) -> None:
        assert QuartzCron.parse(text, zone=UTC).describe() == sentence

    def test_what_means_the_same_reads_the_same(self) -> None:
        sentences = {
            QuartzCron.parse(f"0 {minutes} * * * ?", zone=UTC).describe() for minutes in ("*/15", "0/15", "0,15,30,45")
        }
        assert sentences == {"Every 15 minutes"}

    @pytest.mark.parametrize("row", [row for row in ROWS if not malformed(row)], ids=lambda row: row["id"])
    def test_every_vector_has_one_without_a_full_stop(self, row: dict[str, Any]) -> None:
        sentence = QuartzCron.parse(row["expr"], zone=UTC).describe()
        assert sentence.startswith(("At ", "Every "))
        assert not sentence.endswith(".")
        assert "  " not in sentence


class TestClocksThatAreMoved:
    def test_by_default_it_is_as_in_quartz(self) -> None:
        daily = QuartzCron.parse("0 30 2 * * ?", zone=BERLIN)
        assert fires(daily, moment("2027-03-27T12:00:00+00:00"), 1) == ["2027-03-29T00:30:00Z"]
        assert fires(daily, moment("2027-10-30T12:00:00+00:00"), 2) == ["2027-10-31T01:30:00Z", "2027-11-01T01:30:00Z"]

    @pytest.mark.parametrize("text", ["0 30 2 * * ?", "0 0/20 * * * ?", "0 45 1-3 ? * SUN"])
    def test_the_rule_for_firing_has_the_same_fires_and_misses_none_when_asked_between_two_passes(
        self, text: str
    ) -> None:
        quartz, firing = QuartzCron.parse(text, zone=BERLIN), QuartzCron.parse(text, zone=BERLIN, rule=FIRING_RULE)
        before = moment("2027-10-30T21:00:00+00:00")
        every = fires(firing, before, 40)
        assert fires(quartz, before, 40) == every
        for minute in range(0, 300, 5):
            asked = before + dt.timedelta(minutes=minute)
            assert fires(firing, asked, 1) == [next(fire for fire in every if moment(fire) > asked)]

    def test_an_explicit_rule_is_followed(self) -> None:
        daily = QuartzCron.parse("0 30 2 * * ?", zone=BERLIN, rule=DstRule(Gap.SHIFT, Overlap.BOTH))
        assert fires(daily, moment("2027-03-27T12:00:00+00:00"), 1) == ["2027-03-28T01:30:00Z"]
        assert fires(daily, moment("2027-10-30T12:00:00+00:00"), 2) == ["2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"]


class TestTheNearestWorkingDay:
    @pytest.mark.parametrize("month", [(2026 + at // 12, at % 12 + 1) for at in range(60)])
    def test_it_is_no_weekend_and_within_the_month_and_at_most_two_days_away(self, month: tuple[int, int]) -> None:
        length = calendar.monthrange(*month)[1]
        for day in range(1, length + 1):
            rule = QuartzCron.parse(f"0 0 0 {day}W * ?", zone=UTC).days
            (found,) = rule(*month)
            assert 1 <= found <= length
            assert calendar.weekday(*month, found) < 5
            away = abs(found - day)
            assert away == 0 if calendar.weekday(*month, day) < 5 else away in {1, 2}
            assert away < 2 or day in {1, length}


def members(least: int, most: int, size: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(least, most), min_size=1, max_size=size, unique=True)


def listed(values: list[int]) -> str:
    return ",".join(map(str, values))


class TestAWalkOverSeconds:
    @settings(max_examples=60, deadline=None)
    @given(
        seconds=members(0, 59, 4),
        minutes=members(0, 59, 30),
        hours=members(0, 23, 24),
        weekdays=members(1, 7, 6),
        after=st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2029, 1, 1)),
    )
    def test_what_the_clock_shows_is_what_fires(
        self, seconds: list[int], minutes: list[int], hours: list[int], weekdays: list[int], after: dt.datetime
    ) -> None:
        text = f"{listed(seconds)} {listed(minutes)} {listed(hours)} ? * {listed(weekdays)}"
        start = after.replace(microsecond=0, tzinfo=dt.UTC)
        expected = None
        for step in range(1, 3600):
            local = (start + dt.timedelta(seconds=step)).astimezone(BERLIN)
            weekday = local.isoweekday() % 7 + 1
            parts = ((local.second, seconds), (local.minute, minutes), (local.hour, hours), (weekday, weekdays))
            if all(value in allowed for value, allowed in parts) and not _repeated_later(local):
                expected = local.astimezone(dt.UTC)
                break
        # SECOND and not Quartz's own rule, which goes by the clock alone when it is asked during the first pass
        trigger = QuartzCron.parse(text, zone=BERLIN, rule=DstRule(Gap.SKIP, Overlap.SECOND))
        found = trigger.next_after(after.replace(tzinfo=dt.UTC))
        assert found is not None
        assert found == expected or (expected is None and found >= start + dt.timedelta(seconds=3600))


def _repeated_later(local: dt.datetime) -> bool:
    return local.fold == 0 and local.replace(fold=1).utcoffset() != local.utcoffset()


FIELDS = st.tuples(
    st.sampled_from(["0", "*/20", "5-40/7", "59-1"]),
    st.sampled_from(["0", "*", "7/9", "50-10"]),
    st.sampled_from(["2", "*", "22-2/2", "0/5"]),
    st.sampled_from(
        [
            ("?", "MON"),
            ("?", "FRI-MON"),
            ("?", "2#5"),
            ("?", "6L"),
            ("LW", "?"),
            ("L-2W", "?"),
            ("31W", "?"),
            ("29", "?"),
        ]
    ),
    st.sampled_from(["*", "2", "NOV-FEB", "1/5"]),
    st.sampled_from(["*", "2026-2040", "2028/4"]),
)


class TestAnyExpression:
    @settings(max_examples=150, deadline=None)
    @given(
        fields=FIELDS,
        zone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Chatham", "America/Santiago"]),
        instants=st.tuples(
            *[st.datetimes(dt.datetime(2025, 1, 1), dt.datetime(2045, 1, 1), timezones=st.just(dt.UTC))] * 2
        ),
    )
    def test_fires_are_strictly_later_and_a_later_question_never_has_a_sooner_answer(
        self,
        fields: tuple[str, str, str, tuple[str, str], str, str],
        zone: str,
        instants: tuple[dt.datetime, dt.datetime],
    ) -> None:
        seconds, minutes, hours, (day_of_month, day_of_week), month, year = fields
        text = f"{seconds} {minutes} {hours} {day_of_month} {month} {day_of_week} {year}"
        trigger = QuartzCron.parse(text, zone=ZoneInfo(zone))
        sooner, later = sorted(instants)
        first, second = trigger.next_after(sooner), trigger.next_after(later)
        assert first is None or first > sooner
        assert second is None or (first is not None and first <= second and second > later)

    def test_case_and_the_space_around_do_not_matter(self) -> None:
        one = QuartzCron.parse("0 0 12 ? jan-mar mon", zone=UTC)
        other = QuartzCron.parse("\t0  0\t12 ? JAN-MAR MON \n", zone=UTC)
        assert one.pattern == other.pattern
