"""Calendars: every vector, the brute-force walk, and what is refused."""

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
from scheduler.triggers.calendar import LONGEST_COMMENT, MOST_ENTRIES, CalendarSpec
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
TICK = dt.timedelta.resolution
VECTORS = Path(__file__).parents[2] / "vectors" / "calendar.open.jsonl"
ROWS = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]
GOOD = [row for row in ROWS if row.get("valid") is not False]
BAD = [row for row in ROWS if row.get("valid") is False]
BOTH = DstRule(Gap.SKIP, Overlap.BOTH)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=dt.UTC)


def fires(trigger: CalendarSpec, after: str, count: int = 5) -> list[str]:
    instant, found = utc(after), []
    for _ in range(count):
        following = trigger.next_after(instant)
        if following is None:
            break
        found.append(f"{following:%Y-%m-%dT%H:%M:%SZ}")
        instant = following
    return found


def calendar(zone: ZoneInfo = UTC, **fields: object) -> CalendarSpec:
    return CalendarSpec.parse({"calendars": [fields]}, zone=zone)


class TestVectors:
    @pytest.mark.parametrize("row", GOOD, ids=[row["id"] for row in GOOD])
    def test_every_row_fires_as_the_walk_over_wall_time_does(self, row: dict[str, Any]) -> None:
        assert fires(CalendarSpec.parse(row["spec"], zone=ZoneInfo(row["tz"])), row["after"]) == row["next"]

    @pytest.mark.parametrize("row", GOOD, ids=[row["id"] for row in GOOD])
    def test_every_row_fires_in_both_passes_on_request(self, row: dict[str, Any]) -> None:
        trigger = CalendarSpec.parse(row["spec"], zone=ZoneInfo(row["tz"]), rule=BOTH)
        assert fires(trigger, row["after"]) == row.get("next_overlap_both", row["next"])

    @pytest.mark.parametrize("row", BAD, ids=[row["id"] for row in BAD])
    def test_every_malformed_row_is_refused_at_its_field(self, row: dict[str, Any]) -> None:
        ((key, (entry,)),) = row["spec"].items()
        wrong = "offset" if "offset" in entry else next(reversed(entry))
        with pytest.raises(ValidationError, match=rf"^{key}\.0\.{wrong}\S*: .*expected "):
            CalendarSpec.parse(row["spec"], zone=UTC)


