"""What is told of a sink's document that is refused."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.documents import parse_job
from jobs.errors import ValidationError
from sinks.documents import parse_entry, parse_sink


def errors_of(document: dict[str, Any]) -> dict[str, str]:
    """What is wrong with a job's document, by field."""
    with pytest.raises(ValidationError) as caught:
        parse_job(document)
    return dict(caught.value.errors)


def job(*payload: dict[str, Any], sinks: list[dict[str, Any]], **configuration: Any) -> dict[str, Any]:
    return {"key": "task:totals", "payload": list(payload), "sinks": sinks, "configuration": configuration}


TOTALS = {"kind": "noop", "name": "totals"}
MISSPELLED = [{"kind": "log", "apis_to_send": ["totals", "total"]}]


class TestGaps:
    @pytest.mark.parametrize(
        ("kind", "configuration", "field"),
        [
            ("http", {"url": "https://example.com/{{ run"}, "url"),
            ("http", {"url": "https://example.com/", "query": {"run": "{{ run }} {{ name"}}, "query.run"),
            ("http", {"url": "https://example.com/", "content": "template", "template": {"a": "{{ run"}}, "template"),
            ("kafka", {"brokers": ["k:9092"], "topic": "t", "key": "{{ job"}, "key"),
            ("kafka", {"brokers": ["k:9092"], "topic": "t", "headers": {"state": "{{ state }"}}, "headers.state"),
            ("log", {"prefix": "{{ job }}: {{name"}, "prefix"),
        ],
    )
    def test_one_that_is_never_closed_is_refused_at_its_field(
        self, kind: str, configuration: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(ValidationError) as caught:
            parse_sink({"name": "lake", "kind": kind, "configuration": configuration})
        [error] = caught.value.errors
        assert error.field == f"configuration.{field}"
        assert "a gap that is opened must be closed" in error.message

    def test_those_that_are_closed_are_taken_and_so_is_a_closing_that_closes_nothing(self) -> None:
        prefix = "{{ job }} {{ name }} }} {"
        assert parse_entry({"kind": "log", "configuration": {"prefix": prefix}}).key == "log"


class TestPayloadsToSend:
    def test_a_name_that_no_payload_has_is_refused(self) -> None:
        found = errors_of(job(TOTALS, {"kind": "noop"}, sinks=MISSPELLED))
        assert found == {"sinks.0.apis_to_send.1": "no payload of this job is named 'total'; there are totals"}

    @pytest.mark.parametrize(
        ("payload", "configuration"),
        [
            ([], {}),
            ([TOTALS], {"max_payloads": 100}),
            ([{"kind": "http", "name": "a", "parameters": {"url": "https://example.com", "extend": True}}], {}),
        ],
    )
    def test_where_others_may_be_added_any_name_is_taken(
        self, payload: list[dict[str, Any]], configuration: dict[str, Any]
    ) -> None:
        assert parse_job(job(*payload, sinks=MISSPELLED, **configuration)).sinks == MISSPELLED

    def test_a_call_that_adds_nothing_leaves_the_names_known(self) -> None:
        call = {"kind": "http", "name": "a", "parameters": {"url": "https://example.com"}}
        assert "sinks.0.apis_to_send.0" in errors_of(job(call, sinks=MISSPELLED))


class TestUnknownFields:
    @pytest.mark.parametrize(
        ("entry", "field", "there_are"),
        [
            ({"colour": "red"}, "colour", "name, kind, configuration, sink, deliver, batch"),
            ({"retry": {"atempts": 3}}, "retry.atempts", "initial_interval, maximum_interval, backoff_coefficient"),
            ({"configuration": {"colour": ""}}, "configuration.colour", "prefix, level"),
        ],
    )
    def test_the_fields_that_there_are_are_named(self, entry: dict[str, Any], field: str, there_are: str) -> None:
        with pytest.raises(ValidationError) as caught:
            parse_entry({"kind": "log"} | entry)
        [error] = caught.value.errors
        assert (error.field, error.message.startswith(f"unknown field; there are {there_are}")) == (field, True)

    def test_within_a_part_of_a_configuration_those_of_the_part(self) -> None:
        with pytest.raises(ValidationError) as caught:
            parse_entry({"kind": "webhook", "configuration": {"url": "https://example.com", "tls": {"verfy": False}}})
        assert caught.value.errors == [("configuration.tls.verfy", "unknown field; did you mean verify?")]

    def test_a_jobs_own_data_has_its_place_still(self) -> None:
        assert "under metadata" in errors_of(job(TOTALS, sinks=[]) | {"colour": "red"})["colour"]


class TestAllAtOnce:
    def test_of_a_named_sink(self) -> None:
        with pytest.raises(ValidationError) as caught:
            parse_sink({"name": "no good", "kind": "log", "colour": "red", "configuration": {"level": "loud"}})
        assert {each.field for each in caught.value.errors} == {"name", "colour", "configuration.level"}

    def test_of_an_entry(self) -> None:
        found = errors_of(
            job(
                TOTALS, sinks=[{"kind": "teleport", "batch": 0}, {"kind": "log", "batch": 0, "configuration": {"x": 1}}]
            )
        )
        assert {*found} == {"sinks.0.batch", "sinks.0.kind", "sinks.1.batch", "sinks.1.configuration.x"}

    def test_nothing_is_said_twice(self) -> None:
        with pytest.raises(ValidationError) as caught:
            parse_sink({"name": "lake", "kind": 3, "configuration": "none"})
        assert sorted(each.field for each in caught.value.errors) == ["configuration", "kind"]


class TestWords:
    @pytest.mark.parametrize(
        ("configuration", "field"),
        [
            ({"bucket": "a bucket"}, "bucket"),
            ({"bucket": "b", "storage_class": "cold"}, "storage_class"),
            ({"bucket": "bucket", "role_arn": "role"}, "role_arn"),
            ({"bucket": "bucket", "tags": {"team": "a&b"}}, "tags.team"),
        ],
    )
    def test_what_a_text_must_look_like_is_said_in_words(self, configuration: dict[str, Any], field: str) -> None:
        with pytest.raises(ValidationError) as caught:
            parse_sink({"name": "lake", "kind": "s3", "configuration": configuration})
        message = dict(caught.value.errors)[f"configuration.{field}"]
        assert message.startswith("expected")
        assert "^" not in message
