"""The job document: what is accepted, what is refused, and in which words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.documents import MAX_ERRORS, Retry, parse_job, parse_trigger, resolve_retry, resolve_timeout_ms
from jobs.errors import ValidationError

NOOP = {"kind": "noop"}


def document(**parts: Any) -> dict[str, Any]:
    return {"key": "task:ping", "payload": [NOOP]} | parts


def refusals(data: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        parse_job(data)
    return [(error.field, error.message) for error in refused.value.errors]


def test_the_document_of_the_issue_is_accepted_and_kept_as_it_was_written() -> None:
    written = {
        "key": "task:ping",
        "description": "says hello",
        "payload": [
            {
                "kind": "noop",
                "name": "first",
                "parameters": {"a": None},
                "retry": {"maximum_attempts": 2},
                "timeout": "600s",
            }
        ],
        "configuration": {
            "retry": {
                "maximum_attempts": 4,
                "initial_interval": "200ms",
                "backoff_coefficient": 2,
                "maximum_interval": "500ms",
            },
            "max_concurrent_requests": 5,
            "priority": 0,
            "strict": True,
        },
        "sinks": [],
        "schedules": [],
        "tags": ["a"],
        "metadata": {"owner": None},
    }
    assert parse_job(written).to_dict() == written


def test_what_is_left_out_has_its_defaults() -> None:
    parsed = parse_job(document())
    assert parsed.configuration.max_concurrent_requests == 5
    assert (parsed.type, parsed.name, parsed.queue, parsed.runs_strictly) == ("task", "ping", "default", False)


def test_strict_overrides_what_the_kinds_say() -> None:
    assert parse_job(document(configuration={"strict": True})).runs_strictly


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ([], "", "expected an object"),
        ({"payload": []}, "key", "this field is required"),
        ({"key": "task:x"}, "payload", "this field is required"),
        (document(key="cron:x"), "key", "expected type:name"),
        (document(key="task:x y"), "key", "expected type:name"),
        (document(key="task:x\n"), "key", "expected type:name"),
        (document(key=5), "key", "expected text"),
        (document(colour="red"), "colour", "unknown field"),
        (document(description="x" * 2001), "description", "expected at most 2000 characters"),
        (document(payload={}), "payload", "expected a list"),
        (document(payload=["x"]), "payload.0", "expected an object"),
        (document(payload=[NOOP, {"kind": "nope"}]), "payload.1.kind", "'nope' is no payload kind"),
        (document(payload=[{"kind": "noop", "retries": 3}]), "payload.0.retries", "unknown field; did you mean retry?"),
        (document(configurations={}), "configurations", "unknown field; did you mean configuration?"),
        (document(payload=[NOOP | {"timeout": "1h 30m"}]), "payload.0.timeout", "such as"),
        (document(payload=[NOOP | {"timeout": 0}]), "payload.0.timeout", "between 1 ms and 7 days"),
        (document(payload=[NOOP | {"timeout": True}]), "payload.0.timeout", "expected milliseconds"),
        (
            document(configuration={"retry": {"initial_interval": "1h 30m"}}),
            "configuration.retry.initial_interval",
            "is not a duration",
        ),
        (
            document(configuration={"retry": {"initial_interval": -1}}),
            "configuration.retry.initial_interval",
            "negative",
        ),
        (
            document(configuration={"retry": {"maximum_attempts": 0}}),
            "configuration.retry.maximum_attempts",
            "at least 1",
        ),
        (
            document(configuration={"retry": {"maximum_attempts": "3"}}),
            "configuration.retry.maximum_attempts",
            "a whole number",
        ),
        (
            document(configuration={"retry": {"backoff_coefficient": 0.5}}),
            "configuration.retry.backoff_coefficient",
            "at least 1",
        ),
        (
            document(configuration={"max_concurrent_requests": 1001}),
            "configuration.max_concurrent_requests",
            "at most 1000",
        ),
        (
            document(configuration={"max_concurrent_requests": True}),
            "configuration.max_concurrent_requests",
            "a whole number",
        ),
        (document(configuration={"strict": "yes"}), "configuration.strict", "true or false"),
        (document(configuration=None), "configuration", "expected an object"),
        (document(tags=[""]), "tags.0", "at least 1"),
        (document(metadata=[]), "metadata", "expected an object"),
        (document(sinks=[{"kind": "webhook"}]), "sinks.0.configuration", "exactly one of url, url_secret"),
        (document(sinks=[{"kind": "file"}]), "sinks.0.configuration.path", "required"),
        (document(schedules=[{"triggers": []}]), "schedules.0.triggers", "at least 1 entry"),
        (document(metadata={"a": ["x", "nul \x00"]}), "metadata.a.1", "cannot be stored"),
        (document(metadata={"half": "\ud800"}), "metadata.half", "cannot be stored"),
        (document(metadata={"\ud800": 1}), "metadata", "a name holds a character"),
        (document(metadata={"n": float("nan")}), "metadata.n", "a finite number"),
        (document(metadata={"n": float("inf")}), "metadata.n", "a finite number"),
        (document(metadata={"n": 10**1000}), "metadata.n", "at most 1000 digits"),
        (document(metadata={"day": dt.date(2026, 1, 1)}), "metadata.day", "not a date"),
        (document(metadata={"a": {1: "x"}}), "metadata.a", "the name 1 must be text"),
    ],
)
def test_what_is_wrong_is_refused_with_its_field_and_what_would_be_right(data: object, field: str, words: str) -> None:
    [(found, message)] = refusals(data)
    assert found == field
    assert words in message


def test_every_mistake_is_told_at_once_in_the_order_of_the_document() -> None:
    broken = document(key="x", payload=[{"kind": "nope"}, NOOP, {"kind": "nope"}], sinks=[{}])
    assert [field for field, _ in refusals(broken)] == ["key", "payload.0.kind", "payload.2.kind", "sinks.0.kind"]


def test_also_where_some_have_the_wrong_shape_and_others_the_wrong_content() -> None:
    items = [{"kind": "nope"}, {"kind": 7}, {"kind": "http", "parameters": {"url": "ftp://x"}}, NOOP]
    broken = document(key="task:a b", payload=items, tags="x", configuration={"timeout": "soon"}, odd=1)
    assert [field for field, _ in refusals(broken)] == [
        "key",
        "payload.0.kind",
        "payload.1.kind",
        "payload.2.parameters.url",
        "configuration.timeout",
        "tags",
        "odd",
    ]


def test_nesting_without_end_is_refused_and_does_not_exhaust_the_stack() -> None:
    deep: list[Any] = []
    for _ in range(50_000):
        deep = [deep]
    [(field, message)] = refusals(document(metadata={"deep": deep}))
    assert field.startswith("metadata.deep")
    assert "nested too deeply" in message


def test_a_field_with_a_long_number_in_its_name_is_refused_like_any_other() -> None:
    name = "payload." + "9" * 5000
    assert [field for field, _ in refusals(document(**{name: 1}))] == [name]


def test_more_wrong_shapes_than_are_told_are_counted_whatever_else_is_wrong() -> None:
    errors = refusals(document(key="x", payload=[{"kind": 7}] * 1000))
    assert (len(errors), errors[-1]) == (MAX_ERRORS + 1, ("", "900 more problems are not shown"))


def test_a_thousand_equal_mistakes_are_told_a_hundred_times_and_counted() -> None:
    errors = refusals(document(payload=[{"kind": "nope"}] * 1000))
    assert len(errors) == MAX_ERRORS + 1
    assert errors[-1] == ("", "900 more problems are not shown")


class TestResolveRetry:
    def test_without_any_policy_there_are_three_attempts_without_delay(self) -> None:
        policy = resolve_retry(job=None, payload=None)
        assert (policy.maximum_attempts, policy.wait_ms(attempts_made=1), policy.wait_ms(attempts_made=2)) == (3, 0, 0)

    def test_a_payloads_own_fields_win_one_by_one(self) -> None:
        job = {
            "maximum_attempts": 4,
            "initial_interval": "200ms",
            "backoff_coefficient": 2,
            "maximum_interval": "500ms",
        }
        policy = resolve_retry(job=job, payload=Retry(maximum_attempts=2))
        assert policy.maximum_attempts == 2
        assert [policy.wait_ms(attempts_made=made) for made in (1, 2, 3)] == [200, 400, 500]


@pytest.mark.parametrize(
    ("payload", "job", "expected"), [("2s", "3s", 2000), (None, "3s", 3000), (None, None, 600_000)]
)
def test_a_payloads_timeout_wins_over_its_jobs_over_ten_minutes(payload: object, job: object, expected: float) -> None:
    assert resolve_timeout_ms(job=job, payload=payload) == expected


class TestParseTrigger:
    def test_nothing_need_be_said(self) -> None:
        assert parse_trigger({}).parameters == {}

    @pytest.mark.parametrize(
        ("data", "field"),
        [({"parameter": {}}, "parameter"), ({"parameters": []}, "parameters"), ({"comment": 1}, "comment"), (1, "")],
    )
    def test_anything_else_is_refused_with_its_field(self, data: object, field: str) -> None:
        with pytest.raises(ValidationError) as refused:
            parse_trigger(data)
        assert [error.field for error in refused.value.errors] == [field]
