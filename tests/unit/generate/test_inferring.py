"""Datasets from samples."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from jobs.errors import PermanentError
from tests.unit.generate.making import blocks, dataset, rows
from workers.generate.formats.opening import open_writer
from workers.generate.formats.options import AnyFormat
from workers.generate.infer import FORMATS, infer_dataset, read_sample
from workers.generate.infer.by_value import field_by_values
from workers.generate.layout import layout_of
from workers.generate.outputs import to_file
from workers.generate.spec import Dataset

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "data"


def inferred(*records: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields by name, without their names."""
    fields = infer_dataset(records=records)["fields"]
    return {field["name"]: {key: value for key, value in field.items() if key != "name"} for field in fields}


class TestByName:
    @pytest.mark.parametrize(
        ("name", "value", "kind", "part"),
        [
            ("E-Mail", "x", "person", "email"),
            ("firstName", "x", "person", "first_name"),
            ("billing_post_code", "01234", "address", "postal_code"),
            ("ZIP", 12345, "address", "postal_code"),
            ("lat", 1.5, "address", "latitude"),
            ("Company", "x", "company", "name"),
            ("country_code", "x", "address", "country_code"),
            ("name", "x", "person", "full_name"),
        ],
    )
    def test_a_name_says_what_a_field_is(self, name: str, value: Any, kind: str, part: str) -> None:
        assert inferred({name: value})[name] == {"type": kind, "part": part}

    def test_values_of_another_kind_object(self) -> None:
        assert inferred({"city": 17, "lat": "north"})["city"]["type"] == "integer"
        assert inferred({"city": 17, "lat": "north"})["lat"]["type"] == "string"


class TestByValue:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([], {"type": "text", "part": "word"}),
            (["3", "-4"], {"type": "integer", "minimum": -4, "maximum": 3}),
            (["007", "008"], {"type": "string", "minimum_length": 3, "maximum_length": 3}),
            ([1.5, 2], {"type": "number", "minimum": 1.5, "maximum": 2.0, "digits": 1}),
            ([Decimal("1.25")], {"type": "number", "minimum": 1.25, "maximum": 1.25, "digits": 2}),
            (["nan"], {"type": "string", "minimum_length": 3, "maximum_length": 3}),
            ([True, False, "true", "TRUE"], {"type": "boolean", "true_percent": 75.0}),
            ([b"ab", b"c"], {"type": "bytes", "length": 2}),
            (["ab@c.de"], {"type": "person", "part": "email"}),
            (["https://a.b/"], {"type": "network", "part": "url"}),
            (["::1"], {"type": "network", "part": "ipv6"}),
            (["9d5ed678-fe57-4bdd-b4d6-1b1f3c2d9e55"], {"type": "identity", "part": "uuid"}),
            (["a b c", "d e f"], {"type": "text", "part": "word", "count": 3}),
            (["a"] * 5 + ["b"] * 3, {"type": "choice", "values": ["a", "b"], "weights": [5, 3]}),
        ],
    )
    def test_values_say_what_a_field_is(self, values: list[Any], expected: dict[str, Any]) -> None:
        assert field_by_values(values) == expected

    def test_days_and_moments_are_told_apart(self) -> None:
        day = field_by_values(["2026-01-01", dt.date(2026, 1, 5)])
        assert (day["part"], day["start"], day["end"]) == (
            "date",
            "2026-01-01T00:00:00+00:00",
            "2026-01-06T00:00:00+00:00",
        )
        assert field_by_values(["2026-01-01T10:00:00+01:00"])["start"] == "2026-01-01T09:00:00+00:00"

    def test_lists_and_objects_have_fields_of_their_own(self) -> None:
        found = field_by_values([{"a": [1, 2]}, {"a": [], "b": "x"}])
        assert found["fields"][0] == {
            "name": "a",
            "type": "array",
            "of": {"name": "element", "type": "integer", "minimum": 1, "maximum": 2},
            "minimum_length": 0,
            "maximum_length": 2,
        }
        assert found["fields"][1]["type"] == "string"


