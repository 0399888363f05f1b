"""A job's configuration: what limits, tolerates and repeats; in which words it is refused; and that it is kept as written."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.documents import parse_job, parse_replay, parse_rerun, parse_trigger
from jobs.documents.configuration import RateLimit, duration_ms
from jobs.errors import ValidationError

EVERYTHING = {
    "retry": {},
    "max_concurrent_requests": 5,
    "priority": 0,
    "timeout_ceiling": "12h",
    "terminate_grace": 0,
    "run_timeout": "30 days",
    "start_timeout": 1500,
    "max_concurrent_runs": 2,
    "concurrency_group": "api.example.com:8443",
    "rate_limit": {"count": 100, "period": "1m"},
    "max_payloads": 1_000_000,
    "failure_tolerance": {"percent": 2.5},
    "stop_on_first_failure": False,
    "pause_after_failures": {"runs": 3, "resume_after": "1h"},
    "unique_for": {"period": "1d", "on_conflict": "join"},
    "keep_replays": 0,
    "sla": {"duration": "15m", "lateness": 60000},
    "requires": {"schedule": True, "sinks_reachable": False},
}


def written(**configuration: Any) -> Any:
    return parse_job({"key": "task:a", "payload": [], "configuration": configuration}).to_dict()["configuration"]


def refusals(data: dict[str, Any], payloads: int = 0) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        parse_job({"key": "task:a", "payload": [{"kind": "noop"}] * payloads, "configuration": data})
    return [(error.field.removeprefix("configuration."), error.message) for error in refused.value.errors]


def test_everything_is_kept_as_it_was_written() -> None:
    assert written(**EVERYTHING) == EVERYTHING


def test_what_is_not_said_is_not_filled_in() -> None:
    assert written() == {"retry": {}, "max_concurrent_requests": 5, "priority": 0}


def test_a_conflict_with_a_run_alike_is_refused_unless_it_says_otherwise() -> None:
    assert written(unique_for={"period": "1h"})["unique_for"]["on_conflict"] == "refuse"


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({"timeout_ceiling": "8 days"}, "timeout_ceiling", "between 1 ms and 7 days"),
        ({"terminate_grace": "2h"}, "terminate_grace", "between 0 and 1 hour"),
        ({"terminate_grace": -1}, "terminate_grace", "cannot be negative"),
        ({"run_timeout": 0}, "run_timeout", "between 1 ms and 366 days"),
        ({"run_timeout": True}, "run_timeout", "expected milliseconds"),
        ({"start_timeout": "soon"}, "start_timeout", "such as"),
        ({"max_concurrent_runs": 0}, "max_concurrent_runs", "at least 1"),
        ({"max_concurrent_runs": "2"}, "max_concurrent_runs", "a whole number"),
        ({"concurrency_group": "a b"}, "concurrency_group", "expected a letter or digit"),
        ({"concurrency_group": ""}, "concurrency_group", "expected a letter or digit"),
        ({"concurrency_group": "a\n"}, "concurrency_group", "expected a letter or digit"),
        ({"rate_limit": 5}, "rate_limit", "expected an object"),
        ({"rate_limit": {"count": 5}}, "rate_limit.period", "required"),
        ({"rate_limit": {"count": 0, "period": "1s"}}, "rate_limit.count", "at least 1"),
        ({"rate_limit": {"count": 1, "period": 0}}, "rate_limit.period", "between 1 ms and 366 days"),
        ({"max_payloads": 0}, "max_payloads", "at least 1"),
        ({"max_payloads": 1_000_001}, "max_payloads", "at most 1000000"),
        ({"failure_tolerance": {}}, "failure_tolerance", "exactly one of count and percent"),
        ({"failure_tolerance": {"count": 1, "percent": 1}}, "failure_tolerance", "exactly one of count and percent"),
        ({"failure_tolerance": {"count": -1}}, "failure_tolerance.count", "at least 0"),
        ({"failure_tolerance": {"percent": 100.5}}, "failure_tolerance.percent", "at most 100"),
        ({"failure_tolerance": {"percent": "5"}}, "failure_tolerance.percent", "expected a number"),
        ({"stop_on_first_failure": 1}, "stop_on_first_failure", "true or false"),
        ({"pause_after_failures": {}}, "pause_after_failures.runs", "required"),
        ({"pause_after_failures": {"runs": 0}}, "pause_after_failures.runs", "at least 1"),
        (
            {"pause_after_failures": {"runs": 1, "resume_after": 0}},
            "pause_after_failures.resume_after",
            "between 1 ms and 366 days",
        ),
        ({"unique_for": {"period": 0}}, "unique_for.period", "between 1 ms and 366 days"),
        ({"unique_for": {"period": "1h", "on_conflict": "wait"}}, "unique_for.on_conflict", "'refuse' or 'join'"),
        ({"keep_replays": -1}, "keep_replays", "at least 0"),
        ({"sla": {}}, "sla", "give duration, lateness or both"),
        ({"sla": {"duration": 0}}, "sla.duration", "1 ms"),
        ({"sla": {"lateness": "soon"}}, "sla.lateness", "duration"),
        ({"sla": {"length": "1m"}}, "sla.length", "unknown field"),
        ({"requires": {"sinks": True}}, "requires.sinks", "unknown field"),
        ({"requires": {"schedule": "yes"}}, "requires.schedule", "true or false"),
        ({"max_concurent_runs": 1}, "max_concurent_runs", "unknown field"),
    ],
)
def test_what_is_wrong_is_refused_with_its_field_and_what_would_be_right(
    data: dict[str, Any], field: str, words: str
) -> None:
    [(found, message)] = refusals(data)
    assert found == field
    assert words in message


def test_a_list_longer_than_max_payloads_is_refused() -> None:
    [(field, message)] = refusals({"max_payloads": 2}, payloads=3)
    assert (field, "at least 3" in message) == ("max_payloads", True)
    assert parse_job({"key": "task:a", "payload": [{"kind": "noop"}] * 2, "configuration": {"max_payloads": 2}})


def test_a_rate_has_an_interval() -> None:
    assert RateLimit(count=100, period="1m").interval_ms == 600


def test_a_duration_that_was_stored_is_read_back_or_has_its_default() -> None:
    assert duration_ms({"terminate_grace": "2s"}, "terminate_grace", 10_000) == 2000
    assert duration_ms({}, "terminate_grace", 10_000) == 10_000


class TestRequests:
    def test_a_trigger_may_have_an_idempotency_key(self) -> None:
        assert parse_trigger({"idempotency_key": "order-17"}).idempotency_key == "order-17"

    @pytest.mark.parametrize("key", ["", "  ", "x" * 256, 5, "nul\x00"])
    def test_a_key_that_is_none_is_refused(self, key: object) -> None:
        with pytest.raises(ValidationError) as refused:
            parse_trigger({"idempotency_key": key})
        assert [error.field for error in refused.value.errors] == ["idempotency_key"]

    def test_a_rerun_takes_all_on_the_present_definition_unless_it_says_otherwise(self) -> None:
        asked = parse_rerun({})
        assert (asked.which, asked.definition, asked.parameters) == ("all", "present", None)

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"which": "some"}, "which"),
            ({"definition": "old"}, "definition"),
            ({"parameters": []}, "parameters"),
            ({"expected_updated_at": "2026-11-21T12:00:00"}, "expected_updated_at"),
        ],
    )
    def test_a_rerun_that_is_none_is_refused_with_its_field(self, data: object, field: str) -> None:
        with pytest.raises(ValidationError) as refused:
            parse_rerun(data)
        assert [error.field for error in refused.value.errors] == [field]

    def test_a_replay_takes_no_parameters(self) -> None:
        with pytest.raises(ValidationError):
            parse_replay({"parameters": {}})
