"""What a generate job may say, and what it is told when it says something else."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.documents import parse_job
from jobs.errors import ValidationError
from workers.generate.job import GenerateJob


def document(*fields: dict[str, Any], dataset: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    made = {"name": "d", "fields": [{"name": "v"} | field for field in fields]} | (dataset or {})
    parameters = {"datasets": [made], **more}
    return {"key": "task:test", "payload": [{"kind": "generate", "parameters": parameters}]}


def refusal(data: dict[str, Any]) -> tuple[str, str]:
    """The one field that is refused, under the payload's parameters, and why."""
    with pytest.raises(ValidationError) as caught:
        parse_job(data)
    (error,) = caught.value.errors
    return error.field.removeprefix("payload.0.parameters").removeprefix("."), error.message


NUMBER = {"type": "integer"}


class TestItsFields:
    def test_the_least_that_must_be_said(self) -> None:
        job = GenerateJob.model_validate(parse_job(document(NUMBER)).payload[0].parameters)
        assert (job.records, job.output, job.format.type, job.seed) == (10, "file", "csv", None)

    def test_the_work_is_not_batched(self) -> None:
        assert parse_job(document(NUMBER)).runs_strictly

    @pytest.mark.parametrize(
        ("field", "wrong", "words"),
        [
            ({"type": "intger"}, "type", "expected one of address, "),
            ({}, "type", "this field is required"),
            ({"type": "integer", "minimum": 2, "maximum": 1}, "maximum", "expected at least minimum, which is 2"),
            ({"type": "integer", "minimum": 200_000}, "maximum", "expected at least minimum, which is 200000"),
            ({"type": "string", "minimum_length": 30}, "maximum_length", "expected at least minimum_length"),
            ({"type": "integer", "minumum": 2}, "minumum", "unknown field"),
            ({"type": "person", "part": "nose"}, "part", "expected one of full_name"),
            ({"type": "regex", "pattern": "("}, "pattern", "this is no regular expression"),
            ({"type": "expression", "expression": "1 +"}, "expression", "the expression cannot be read"),
            ({"type": "sequence", "step": 0}, "step", "use a constant"),
            ({"type": "choice", "values": []}, "values", "expected at least 1 entry"),
            ({"type": "choice", "values": [1], "weights": [1, 2]}, "", "expected 1 weights"),
            ({"type": "choice", "values": [1], "weights": [0]}, "", "at least one weight"),
            ({"type": "datetime", "start": "2026-01-01T00:00:00Z"}, "", "start and end go together"),
            ({"type": "integer", "nullable": True, "primary_key": True}, "primary_key", "a primary key is never null"),
            ({"type": "array", "of": {"name": "x", "type": "reference", "dataset": "d"}}, "of.type", "expected one of"),
            ({"type": "array", "of": {"name": "x", "type": "integer", "unique": True}}, "of", "inside an array"),
            ({"type": "nested", "fields": [{"name": "x", "type": "integer", "nullable": True}]}, "fields", "inside an"),
            ({"type": "address", "part": "latitude", "case": "upper"}, "case", "is no text"),
            ({"type": "number", "maximum": 1.7e308}, "maximum", "expected at most 1e+300"),
            ({"type": "finance", "minimum": -1.7e308}, "minimum", "expected at least -1e+300"),
        ],
    )
    def test_a_wrong_field_is_named_with_what_would_be_right(
        self, field: dict[str, Any], wrong: str, words: str
    ) -> None:
        place, message = refusal(document(field))
        assert place == f"datasets.0.fields.0.{wrong}".rstrip(".")
        assert words in message

    @pytest.mark.parametrize(
        ("dataset", "place", "words"),
        [
            ({"locale": "xx"}, "datasets.0.locale", "expected one of ar-ae"),
            ({"fields": []}, "datasets.0.fields", "expected at least 1 entry"),
            ({"fields": [{"name": "a", **NUMBER}] * 2}, "datasets.0.fields", "two fields have the name 'a'"),
            (
                {"fields": [{"name": name, "primary_key": True, **NUMBER} for name in "ab"]},
                "datasets.0.fields",
                "one primary key at most",
            ),
            (
                {"fields": [{"name": "a b", "type": "expression", "expression": "1"}]},
                "datasets.0.fields",
                "letters, digits and underscores",
            ),
            ({"name": "../x"}, "datasets.0.name", "should match pattern"),
            (
                {"fields": [{"name": "a", "type": "reference", "dataset": "b"}]},
                "",
                "d.a refers to 'b', which is no dataset of this job; there are d",
            ),
            (
                {"fields": [{"name": "a", "type": "reference", "dataset": "d"}]},
                "",
                "none of whose fields is its primary_key",
            ),
        ],
    )
    def test_a_wrong_dataset_is_named_with_what_would_be_right(
        self, dataset: dict[str, Any], place: str, words: str
    ) -> None:
        found, message = refusal(document(NUMBER, dataset=dataset))
        assert found == place
        assert words in message

    def test_datasets_that_refer_to_each_other_in_a_circle_are_refused(self) -> None:
        one, other = (
            {
                "name": name,
                "fields": [{"name": "r", "type": "reference", "dataset": target, "primary_key": True}],
            }
            for name, target in (("a", "b"), ("b", "a"))
        )
        _, message = refusal(document(datasets=[one, other]))
        assert message in (
            "datasets refer to each other in a circle: a -> b -> a",
            "datasets refer to each other in a circle: b -> a -> b",
        )


class TestItsFormat:
    @pytest.mark.parametrize(
        ("more", "place", "words"),
        [
            ({"format": {"type": "tsv"}}, "format.type", "expected one of csv"),
            ({"format": {"type": "csv", "delimiter": '"'}}, "format.delimiter", "pattern"),
            ({"format": {"type": "parquet"}, "output": "screen"}, "format", "it cannot be shown"),
            ({"format": {"type": "avro"}, "flush_each_record": True}, "format", "cannot be flushed"),
            ({"format": {"type": "excel"}, "records": 1_048_576}, "format", "1,048,576 rows"),
            ({"format": {"type": "template", "record": "{{ a"}}, "format.record", "cannot be read"),
        ],
    )
    def test_one_that_does_not_fit_is_refused(self, more: dict[str, Any], place: str, words: str) -> None:
        found, message = refusal(document(NUMBER, **more))
        assert found == place
        assert words in message

    @pytest.mark.parametrize(
        ("kind", "name"), [("xml", "not a name"), ("avro", "not a name"), ("xml", "XmlId"), ("avro", "a-b")]
    )
    def test_one_that_cannot_hold_a_name_is_refused(self, kind: str, name: str) -> None:
        place, message = refusal(document({"name": name, **NUMBER}, format={"type": kind}))
        assert place == "format"
        assert message.startswith(f"d.{name}: ")

    @pytest.mark.parametrize(("kind", "name"), [("xml", "a-b"), ("avro", "xmlid"), ("csv", "not a name")])
    def test_one_that_holds_a_name_is_not(self, kind: str, name: str) -> None:
        assert parse_job(document({"name": name, **NUMBER}, format={"type": kind}))