class TestWhatMayBeWritten:
    @pytest.mark.parametrize(
        ("value", "days"),
        [
            *(
                ("*", "0123456"),
                (0, "0"),
                (7, "0"),
                ("7", "0"),
                ("SUNDAY", "0"),
                ("sun", "0"),
                ("Su", "0"),
                ("th", "4"),
            ),
            *(
                ({"start": 1, "end": 5}, "12345"),
                ({"start": "MON", "end": "5", "step": "2"}, "135"),
                ({"start": 2, "step": 3}, "2"),
            ),
            *(
                (["MONDAY", 3, {"start": 5, "end": 7}], "01356"),
                ({"start": 0, "end": 7}, "0123456"),
                (["*", 1], "0123456"),
            ),
        ],
    )
    def test_in_a_field(self, value: object, days: str) -> None:
        found = fires(calendar(dayOfWeek=value), "2026-02-28T23:59:59", 7)  # the day before a Sunday
        week = {f"{utc(fire).isoweekday() % 7}" for fire in found if utc(fire) < utc("2026-03-08")}
        assert "".join(sorted(week)) == days

    def test_a_comment(self) -> None:
        assert calendar(hour=9, comment="x" * LONGEST_COMMENT).calendars[0].comment == "x" * LONGEST_COMMENT

    def test_what_is_left_out_is_nought_for_the_time_and_everything_for_the_date(self) -> None:
        assert calendar() == calendar(
            second=0, minute="0", hour=[0], dayOfMonth="*", month="*", year="*", dayOfWeek="*"
        )


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ([], r"^calendar: expected an object with calendars, intervals and skip"),
            (None, r"^calendar: expected an object"),
            ({"calendar": []}, r"^calendar: expected an object with calendars"),
            ({}, r"^calendar: expected at least one entry in calendars or intervals"),
            ({"calendars": [], "skip": [{}]}, r"^calendar: expected at least one entry"),
            ({"calendars": {}}, r"^calendars: expected a list of at most 100 objects"),
            ({"calendars": "x"}, r"^calendars: expected a list"),
            ({"calendars": [{}] * (MOST_ENTRIES + 1)}, r"^calendars: expected a list of at most 100 objects"),
            ({"calendars": [{}, 5]}, r"^calendars\.1: expected an object, not 5$"),
            ({"calendars": [{"weekday": 1}]}, r"^calendars\.0\.weekday: no such field: expected second, minute, hour, dayOfMonth"),
            ({"calendars": [{1: 1}]}, r"^calendars\.0\.1: no such field"),
            ({"calendars": [{"comment": "x" * 201}]}, r"^calendars\.0\.comment: expected text of at most 200 characters"),
            ({"calendars": [{"comment": 5}]}, r"^calendars\.0\.comment: expected text"),
            ({"calendars": [{"hour": []}]}, r"^calendars\.0\.hour: expected at least one value"),
            ({"calendars": [{"hour": [1, [2]]}]}, r"^calendars\.0\.hour\.1: expected 0 to 23, not \[2\]"),
            ({"calendars": [{"hour": {}}]}, r"^calendars\.0\.hour: expected a range of start, end and step, of which start"),
            ({"calendars": [{"hour": {"start": 1, "stop": 2}}]}, r"^calendars\.0\.hour: expected a range"),
            ({"calendars": [{"hour": {"start": 1, "end": 24}}]}, r"^calendars\.0\.hour\.end: expected 0 to 23, not 24"),
            ({"calendars": [{"hour": {"start": "*"}}]}, r"^calendars\.0\.hour\.start: expected 0 to 23"),
            ({"calendars": [{"hour": {"start": 1, "step": 0}}]}, r"^calendars\.0\.hour\.step: expected a whole number of 1"),
            ({"calendars": [{"year": 2101}]}, r"^calendars\.0\.year: expected 2000 to 2100, not 2101$"),
            ({"calendars": [{"month": "MA"}]}, r"^calendars\.0\.month: expected 1 to 12, or a name such as JANUARY or its first 3"),
            ({"calendars": [{"month": "MAYBE"}]}, r"^calendars\.0\.month: expected 1 to 12"),
            ({"calendars": [{"dayOfWeek": {"start": "FRI", "end": "SUN"}}]}, r"two ranges, and 7 for a Sunday at its end$"),
            ({"calendars": [{}], "skip": [{"hour": 24}]}, r"^skip\.0\.hour: expected 0 to 23"),
            ({"intervals": [{}]}, r"^intervals\.0: expected an object with every and, if wanted, offset"),
            ({"intervals": [{"every": 60, "phase": 5}]}, r"^intervals\.0: expected an object with every"),
            ({"intervals": [{"every": 60, "offset": 60}]}, r"^intervals\.0\.offset: expected a whole number .* from 0 to 59"),
            ({"intervals": [{"every": 10**12}]}, r"^intervals\.0\.every: expected a whole number .* from 1 to 3,155,760,000"),
        ],
    )  # fmt: skip
    def test_says_where_and_what_would_be_right(self, spec: object, message: str) -> None:
        with pytest.raises(ValidationError, match=message):
            CalendarSpec.parse(spec, zone=UTC)

    @pytest.mark.parametrize(
        "value", [True, None, 1.0, "", " 9", "9 ", "+9", "1,2", "1-5", "*/5", "٩", "9" * 5000, "\x00"]
    )
    def test_what_is_no_value(self, value: object) -> None:
        for given_value in (
            value,
            [value],
            {"start": value},
            {"start": 0, "end": value},
            {"start": 0, "end": 9, "step": value},
        ):
            with pytest.raises(ValidationError, match=r"^calendars\.0\.hour"):
                calendar(hour=given_value)

    def test_what_is_too_deep_or_too_long_to_be_shown(self) -> None:
        nested: list[object] = []
        for _ in range(100_000):
            nested = [nested]
        for value in (nested, 10**5000):
            with pytest.raises(ValidationError, match=r"^calendars\.0\.hour.*: expected 0 to 23, not such a "):
                calendar(hour=value)

    @pytest.mark.parametrize("every", [0, -1, 1.5, 60.0, "60", True, None])
    def test_what_is_no_number_of_seconds(self, every: object) -> None:
        with pytest.raises(ValidationError, match=r"^intervals\.0\.every: expected a whole number of seconds"):
            CalendarSpec.parse({"intervals": [{"every": every}]}, zone=UTC)


