"""What a datasource job may say, and what it is told when it says something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.documents import JobDocument, parse_job
from jobs.errors import ValidationError
from workers.payloads.datasource.parameters import DatasourceParameters

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "datasources.yaml"
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "datasource-payload.md"


def document(
    *, source: dict[str, Any] | None = None, destination: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    parameters = {
        "source": {"path": "a.csv"} | (source or {}),
        "destination": {"postgresql": {"database": "default", "table": "t"}} if destination is None else destination,
        **more,
    }
    return {"key": "datasource:test", "payload": [{"kind": "datasource", "parameters": parameters}]}


def refusal(data: dict[str, Any]) -> tuple[str, str]:
    """The one field that is refused, under the payload's parameters, and why."""
    with pytest.raises(ValidationError) as caught:
        parse_job(data)
    (error,) = caught.value.errors
    return error.field.removeprefix("payload.0.parameters."), error.message


def postgresql(**fields: Any) -> dict[str, Any]:
    return document(destination={"postgresql": {"table": "t", "database": "default"} | fields})


def made_up(fields: list[dict[str, Any]]) -> dict[str, Any]:
    return document(source={"path": None, "generate": {"spec": {"name": "people", "fields": fields}, "rows": 3}})


class TestItsFields:
    def test_the_least_that_must_be_said(self) -> None:
        parameters = DatasourceParameters.model_validate(parse_job(document()).payload[0].parameters)
        assert parameters.write == "replace"
        assert parameters.source.resolved_format == "csv"
        assert parameters.destination.postgresql is not None
        assert parameters.destination.postgresql.schema_name == "datasource"

    def test_the_work_goes_to_its_own_queue_and_is_not_batched(self) -> None:
        job = parse_job(document())
        assert job.queue == "datasource"
        assert job.runs_strictly

    @pytest.mark.parametrize(
        ("path", "expected"),
        [("a.CSV", "csv"), ("a.tsv", "csv"), ("a.geojson", "json"), ("a.ndjson", "jsonl"), ("a.parquet", "parquet")],
    )
    def test_the_suffix_tells_the_format(self, path: str, expected: str) -> None:
        parameters = DatasourceParameters.model_validate(document(source={"path": path})["payload"][0]["parameters"])
        assert parameters.source.resolved_format == expected

    def test_a_tsv_file_is_cut_at_tabs(self) -> None:
        parameters = DatasourceParameters.model_validate(document(source={"path": "a.tsv"})["payload"][0]["parameters"])
        assert parameters.source.delimiter == "\t"


