"""What a rule tells, and when: decided without a database."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from jobs.errors import ValidationError
from sinks.rules import JobChoice, RuleDocument, parse_rule
from sinks.telling import Happening, Told, Watched, tell
from sinks.wording import document_of, telling_of

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def rule(**said: Any) -> RuleDocument:
    return parse_rule({"name": "on-call", "sink": "journal", **said})


def happened(event: str, run: int = 1, *, minutes: float = 0, **said: Any) -> Happening:
    at = NOON + minutes * MINUTE
    return Happening(event=event, key=f"{event}:{run}", job_id=1, job="task:ping", at=at, run=run, **said)


def runs(document: RuleDocument, states: str) -> list[str]:
    """What is told of runs that end a minute apart (f: failed, s: succeeded, c: cancelled), each with its run and the failures."""
    told, watched = [], Watched()
    for number, state in enumerate(states, start=1):
        event = {"f": "run.failed", "s": "run.succeeded", "c": "run.cancelled"}[state]
        watched, each = tell(document, watched, happened(event, number, minutes=number))
        if each is not None:
            told.append(f"{'(' if each.hushed else ''}{each.event.removeprefix('run.')} {number}x{each.in_a_row}")
    return told


class TestInARow:
    def test_each_failure_is_told_unless_more_are_asked_for(self) -> None:
        assert runs(rule(events=["failed"]), "ff") == ["failed 1x1", "failed 2x2"]

    def test_with_three_in_a_row_the_third_is_told_and_then_the_sixth(self) -> None:
        assert runs(rule(in_a_row=3), "fffffff") == ["failed 3x3", "failed 6x6"]

    def test_a_success_begins_the_count_again(self) -> None:
        assert runs(rule(in_a_row=3), "ffsfff") == ["failed 6x3"]

    def test_a_cancelled_run_neither_counts_nor_begins_it_again(self) -> None:
        assert runs(rule(in_a_row=2), "fcf") == ["failed 3x2"]


class TestRecovered:
    def test_is_told_once_after_a_failure_was(self) -> None:
        assert runs(rule(), "fss") == ["failed 1x1", "recovered 2x1"]

    def test_is_not_told_where_the_failures_were_too_few_to_be(self) -> None:
        assert runs(rule(in_a_row=3), "ffs") == []

    def test_counts_all_failures_since_the_last_success(self) -> None:
        assert runs(rule(in_a_row=2), "fffs") == ["failed 2x2", "recovered 4x3"]

    def test_is_not_told_by_a_rule_that_does_not_ask_for_it(self) -> None:
        assert runs(rule(events=["failed"]), "fsf") == ["failed 1x1", "failed 3x1"]

    def test_is_not_told_where_the_only_failure_was_kept_back(self) -> None:
        assert runs(rule(quiet="1h"), "fsfs") == ["failed 1x1", "recovered 2x1", "(failed 3x1"]


class TestQuiet:
    def test_the_same_is_kept_back_and_counted_in_the_next(self) -> None:
        document = rule(events=["stuck"], quiet="10m")
        told, watched = [], Watched()
        for minutes in (0, 3, 9, 10):
            watched, each = tell(document, watched, happened("run.stuck", minutes, minutes=minutes))
            assert each is not None
            told.append((each.hushed, each.before))
        assert told == [(False, 0), (True, 0), (True, 0), (False, 2)]

    def test_one_event_does_not_quiet_another(self) -> None:
        document = rule(events=["stuck", "late"], quiet="10m")
        watched, _ = tell(document, Watched(), happened("run.stuck"))
        _, told = tell(document, watched, happened("run.late"))
        assert told is not None
        assert not told.hushed


def test_what_a_rule_does_not_ask_for_is_not_told() -> None:
    assert tell(rule(), Watched(), happened("run.stuck")) == (Watched(), None)


def test_how_far_late_runs_were_told_is_remembered_also_when_it_is_kept_back() -> None:
    document = rule(events=["late"], quiet="10m")
    watched, _ = tell(document, Watched(), happened("run.late", 3, until=5))
    watched, told = tell(document, watched, happened("run.late", 6, until=8))
    assert told is not None
    assert (told.hushed, watched.late_until) == (True, 8)


class TestWhichJobs:
    @pytest.mark.parametrize(
        ("choice", "meant"),
        [
            ({}, True),
            ({"types": ["task"]}, True),
            ({"types": ["spark", "datasource"]}, False),
            ({"tags": ["nightly", "other"]}, True),
            ({"tags": ["other"]}, False),
            ({"keys": ["task:ping"]}, True),
            ({"keys": ["task:pong"]}, False),
            ({"types": ["task"], "tags": ["other"]}, False),
        ],
    )
    def test_those_that_are_among_all_that_is_given(self, choice: dict[str, Any], meant: bool) -> None:
        assert JobChoice.model_validate(choice).matches(key="task:ping", tags=["nightly"]) is meant


class TestADocument:
    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"events": []}, "events"),
            ({"events": ["broken"]}, "events.0"),
            ({"in_a_row": 0}, "in_a_row"),
            ({"quiet": "soon"}, "quiet"),
            ({"jobs": {"names": ["x"]}}, "jobs.names"),
            ({"jobs": {"tags": []}}, "jobs.tags"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_is_refused_with_the_field_that_is_wrong(self, said: dict[str, Any], field: str) -> None:
        with pytest.raises(ValidationError) as refused:
            rule(**said)
        assert [error.field for error in refused.value.errors] == [field]

    def test_cannot_ask_for_recoveries_of_what_it_does_not_tell(self) -> None:
        with pytest.raises(ValidationError, match="add failed"):
            rule(events=["recovered"])


_TOLD = [
    Told(event="run.failed", happening=happened("run.failed", error="no such table"), in_a_row=1),
    Told(event="run.failed", happening=happened("run.failed"), in_a_row=12, since=NOON - MINUTE, before=2),
    Told(event="run.recovered", happening=happened("run.succeeded"), in_a_row=3, since=NOON),
    Told(event="run.late", happening=happened("run.late"), since=NOON),
    Told(event="run.late", happening=happened("run.late", count=1200), since=NOON),
    Told(event="schedule.late", happening=happened("schedule.late", schedule="nightly"), since=NOON),
    Told(event="run.stuck", happening=happened("run.stuck"), since=NOON),
    Told(event="run.expired", happening=happened("run.expired")),
    Told(event="schedule.missed", happening=happened("schedule.missed", schedule="nightly", count=3), since=NOON),
    Told(event="schedule.paused", happening=happened("schedule.paused", schedule="nightly", error="run 4 failed")),
    Told(event="job.paused", happening=happened("job.paused", error="3 runs in a row failed")),
]


class TestWords:
    @pytest.mark.parametrize("told", _TOLD, ids=lambda told: told.event)
    def test_every_notice_names_its_job_and_has_one_line_and_a_text(self, told: Told) -> None:
        document = document_of(told, rule="on-call", link="https://jobs.example.org/x")
        assert "task:ping" in document["subject"]
        assert "\n" not in document["subject"]
        assert "task:ping" in document["text"]
        assert document["text"].endswith("https://jobs.example.org/x")

    def test_a_failure_says_when_how_often_why_and_what_was_kept_back(self) -> None:
        assert document_of(_TOLD[0], rule="on-call", link=None)["text"] == (
            "Run 1 of task:ping failed at 2026-11-22 12:00:00 UTC.\nReason: no such table"
        )
        document = document_of(_TOLD[1], rule="on-call", link=None)
        assert document["subject"] == "task:ping failed, 12 runs in a row"
        assert document["text"] == (
            "Run 1 of task:ping failed at 2026-11-22 12:00:00 UTC, the 12th in a row since 2026-11-22 11:59:00 UTC.\n"
            "2 notices like this one kept back since the last."
        )

    def test_several_notices_are_counted_by_what_happened(self) -> None:
        documents = [document_of(told, rule="on-call", link=None) for told in _TOLD[:4]]
        telling = telling_of(documents)
        assert (telling.event, telling.subject) == ("digest", "4 notices: 2 failed, 1 recovered, 1 late")
        assert telling.text.count("task:ping") == 4

    def test_several_of_one_event_keep_it(self) -> None:
        assert telling_of([document_of(told, rule="on-call", link=None) for told in _TOLD[:2]]).event == "run.failed"

    def test_a_long_digest_says_how_many_it_does_not_show(self) -> None:
        documents = [document_of(told, rule="x", link=None) for told in itertools.repeat(_TOLD[0], 60)]
        assert telling_of(documents).text.endswith("And 10 more.")