class TestBounds:
    def test_calendars_end_with_the_year_2100(self) -> None:
        assert fires(calendar(month=12, dayOfMonth=31), "2099-06-01T00:00:00") == [
            "2099-12-31T00:00:00Z",
            "2100-12-31T00:00:00Z",
        ]

    def test_intervals_do_not(self) -> None:
        assert fires(CalendarSpec.parse({"intervals": [{"every": 3600}]}, zone=UTC), "2100-12-31T23:30:00", 1) == [
            "2101-01-01T00:00:00Z"
        ]

    def test_calendars_begin_with_the_year_2000(self) -> None:
        assert fires(calendar(), "1971-01-01T00:00:00", 1) == ["2000-01-01T00:00:00Z"]

    def test_two_fires_at_one_time_are_one(self) -> None:
        spec = {"calendars": [{"hour": 12}, {"hour": [12, 13]}], "intervals": [{"every": 43_200}, {"every": 86_400}]}
        expected = ["2026-05-05T12:00:00Z", "2026-05-05T13:00:00Z", "2026-05-06T00:00:00Z"]
        assert fires(CalendarSpec.parse(spec, zone=UTC), "2026-05-05T00:00:00", 3) == expected

    def test_the_pattern_is_that_of_a_single_calendar(self) -> None:
        assert (pattern := calendar(hour=9).pattern) is not None
        assert (pattern.hours, pattern.minutes) == ((9,), (0,))
        assert CalendarSpec.parse({"calendars": [{}], "intervals": [{"every": 5}]}, zone=UTC).pattern is None


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham", "America/St_Johns")
NEAR = (
    *("2026-03-29T01:00:00", "2026-10-25T01:00:00", "2026-03-08T07:00:00", "2026-11-01T06:00:00"),  # Berlin, New York
    *("2026-04-04T15:00:00", "2026-10-03T15:30:00", "2026-04-04T14:00:00", "2026-09-26T14:00:00"),  # Lord Howe, Chatham
    *("2026-01-31T23:00:00", "2027-12-31T23:00:00", "2028-02-29T00:00:00", "2026-06-15T12:00:00"),
)
WINDOW = dt.timedelta(minutes=120)


NAMES = ("second", "minute", "hour", "dayOfMonth", "month", "dayOfWeek")


def some(least: int, most: int) -> st.SearchStrategy[object]:
    single = st.integers(least, most)
    pair = st.tuples(single, single).map(sorted)
    span = st.builds(lambda ends, step: {"start": ends[0], "end": ends[1], "step": step}, pair, st.integers(1, 9))
    return st.one_of(st.just("*"), st.just("*"), st.lists(st.one_of(single, span), min_size=1, max_size=3))


