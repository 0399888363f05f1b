"""The shape of a schedule's document: defaults, what is refused and in which field, and what comes back."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.errors import ValidationError
from scheduler.documents import RUN_IF, JobTrigger, ScheduleDocument, parse_schedule

HOURLY: dict[str, Any] = {"type": "cron", "expression": "0 * * * *"}


def errors_of(document: object) -> dict[str, str]:
    """By field, what `parse_schedule` finds wrong."""
    with pytest.raises(ValidationError) as caught:
        parse_schedule(document)
    return {error.field: error.message for error in caught.value.errors}


def parsed(*triggers: dict[str, Any], **parts: Any) -> ScheduleDocument:
    return parse_schedule({"triggers": list(triggers) or [HOURLY], **parts})


def job_trigger(**parts: Any) -> JobTrigger:
    ((_, trigger),) = parsed({"type": "job", "jobs": ["task:a", "task:b"], **parts}).job_triggers
    return trigger


class TestDefaults:
    def test_are_written_down(self) -> None:
        assert parsed().to_dict() == {
            "name": "default",
            "enabled": True,
            "triggers": [{**HOURLY, "enabled": True}],
            "exclusions": [],
            "jitter": 0,
            "parameters": {},
            "notes": "",
            "misfire": {"policy": "latest", "grace": "60s", "window": "1d", "most": 100},
            "overlap": "skip",
            "pause_on_failure": False,
        }

    def test_what_is_written_down_reads_as_itself(self) -> None:
        document = parsed(
            {"type": "every", "every": "5m"}, HOURLY, jitter="10s", actions=3, dst={"gap": "skip", "overlap": "both"}
        )
        assert parse_schedule(document.to_dict()).to_dict() == document.to_dict()

    def test_a_cron_string_may_be_named_value(self) -> None:
        assert parsed({"type": "cron", "value": "@daily"}).to_dict()["triggers"][0]["expression"] == "@daily"


class TestRefusing:
    @pytest.mark.parametrize("document", [None, [], "daily", 7])
    def test_what_is_no_object(self, document: object) -> None:
        assert "expected an object" in errors_of(document)[""]

    def test_a_schedule_without_triggers(self) -> None:
        assert "triggers" in errors_of({})
        assert "triggers" in errors_of({"triggers": []})

    @pytest.mark.parametrize("triggers", ["daily", 5, None, {}])
    def test_triggers_that_are_no_list(self, triggers: object) -> None:
        assert "triggers" in errors_of({"triggers": triggers})

    def test_a_trigger_of_an_unknown_type_names_those_there_are(self) -> None:
        ((field, message),) = errors_of({"triggers": [{"type": "sometimes"}]}).items()
        assert field == "triggers.0.type"
        assert "'once'" in message

    @pytest.mark.parametrize(
        ("parts", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "-x"}, "name"),
            ({"name": "a/b"}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"actions": -1}, "actions"),
            ({"overlap": "wait"}, "overlap"),
            ({"misfire": {"policy": "some"}}, "misfire.policy"),
            ({"misfire": {"most": 0}}, "misfire.most"),
            ({"misfire": {"most": 1001}}, "misfire.most"),
            ({"misfire": {"window": 0}}, "misfire.window"),
            ({"misfire": {"grace": "-1s"}}, "misfire.grace"),
            ({"jitter": "soon"}, "jitter"),
            ({"jitter": "1000y"}, "jitter"),
            ({"misfire": {"grace": "1000y"}}, "misfire.grace"),
            ({"notes": "x" * 2001}, "notes"),
            ({"parameters": []}, "parameters"),
            ({"dst": {"gap": "skip"}}, "dst.overlap"),
            ({"dst": {"gap": "first", "overlap": "first"}}, "dst.gap"),
            ({"priority": 3}, "priority"),
        ],
    )
    def test_a_wrong_field_is_named(self, parts: dict[str, Any], field: str) -> None:
        assert list(errors_of({"triggers": [HOURLY], **parts})) == [field]

    def test_all_that_is_wrong_is_told_at_once(self) -> None:
        assert set(errors_of({"triggers": [HOURLY], "actions": -1, "jitter": "soon"})) == {"actions", "jitter"}

    def test_more_triggers_than_a_hundred(self) -> None:
        assert "100" in errors_of({"triggers": [HOURLY] * 101})["triggers"]


class TestJobTrigger:
    @pytest.mark.parametrize("word", list(RUN_IF))
    def test_each_run_if_word_has_its_rule(self, word: str) -> None:
        assert job_trigger(run_if=word).rule == RUN_IF[word]

    def test_without_more_one_success_starts_it(self) -> None:
        assert job_trigger().rule == ("any", ("succeeded",))

    def test_results_and_of_say_which_and_how_many(self) -> None:
        assert job_trigger(results=["failed", "cancelled"], of="all").rule == ("all", ("failed", "cancelled"))

    def test_run_if_and_results_are_refused_together(self) -> None:
        trigger = {"type": "job", "jobs": ["task:a"], "run_if": "all_done", "results": ["failed"]}
        assert any("either run_if, or results" in message for message in errors_of({"triggers": [trigger]}).values())

    def test_a_job_that_is_listed_twice_is_refused(self) -> None:
        trigger = {"type": "job", "jobs": ["task:a", "task:a"]}
        assert any("listed twice" in message for message in errors_of({"triggers": [trigger]}).values())

    @pytest.mark.parametrize(
        "parts", [{"jobs": []}, {"jobs": ["task:a"], "results": []}, {"jobs": ["task:a"], "delay": "400d"}]
    )
    def test_what_it_cannot_be_is_refused(self, parts: dict[str, Any]) -> None:
        assert errors_of({"triggers": [{"type": "job", **parts}]})

    def test_one_that_is_disabled_waits_for_nothing_and_keeps_the_others_places(self) -> None:
        waits = {"type": "job", "jobs": ["task:a"]}
        document = parsed(HOURLY, {**waits, "enabled": False}, waits)
        assert [place for place, _ in document.job_triggers] == [2]