class TestTheDataset:
    def test_has_a_primary_key_where_a_name_says_so(self) -> None:
        fields = inferred({"order_id": 7, "customer_id": 1}, {"order_id": 8, "customer_id": 1})
        assert fields["order_id"] == {"type": "sequence", "start": 7, "primary_key": True}
        assert "primary_key" not in fields["customer_id"]

    def test_has_none_where_a_value_comes_twice(self) -> None:
        assert "primary_key" not in inferred({"id": 7}, {"id": 7})["id"]

    def test_has_nulls_as_often_as_the_sample(self) -> None:
        found = infer_dataset(records=[{"a": "1", "b": "1"}, {"a": "", "b": "2"}, {"b": "3"}, {"a": "4", "b": "4"}])
        assert found["null_percent"] == 50.0
        assert [field.get("nullable", False) for field in found["fields"]] == [True, False]

    @pytest.mark.parametrize("file", ["flights.csv", "seattle-weather.csv", "earthquakes.json"])
    def test_of_real_data_makes_records(self, file: str) -> None:
        found = infer_dataset(records=read_sample(path=EXAMPLES / file), name="real")
        assert len(rows(Dataset.model_validate(found), 20)) == 20


class TestReading:
    MADE = (
        {"name": "id", "type": "sequence", "primary_key": True},
        {"name": "amount", "type": "number", "digits": 2},
        {"name": "day", "type": "datetime", "part": "date"},
        {"name": "colour", "type": "choice", "values": ["red", "green"]},
        {"name": "flag", "type": "boolean"},
    )
    SUFFIX = {"excel": "xlsx"}

    @pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "json"])
    def test_what_was_made_from_a_dataset_leads_back_to_it(self, kind: str, tmp_path: Path) -> None:
        made = dataset(*self.MADE)
        path = tmp_path / f"sample.{self.SUFFIX.get(kind, kind)}"
        output = to_file(path, buffer_bytes=8192, limit_bytes=10**7)
        options = TypeAdapter(AnyFormat).validate_python({"type": kind})
        writer = open_writer(options=options, stream=output, layout=layout_of(made, {}))
        for block in blocks(made, 200):
            writer.write(block)
        writer.close()
        output.finish()
        found = infer_dataset(records=read_sample(path=path))
        assert [field["type"] for field in found["fields"]] == [field["type"] for field in self.MADE]
        assert found["fields"][0]["primary_key"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [('[{"a": 1}]', [{"a": 1}]), ('{"meta": 1, "rows": [{"a": 1}]}', [{"a": 1}]), ('{"a": 1}', [{"a": 1}])],
    )
    def test_json_has_its_records_in_a_list_or_is_one(self, text: str, expected: object, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text(text)
        assert read_sample(path=tmp_path / "a.json") == expected

    def test_csv_may_have_another_delimiter(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("a;b\n1;2\n3;4\n")
        assert read_sample(path=tmp_path / "a.csv") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]

    def test_only_the_first_records_are_taken(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text('{"a": 1}\n' * 5)
        assert len(read_sample(path=tmp_path / "a.jsonl", records=3)) == 3

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("a.jsonl", "[1]", "expected one object a line"),
            ("a.json", "[1]", "expected a list of objects"),
            ("a.json", "{", "cannot be read as json"),
            ("a.parquet", "nonsense", "cannot be read as parquet"),
            ("a.avro", "nonsense", "cannot be read as avro"),
            ("a.xlsx", "nonsense", "cannot be read as excel"),
            ("a.xml", "<!DOCTYPE x [<!ENTITY y 'z'>]><x/>", "a document type is not read"),
            ("a.csv", "a,b\n", "has no records"),
            ("a.txt", "a", "cannot tell the format"),
        ],
    )
    def test_what_cannot_be_read_is_refused(self, name: str, content: str, words: str, tmp_path: Path) -> None:
        (tmp_path / name).write_text(content)
        with pytest.raises(PermanentError, match=words):
            read_sample(path=tmp_path / name)