CALENDARS = st.fixed_dictionaries(
    {"minute": some(0, 59), "hour": st.one_of(st.just("*"), some(0, 23))},
    optional={"second": some(0, 59), "dayOfWeek": some(0, 7), "dayOfMonth": some(1, 31), "month": some(1, 12)},
)
INTERVALS = st.builds(
    lambda every, part: {"every": every, "offset": every * part // 100},
    st.one_of(st.sampled_from([60, 900, 1800, 3600, 7200, 86_400]), st.integers(1, 9000)),
    st.integers(0, 99),
)
SPECS = st.one_of(
    st.fixed_dictionaries(
        {"calendars": st.lists(CALENDARS, min_size=1, max_size=2)}, optional={"skip": st.lists(CALENDARS, max_size=2)}
    ),
    st.fixed_dictionaries(
        {"intervals": st.lists(INTERVALS, min_size=1, max_size=2)}, optional={"skip": st.lists(CALENDARS, max_size=2)}
    ),
)
RULES = st.builds(DstRule, st.just(Gap.SKIP), st.sampled_from([Overlap.FIRST, Overlap.SECOND, Overlap.BOTH]))


def expanded(entry: dict[str, Any]) -> dict[str, set[int]]:
    return {name: expand(entry.get(name, 0 if name in ("second", "minute", "hour") else "*")) for name in NAMES}


def expand(value: Any) -> set[int]:
    if isinstance(value, list):
        return {number for item in value for number in expand(item)}
    if isinstance(value, dict):
        return set(range(value["start"], value["end"] + 1, value["step"]))
    return set(range(60)) if value == "*" else {value}


def matches(entry: dict[str, set[int]], wall: dt.datetime) -> bool:
    return (
        wall.second in entry["second"]
        and wall.minute in entry["minute"]
        and wall.hour in entry["hour"]
        and wall.day in entry["dayOfMonth"]
        and wall.month in entry["month"]
        and not entry["dayOfWeek"].isdisjoint({wall.isoweekday(), wall.isoweekday() % 7})
    )


def walk(spec: dict[str, Any], zone: ZoneInfo, overlap: Overlap, start: dt.datetime) -> list[dt.datetime]:
    """Every fire in the window, found by looking at each second of it."""
    calendars, skips = ([expanded(entry) for entry in spec.get(name, ())] for name in ("calendars", "skip"))
    found = []
    for number in range(int(WINDOW.total_seconds())):
        instant = start + dt.timedelta(seconds=number)
        wall, since_epoch = instant.astimezone(zone), int(instant.timestamp())
        due = any((since_epoch - each["offset"]) % each["every"] == 0 for each in spec.get("intervals", ()))
        due = due or (any(matches(entry, wall) for entry in calendars) and in_pass(wall, overlap))
        if due and not any(matches(entry, wall) for entry in skips):
            found.append(instant)
    return found


def in_pass(wall: dt.datetime, overlap: Overlap) -> bool:
    first, second = (wall.replace(fold=fold).utcoffset() for fold in (0, 1))
    if first == second or overlap is Overlap.BOTH:
        return True
    return wall.fold == (1 if overlap is Overlap.SECOND else 0)


class TestAgainstAWalkOverSeconds:
    @settings(max_examples=60, deadline=None)
    @given(SPECS, st.sampled_from(ZONES).map(ZoneInfo), RULES, st.sampled_from(NEAR), st.integers(-7200, 0))
    def test_the_fires_of_a_random_specification_are_those_of_the_walk(
        self, spec: dict[str, Any], zone: ZoneInfo, rule: DstRule, near: str, shift: int
    ) -> None:
        start = utc(near) + dt.timedelta(seconds=shift)
        trigger = CalendarSpec.parse(spec, zone=zone, rule=rule)
        expected, instant = walk(spec, zone, rule.overlap, start), start - TICK
        for fire in expected[:40]:
            assert trigger.next_after(instant) == fire
            instant = fire
        if len(expected) <= 40:
            beyond = trigger.next_after(instant)
            assert beyond is None or beyond >= start + WINDOW

    @settings(deadline=None)
    @given(
        SPECS,
        st.sampled_from(ZONES).map(ZoneInfo),
        st.builds(
            DstRule,
            st.sampled_from([Gap.SKIP, Gap.SHIFT, Gap.AFTER]),
            st.sampled_from([Overlap.FIRST, Overlap.SECOND, Overlap.BOTH]),
        ),
        st.sampled_from(NEAR),
        st.tuples(
            st.timedeltas(dt.timedelta(days=-2), dt.timedelta(days=2)),
            st.timedeltas(dt.timedelta(0), dt.timedelta(days=3)),
        ),
    )
    def test_the_next_fire_is_later_and_never_goes_back_when_asked_later(
        self, spec: dict[str, Any], zone: ZoneInfo, rule: DstRule, near: str, shifts: tuple[dt.timedelta, dt.timedelta]
    ) -> None:
        trigger, instant = CalendarSpec.parse(spec, zone=zone, rule=rule), utc(near) + shifts[0]
        later = instant + shifts[1]
        first, second = trigger.next_after(instant), trigger.next_after(later)
        assert first is None or first > instant
        assert second is None or (first is not None and first <= second and (second == first or first <= later))


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (
            {"calendars": [{"hour": 9, "dayOfWeek": [1, 2, 3], "comment": "office"}]},
            "At 09:00 on Monday to Wednesday (office)",
        ),
        (
            {"calendars": [{"hour": 9}] * 2, "intervals": [{"every": 21_600}]},
            "At 09:00, or every 6 hours since the Unix epoch",
        ),
        (
            {"calendars": [{"hour": 9}], "skip": [{"month": 5, "hour": 9}, {"year": 2027}]},
            "At 09:00, except at 09:00 in May and at 00:00 in 2027",
        ),
    ],
)
def test_it_says_what_it_does(spec: object, sentence: str) -> None:
    assert CalendarSpec.parse(spec, zone=BERLIN).describe() == sentence