class TestSeveralPayloads:
    def payloads(self, *names: str | None) -> dict[str, Any]:
        (payload,) = document()["payload"]
        return {"key": "datasource:test", "payload": [payload | ({"name": name} if name else {}) for name in names]}

    def test_each_has_a_state_of_its_own(self) -> None:
        parse_job(self.payloads("a", None, "b", None, "payload 7"))

    @pytest.mark.parametrize("names", [("a", "b", "a"), (None, "b", "payload 0")])
    def test_two_that_would_share_one_are_refused(self, names: tuple[str | None, ...]) -> None:
        field, words = refusal(self.payloads(*names))
        assert (field, words[:21]) == ("payload.2.name", "expected another name")


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("data", "field", "words"),
        [
            (document(source={"path": "a.dat"}), "source.format", "expected csv, json, jsonl or parquet"),
            (document(source={"path": "a[0-9].csv"}), "source.path", "a pattern has * and ? only"),
            (document(source={"path": "ftp://h/a.csv"}), "source.path", "http://, https:// or s3://"),
            (document(source={"path": "https://u:p@h/a.csv"}), "source.path", "name a secret in auth"),
            (document(source={"rest": {"url": "https://h/"}}), "source", "exactly one of path, sql, rest, generate"),
            (document(source={"auth": {"bearer": {"secret": "T"}}}), "source.auth", "for http URLs and rest only"),
            (document(source={"s3": {}}), "source.s3", "for s3:// paths only"),
            (document(source={"fields": {"a": "b"}, "drop": ["c"]}), "source.drop", "without fields"),
            (document(source={"limit": {"seconds": 5}}), "source", "a file is read whole"),
            (document(source={"records": "features"}), "source.records", "is for json files only; this one is csv"),
            (document(source={"path": "a.json", "csv": {}}), "source.csv", "is for csv files only; this one is json"),
            (document(source={"types": {"a": "varchar2"}}), "source.types.a", "expected one of boolean, integer"),
            (document(source={"types": {"a": "numeric(99)"}}), "source.types.a", "numeric(precision, scale)"),
            (document(source={"csv": {"delimiter": ";;"}}), "source.csv.delimiter", "at most 1 character"),
            (document(source={"csv": {"encoding": "cp1252"}}), "source.csv.encoding", "latin-1"),
            (made_up([]), "source.generate.spec.fields", "at least 1 entry"),
            (made_up([{"name": "a", "type": "thing"}]), "source.generate.spec.fields.0.type", "sequence"),
            (
                made_up([{"name": "a", "type": "reference", "dataset": "b"}]),
                "source.generate.spec",
                "a refers to another dataset",
            ),
            (document(destination={}), "destination", "exactly one of postgresql, duckdb, files and sql"),
            (postgresql(url_secret="A"), "destination.postgresql", "either url_secret"),
            (postgresql(database=None), "destination.postgresql", "either url_secret"),
            (postgresql(table="a.b"), "destination.postgresql.table", "pattern"),
            (postgresql(table="t; DROP TABLE x"), "destination.postgresql.table", "pattern"),
            (postgresql(table="_jobs_loads"), "destination.postgresql.table", "kept for the records of loads"),
            (postgresql(schema="public"), "destination.postgresql.schema", "public holds its own tables"),
            (postgresql(schema="PUBLIC"), "destination.postgresql.schema", "public holds its own tables"),
            (postgresql(schema="pg_catalog"), "destination.postgresql.schema", "belongs to PostgreSQL itself"),
            (postgresql(schema="information_schema"), "destination.postgresql.schema", "belongs to PostgreSQL itself"),
            (
                document(destination={"duckdb": {"path": "a.py", "table": "t"}}),
                "destination.duckdb.path",
                ".duckdb or .db",
            ),
            (document(write="upsert"), "write", "merge"),
            (document(write="merge"), "key", "merge needs the columns"),
            (document(write="append", key=["id"]), "key", "merge only"),
            (document(write="merge", key=["id", "id"]), "key", "named twice"),
            (document(cursor={"column": "at"}), "cursor", "replace loads everything"),
            (document(write="append", cursor={"column": "at", "lag": "1h"}), "cursor", "take write: merge"),
            (document(write="merge", key=["i"], cursor={"column": "a", "lag": -1}), "cursor.lag", "cannot be negative"),
            (document(contract="ignore"), "contract", "discard_row"),
            (document(destination={"files": {"path": "a.csv"}}), "destination.files.format", ".parquet"),
            (document(destination={"files": {"path": "a.jsonl"}}, write="merge", key=["i"]), "write", "merged into"),
            (document(destination={"files": {"path": "a.jsonl"}}, contract="freeze"), "contract", "evolve"),
            (document(memory_limit_mb=1), "memory_limit_mb", "64"),
            (document(sorce={}), "sorce", "unknown field"),
        ],
    )
    def test_the_field_is_named_with_what_would_be_right(self, data: dict[str, Any], field: str, words: str) -> None:
        name, message = refusal(data)
        assert name == field
        assert words in message

    def test_public_is_open_on_somebody_elses_server(self) -> None:
        data = document(destination={"postgresql": {"url_secret": "WAREHOUSE", "schema": "public", "table": "t"}})
        assert isinstance(parse_job(data), JobDocument)

    def test_other_job_types_do_not_have_this_kind(self) -> None:
        with pytest.raises(ValidationError, match=r"payload\.0\.kind"):
            parse_job(document() | {"key": "task:test"})


class TestWhatIsWrittenDown:
    @pytest.mark.parametrize("job", yaml.safe_load(EXAMPLES.read_text()), ids=lambda job: job["key"])
    def test_the_examples_are_valid(self, job: dict[str, Any]) -> None:
        assert parse_job(job).metadata["expect"]["state"] == "succeeded"

    def test_the_reference_shows_valid_parameters(self) -> None:
        blocks = [block.split("```")[0] for block in REFERENCE.read_text().split("```yaml\n")[1:]]
        assert blocks
        for example in map(yaml.safe_load, blocks):
            (payload,) = example.get("payload", [example])
            DatasourceParameters.model_validate(payload["parameters"])
