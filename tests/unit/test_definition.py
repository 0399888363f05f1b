"""From a document to fire times: every kind of trigger, their zone, bounds, exclusions and jitter, and what is shared."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from jobs.errors import ValidationError
from scheduler.definition import Definition, compile_schedule, refuse_impossible

NINE = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
HOURLY: dict[str, Any] = {"type": "cron", "expression": "0 * * * *"}
EVERY_KIND: dict[str, tuple[dict[str, Any], str]] = {
    "unix cron": ({"type": "cron", "expression": "30 9 * * *"}, "2026-01-05T09:30:00"),
    "quartz": ({"type": "cron", "expression": "15 0 10 ? * MON-FRI"}, "2026-01-05T10:00:15"),
    "every": ({"type": "every", "every": "10m", "offset": "1m"}, "2026-01-05T09:01:00"),
    "interval": (
        {"type": "interval", "interval": 2, "unit": "hour", "start": "2026-01-05T07:30"},
        "2026-01-05T09:30:00",
    ),
    "iso8601": ({"type": "iso8601", "expression": "R/2026-01-01T00:00:00Z/PT7H"}, "2026-01-05T16:00:00"),
    "calendar": ({"type": "calendar", "calendars": [{"hour": 9, "minute": 45}]}, "2026-01-05T09:45:00"),
    "once": ({"type": "once", "at": "2026-01-06T00:00:00Z"}, "2026-01-06T00:00:00"),
    "frequency": ({"type": "frequency", "frequency": "daily", "start_date": "2026-01-01T12:00"}, "2026-01-05T12:00:00"),
}


def compiled(*triggers: dict[str, Any], key: str = "1", anchor: dt.datetime = NINE, **parts: Any) -> Definition:
    document = {"triggers": list(triggers) or [HOURLY], **parts}
    return compile_schedule(document=document, anchor=anchor, key=key, default_zone="UTC")


def next_times(definition: Definition, count: int, *, after: dt.datetime = NINE, key: str = "1") -> list[str]:
    """The next fire times, in UTC."""
    times = itertools.islice(definition.times(after=after, key=key), count)
    return [f"{each.fire_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}" for each in times]


def errors_of(document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        compile_schedule(document=document, anchor=NINE, key="1", default_zone="UTC")
    return {error.field: error.message for error in caught.value.errors}


class TestEveryKindOfTrigger:
    @pytest.mark.parametrize(("trigger", "first"), EVERY_KIND.values(), ids=EVERY_KIND)
    def test_says_when(self, trigger: dict[str, Any], first: str) -> None:
        definition = compiled(trigger)
        assert next_times(definition, 1) == [first]
        assert definition.describe() not in ("", "Never")

    @pytest.mark.parametrize("expression", ["R/2026-01-01T00:00:00Z/PT0.999S", "R5/2026-01-01T00:00:00Z/PT0.001S"])
    def test_no_schedule_fires_more_often_than_once_a_second(self, expression: str) -> None:
        assert errors_of({"triggers": [{"type": "iso8601", "expression": expression}]}) == {
            "triggers.0.expression": "a schedule fires once a second at most: expected PT1S or longer"
        }

    @pytest.mark.parametrize("expression", ["R/2026-01-01T00:00:00Z/PT1S", "R1/2026-02-01T00:00:00Z/PT0.5S"])
    def test_but_may_do_so_then_or_once_only(self, expression: str) -> None:
        assert next_times(compiled({"type": "iso8601", "expression": expression}), 1)

    def test_random_stays_within_its_window(self) -> None:
        definition = compiled({"type": "random", "minimum": "10m", "maximum": "20m"})
        times = [each.fire_at for each in itertools.islice(definition.times(after=NINE, key="1"), 50)]
        gaps = [later - earlier for earlier, later in itertools.pairwise([NINE, *times])]
        assert min(gaps) >= 600 * SECOND
        assert max(gaps) <= 1200 * SECOND

    def test_a_job_trigger_has_no_times_of_its_own(self) -> None:
        definition = compiled({"type": "job", "jobs": ["task:a"]})
        assert next_times(definition, 1) == []
        assert definition.describe() == "After task:a succeeded"


class TestTheWhole:
    def test_is_the_union_of_its_triggers_without_doubles(self) -> None:
        half_hours = {"type": "cron", "expression": "0,30 * * * *"}
        assert next_times(compiled(HOURLY, half_hours), 3) == [
            "2026-01-05T09:30:00",
            "2026-01-05T10:00:00",
            "2026-01-05T10:30:00",
        ]

    def test_a_disabled_trigger_says_nothing(self) -> None:
        assert next_times(compiled({**HOURLY, "enabled": False}), 1) == []

    def test_a_disabled_trigger_is_checked_all_the_same(self) -> None:
        assert "triggers.0.expression" in errors_of(
            {"triggers": [{"type": "cron", "expression": "soon", "enabled": False}]}
        )

    def test_wall_times_are_those_of_its_zone(self) -> None:
        nine = {"type": "cron", "expression": "0 9 * * *"}
        assert next_times(compiled(nine, timezone="Europe/Berlin"), 1) == ["2026-01-06T08:00:00"]

    def test_without_a_zone_they_are_those_of_the_installation(self) -> None:
        document = {"triggers": [{"type": "cron", "expression": "0 9 * * *"}]}
        definition = compile_schedule(document=document, anchor=NINE, key="1", default_zone="Asia/Tokyo")
        assert next_times(definition, 1) == ["2026-01-06T00:00:00"]

    def test_it_begins_with_its_start_and_ends_with_its_end(self) -> None:
        definition = compiled(start_date="2026-01-05T12:00", end_date="2026-01-05T14:00")
        assert next_times(definition, 9) == ["2026-01-05T12:00:00", "2026-01-05T13:00:00", "2026-01-05T14:00:00"]

    def test_an_excluded_time_is_given_with_its_reason(self) -> None:
        definition = compiled(exclusions=[{"kind": "daily", "from": "10:00", "to": "11:00", "comment": "backup"}])
        first, second = itertools.islice(definition.times(after=NINE, key="1"), 2)
        assert "backup" in str(first.excluded)
        assert second.excluded is None

    def test_the_rule_for_clock_changes_is_the_one_asked_for(self) -> None:
        gap = {"type": "cron", "expression": "30 2 29 3 *"}
        before = dt.datetime(2026, 3, 28, tzinfo=dt.UTC)
        berlin: dict[str, Any] = {"timezone": "Europe/Berlin"}
        skipping = compiled(gap, dst={"gap": "skip", "overlap": "first"}, **berlin)
        shifting = compiled(gap, dst={"gap": "shift", "overlap": "first"}, **berlin)
        assert next_times(shifting, 1, after=before) == ["2026-03-29T01:30:00"]
        assert next_times(skipping, 1, after=before) == ["2027-03-29T00:30:00"]

    def test_is_described_with_what_it_waits_for(self) -> None:
        waits = {"type": "job", "jobs": ["task:a", "task:b"], "run_if": "all_done", "delay": "5m"}
        text = compiled(HOURLY, waits).describe()
        assert text.endswith("; After all of task:a, task:b succeeded or failed or cancelled, 5m later")


class TestJitter:
    def test_delays_the_acting_and_not_the_name(self) -> None:
        for due in itertools.islice(compiled(jitter="10m").times(after=NINE, key="1"), 50):
            assert due.fire_at.minute == 0
            assert due.fire_at <= due.run_at < due.fire_at + 600 * SECOND

    def test_is_another_for_another_schedule_and_the_same_for_the_same(self) -> None:
        def delays(key: str) -> list[dt.timedelta]:
            times = itertools.islice(compiled(jitter="10m").times(after=NINE, key=key), 10)
            return [each.run_at - each.fire_at for each in times]

        assert delays("1") == delays("1")
        assert delays("1") != delays("2")

    def test_never_reaches_the_next_fire_time(self) -> None:
        dues = list(itertools.islice(compiled(jitter="5h").times(after=NINE, key="1"), 200))
        assert all(one.run_at < other.fire_at for one, other in itertools.pairwise(dues))

    def test_of_the_last_fire_time_is_bounded_by_itself_alone(self) -> None:
        (only,) = compiled({"type": "once", "at": "2026-01-06T00:00:00Z"}, jitter="10m").times(after=NINE, key="1")
        assert only.fire_at <= only.run_at < only.fire_at + 600 * SECOND


class TestSharing:
    def test_equal_documents_share_one_definition(self) -> None:
        assert compiled(key="1") is compiled(key="2", anchor=NINE + SECOND)

    @pytest.mark.parametrize(
        "trigger",
        [{"type": "interval", "interval": 1, "unit": "hour"}, {"type": "random", "minimum": "1m", "maximum": "2m"}],
        ids=["interval", "random"],
    )
    def test_those_that_begin_with_their_schedule_do_not(self, trigger: dict[str, Any]) -> None:
        assert next_times(compiled(trigger, key="1"), 5) == next_times(compiled(trigger, key="1"), 5)
        assert next_times(compiled(trigger, anchor=NINE), 5) != next_times(compiled(trigger, anchor=NINE + SECOND), 5)

    def test_two_schedules_with_one_random_trigger_do_not_fire_together(self) -> None:
        trigger = {"type": "random", "minimum": "1m", "maximum": "1h"}
        assert next_times(compiled(trigger, key="1"), 5) != next_times(compiled(trigger, key="2"), 5)

    def test_with_a_seed_of_their_own_they_do(self) -> None:
        trigger = {"type": "random", "minimum": "1m", "maximum": "1h", "seed": 7}
        assert next_times(compiled(trigger, key="1"), 5) == next_times(compiled(trigger, key="2"), 5)


class TestRefusing:
    @pytest.mark.parametrize(
        ("parts", "field"),
        [
            ({"triggers": [HOURLY, {"type": "cron", "expression": "61 * * * *"}]}, "triggers.1.expression"),
            ({"triggers": [{"type": "cron", "expression": "0 0 25 ? * *"}]}, "triggers.0.expression"),
            ({"triggers": [{"type": "every", "every": "1ms"}]}, "triggers.0.every"),
            ({"triggers": [{"type": "interval", "interval": 0, "unit": "hour"}]}, "triggers.0.interval"),
            ({"triggers": [{"type": "iso8601", "expression": "PT"}]}, "triggers.0.expression"),
            ({"triggers": [{"type": "once", "at": "tomorrow"}]}, "triggers.0.at"),
            ({"timezone": "Mars/Olympus"}, "timezone"),
            ({"start_date": "soon"}, "start_date"),
            ({"start_date": "2026-02-01", "end_date": "2026-01-01"}, "end_date"),
            ({"exclusions": [{"kind": "moon"}]}, "exclusions.0.kind"),
        ],
    )
    def test_what_is_wrong_is_named_with_its_path(self, parts: dict[str, Any], field: str) -> None:
        assert list(errors_of({"triggers": [HOURLY], **parts})) == [field]

    @pytest.mark.parametrize(
        "document",
        [
            {"triggers": "daily"},
            {"triggers": 5},
            {"triggers": [7]},
            {"triggers": [None]},
            {"triggers": [{"type": ["cron"]}]},
            {"triggers": None},
            {},
        ],
        ids=str,
    )
    def test_a_shape_that_is_none_is_refused_in_words(self, document: dict[str, Any]) -> None:
        assert errors_of(document)

    def test_all_that_is_wrong_is_told_at_once(self) -> None:
        document = {"triggers": [{"type": "once", "at": "x"}], "start_date": "y", "exclusions": [{"kind": "z"}]}
        assert set(errors_of(document)) == {"triggers.0.at", "start_date", "exclusions.0.kind"}


class TestWhatNoDayCanSatisfy:
    @pytest.mark.parametrize(
        ("trigger", "field"),
        [
            ({"type": "cron", "expression": "0 0 12 30 2 ?"}, "triggers.1.expression"),
            ({"type": "cron", "expression": "0 12 31 4,6,9,11 *"}, "triggers.1.expression"),
            ({"type": "calendar", "calendars": [{"month": 2, "dayOfMonth": 31}]}, "triggers.1"),
        ],
    )
    def test_is_refused_by_its_trigger(self, trigger: dict[str, Any], field: str) -> None:
        definition = compiled({**HOURLY, "enabled": False}, trigger, HOURLY)
        with pytest.raises(ValidationError) as caught:
            refuse_impossible(definition)
        assert [(error.field, error.message[:15]) for error in caught.value.errors] == [(field, "it never fires:")]

    @pytest.mark.parametrize(
        "trigger",
        [
            {"type": "cron", "expression": "0 0 12 29 2 ?"},
            {"type": "cron", "expression": "0 0 12 1 1 ? 2020"},
            {"type": "cron", "expression": "0 0 12 30 2 ?", "enabled": False},
            {"type": "once", "at": "2020-01-01T00:00:00Z"},
            {"type": "job", "jobs": ["task:a"]},
            *(trigger for trigger, _ in EVERY_KIND.values()),
        ],
    )
    def test_what_is_rare_or_past_is_not(self, trigger: dict[str, Any]) -> None:
        refuse_impossible(compiled(trigger, end_date="2020-01-01"))
