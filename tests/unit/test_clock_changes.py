"""What changes of the clocks do to a schedule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from scheduler.clock_changes import ClockWarning, Effect, clock_warnings
from scheduler.definition import Definition, compile_schedule

NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SPRING, AUTUMN = dt.datetime(2026, 3, 29, 1, tzinfo=dt.UTC), dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC)
DAILY = {"type": "cron", "expression": "30 2 * * *"}
"""Whose own rule is to fire at the end of the gap, and in the first pass."""
QUARTZ_DAILY = {"type": "cron", "expression": "0 30 2 * * ?"}
LITERAL = {"gap": "skip", "overlap": "both"}


def warnings(*triggers: dict[str, Any], zone: str = "Europe/Berlin", **parts: Any) -> list[ClockWarning]:
    def compile_one(document: Mapping[str, Any]) -> Definition:
        return compile_schedule(document=document, anchor=NEW_YEAR, key="1", default_zone=zone)

    definition = compile_one({"triggers": list(triggers), **parts})
    return clock_warnings(definition=definition, compile_one=compile_one, start=NEW_YEAR)


def told(*triggers: dict[str, Any], **parts: Any) -> list[tuple[str, str]]:
    return [(warning.effect, warning.sentence) for warning in warnings(*triggers, **parts)]


def test_a_time_that_is_skipped_makes_the_schedule_silent() -> None:
    assert told(QUARTZ_DAILY) == [
        (Effect.SILENT, "on 29 March 2026 this does not fire: 02:30 does not exist in Europe/Berlin")
    ]


def test_a_time_that_is_skipped_is_moved_where_the_rule_says_so() -> None:
    assert told(DAILY) == [
        (Effect.MOVED, "on 29 March 2026 this fires at 03:00: 02:30 does not exist in Europe/Berlin")
    ]
    shifted = told(QUARTZ_DAILY, dst={"gap": "shift", "overlap": "first"})
    assert shifted == [(Effect.MOVED, "on 29 March 2026 this fires at 03:30: 02:30 does not exist in Europe/Berlin")]


def test_a_time_that_comes_twice_doubles_the_schedule_where_both_passes_fire() -> None:
    both = told(DAILY, dst=LITERAL)
    assert both[1] == (
        Effect.DOUBLED,
        "on 25 October 2026 this fires twice at 02:30: the clocks in Europe/Berlin go back over it",
    )
    assert [effect for effect, _ in both] == [Effect.SILENT, Effect.DOUBLED]


@pytest.mark.parametrize(
    "trigger",
    [
        {"type": "cron", "expression": "30 2 * * *"},
        {"type": "calendar", "calendars": [{"hour": 2, "minute": 30}]},
        {"type": "interval", "interval": 1, "unit": "day", "start": "2026-01-01T02:30:00"},
        {"type": "frequency", "frequency": "daily", "start_date": "2026-01-01T02:30:00"},
        {"type": "iso8601", "expression": "R/2026-01-01T02:30:00/P1D"},
    ],
)
def test_it_is_so_for_every_kind_of_trigger_that_reads_the_clock(trigger: dict[str, Any]) -> None:
    found = warnings(trigger, dst=LITERAL)
    assert [(each.effect, each.at) for each in found] == [(Effect.SILENT, SPRING), (Effect.DOUBLED, AUTUMN)]


@pytest.mark.parametrize(
    "trigger",
    [
        {"type": "cron", "expression": "30 * * * *"},
        {"type": "cron", "expression": "*/5 * * * *"},
        {"type": "cron", "expression": "* * * * * ?"},
        {"type": "every", "every": "1d"},
        {"type": "interval", "interval": 1, "unit": "hour", "start": "2026-01-01T02:30:00"},
        {"type": "random", "minimum": "1h", "maximum": "2h"},
    ],
)
def test_what_fires_all_the_time_loses_and_doubles_nothing(trigger: dict[str, Any]) -> None:
    assert not warnings(trigger, dst=LITERAL)


def test_what_fires_all_the_time_is_told_if_its_rule_silences_it_for_an_hour() -> None:
    [(effect, sentence)] = told({"type": "cron", "expression": "0 */5 * * * ?"})
    assert effect == Effect.SILENT
    assert sentence == (
        "on 25 October 2026 this fires in one of two passes only: the clocks in Europe/Berlin show the time"
        " from 02:00 to 03:00 twice"
    )


def test_several_times_are_told_in_one_sentence_and_a_multitude_in_part() -> None:
    twice = told({"type": "cron", "expression": "0 0,30 1,2 * * ?"})
    assert twice[0][1] == "on 29 March 2026 this does not fire: 02:00 and 02:30 do not exist in Europe/Berlin"
    many = told({"type": "cron", "expression": "0 */5 0-2 * * ?"})
    assert "02:00, 02:05, 02:10 and 9 others do not exist" in many[0][1]


def test_a_schedule_of_very_many_times_is_still_known_to_be_doubled() -> None:
    found = warnings({"type": "cron", "expression": "*/10 * 0-2 * * ?"}, dst=LITERAL)
    assert [each.effect for each in found] == [Effect.SILENT, Effect.DOUBLED]


def test_the_trigger_is_named_by_its_place_and_others_do_not_hide_it() -> None:
    noon = {"type": "cron", "expression": "0 12 * * *"}
    waits = {"type": "job", "jobs": ["task:a"]}
    assert [(each.trigger, each.effect) for each in warnings(noon, waits, QUARTZ_DAILY)] == [(2, Effect.SILENT)]


def test_triggers_that_are_not_enabled_are_left_out() -> None:
    assert not warnings(QUARTZ_DAILY | {"enabled": False})


def test_what_does_not_fire_then_anyway_needs_no_warning() -> None:
    assert not warnings(QUARTZ_DAILY, exclusions=[{"kind": "dates", "dates": ["2026-03-29"]}])
    assert not warnings(QUARTZ_DAILY, end_date="2026-03-01")
    assert not warnings({"type": "cron", "expression": "0 30 2 ? * MON-FRI"})


def test_a_zone_whose_clocks_stand_has_no_warnings() -> None:
    assert not warnings(QUARTZ_DAILY, zone="Asia/Kolkata")


def test_half_an_hour_is_a_change_too() -> None:
    found = warnings({"type": "cron", "expression": "0 15 2 * * ?"}, zone="Australia/Lord_Howe")
    assert [each.effect for each in found] == [Effect.SILENT]


def test_only_the_year_to_come_is_looked_at() -> None:
    assert {each.at.year for each in warnings(DAILY, dst=LITERAL)} == {2026}
