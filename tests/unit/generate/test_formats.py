"""Every format, read back by somebody else's reader."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import fastavro
import pyarrow.parquet
import pytest
from pydantic import TypeAdapter
from python_calamine import CalamineWorkbook

from jobs.errors import PermanentError
from tests.unit.generate.making import blocks, dataset, rows
from workers.generate.block import Block
from workers.generate.formats.opening import open_writer
from workers.generate.formats.options import AnyFormat
from workers.generate.layout import layout_of
from workers.generate.outputs import to_memory
from workers.generate.spec import Dataset

NASTY = "It's \"1\"; DROP--\n<a b='c'>&amp; ]]> \\' é 😀 =1+1"
EVERYTHING: list[dict[str, Any]] = [
    {"name": "id", "type": "sequence", "attribute": True},
    {"name": "text", "type": "choice", "values": [NASTY, "plain"], "nullable": True},
    {"name": "number", "type": "number"},
    {"name": "exact", "type": "decimal"},
    {"name": "flag", "type": "boolean"},
    {"name": "raw", "type": "bytes", "length": 5},
    {"name": "day", "type": "datetime", "part": "date"},
    {"name": "hour", "type": "datetime", "part": "time"},
    {"name": "moment", "type": "datetime", "nullable": True},
    {"name": "list", "type": "array", "of": {"name": "x", "type": "integer"}, "minimum_length": 0},
    {
        "name": "object",
        "type": "nested",
        "fields": [
            {"name": "a", "type": "constant", "value": NASTY},
            {"name": "b", "type": "array", "of": {"name": "y", "type": "datetime", "part": "date"}},
        ],
    },
]
Written = Callable[..., bytes]


def written(made: Dataset, count: int = 30, *, only: list[Block] | None = None, **options: Any) -> bytes:
    chosen = TypeAdapter(AnyFormat).validate_python(options)
    output, kept = to_memory(limit_bytes=10**8)
    writer = open_writer(options=chosen, stream=output, layout=layout_of(made, {}))
    try:
        for block in blocks(made, count) if only is None else only:
            writer.write(block)
    finally:
        writer.close()
    output.flush()
    return kept.getvalue()


@pytest.fixture
def everything() -> Dataset:
    return dataset(*EVERYTHING, null_percent=30)


@pytest.fixture
def records(everything: Dataset) -> list[dict[str, Any]]:
    """Thirty records of `everything`."""
    names = [field.name for field in everything.fields]
    return [dict(zip(names, row, strict=True)) for row in rows(everything, 30)]


def as_text(value: Any) -> str:
    """As formats that are text spell it, written down once more."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case bytes():
            return base64.b64encode(value).decode()
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


ALL = ["csv", "jsonl", "xml", "sql", "avro", "parquet", "excel", "template"]


@pytest.mark.parametrize("kind", ALL)
class TestEveryFormat:
    def test_writes_the_same_bytes_for_the_same_records(self, kind: str, everything: Dataset) -> None:
        options: dict[str, Any] = {"type": kind} | ({"record": "{{ id }}"} if kind == "template" else {})
        assert written(everything, **options) == written(everything, **options)

    def test_writes_a_whole_file_when_there_are_no_records(self, kind: str, everything: Dataset) -> None:
        options: dict[str, Any] = {"type": kind} | ({"record": "{{ id }}"} if kind == "template" else {})
        assert isinstance(written(everything, 0, **options), bytes)


class TestCsv:
    def test_reads_back(self, everything: Dataset, records: list[dict[str, Any]]) -> None:
        read = list(csv.DictReader(io.StringIO(written(everything, type="csv").decode(), newline="")))
        assert read == [{name: as_text(value) for name, value in record.items()} for record in records]

    def test_has_its_dialect(self) -> None:
        made = dataset({"name": "a", "type": "constant", "value": None}, {"name": "b", "type": "constant", "value": 1})
        options: dict[str, Any] = {
            "delimiter": ";",
            "quote_all": True,
            "header": False,
            "null_text": "-",
            "line_end": "\r\n",
        }
        assert written(made, 2, type="csv", **options) == b'"-";"1"\r\n"-";"1"\r\n'

    def test_a_field_s_own_null_text_wins(self) -> None:
        made = dataset({"type": "constant", "value": None, "null_text": "none"})
        assert written(made, 1, type="csv", null_text="-") == b"v\nnone\n"

    def test_has_one_mark_of_its_encoding(self) -> None:
        made = dataset({"type": "constant", "value": "é"})
        assert written(made, 1500, type="csv", encoding="utf-16").decode("utf-16") == "v\n" + "é\n" * 1500

    def test_what_an_encoding_cannot_write_is_replaced(self) -> None:
        made = dataset({"type": "constant", "value": "\N{EURO SIGN}"})
        assert written(made, 1, type="csv", encoding="latin-1") == b"v\n?\n"


class TestJsonLines:
    def test_reads_back(self, everything: Dataset, records: list[dict[str, Any]]) -> None:
        read = [json.loads(line) for line in written(everything, type="jsonl").decode().splitlines()]
        for found, record in zip(read, records, strict=True):
            assert found["text"] == record["text"]
            assert found["flag"] is record["flag"]
            assert found["list"] == record["list"]
            assert found["object"]["a"] == NASTY
            assert found["object"]["b"] == [day.isoformat() for day in record["object"]["b"]]
            assert Decimal(found["exact"]) == record["exact"]


class TestXml:
    def test_reads_back(self, everything: Dataset, records: list[dict[str, Any]]) -> None:
        root = ElementTree.fromstring(written(everything, type="xml", root="r", record="one", pretty=True))
        assert root.tag == "r"
        for found, record in zip(root.findall("one"), records, strict=True):
            assert found.attrib == {"id": str(record["id"])}
            assert found.findtext("text") == record["text"]
            assert [element.text for element in found.findall("list")] == [str(number) for number in record["list"]]
            assert found.findtext("object/a") == NASTY
            assert [element.text for element in found.findall("object/b")] == [
                day.isoformat() for day in record["object"]["b"]
            ]

    def test_what_xml_cannot_hold_is_replaced(self) -> None:
        made = dataset({"type": "constant", "value": "a\x00b"})
        assert (
            ElementTree.fromstring(written(made, 1, type="xml")).findtext("record/v") == "a\N{REPLACEMENT CHARACTER}b"
        )


class TestSql:
    def test_another_database_runs_it(self, everything: Dataset, records: list[dict[str, Any]]) -> None:
        script = written(
            everything, type="sql", dialect="sqlite", create_table=True, rows_per_insert=7, table='t"x'
        ).decode()
        assert script.count("INSERT INTO") == 5
        connection = sqlite3.connect(":memory:")
        connection.executescript(script)
        read = connection.execute('SELECT id, text, flag, raw, object FROM "t""x" ORDER BY id').fetchall()
        connection.close()
        expected = [
            (one["id"], one["text"], int(one["flag"]), one["raw"], as_text(one["object"]).replace("\x00", ""))
            for one in records
        ]
        assert read == expected

    @pytest.mark.parametrize(
        ("dialect", "expected"),
        [
            ("ansi", """("a'b\\", TRUE, X'ff')"""),
            ("postgresql", """("a'b\\", TRUE, '\\xff')"""),
            ("mysql", """("a'b\\\\", TRUE, X'ff')"""),
            ("sqlserver", """(N"a'b\\", 1, 0xff)"""),
        ],
    )
    def test_literals_are_the_dialect_s(self, dialect: str, expected: str) -> None:
        made = dataset(*({"name": name, "type": "constant", "value": None} for name in "abc"))
        block = Block(0, 1, [["a'b\\"], [True], [b"\xff"]])
        script = written(made, only=[block], type="sql", dialect=dialect).decode()
        assert expected.replace("\"a'b", "'a''b").replace('"', "'") in script

    def test_names_are_quoted_as_the_dialect_does(self) -> None:
        made = dataset({"name": "a`]", "type": "sequence"})
        assert "`a``]`" in written(made, 1, type="sql", dialect="mysql").decode()
        assert "[a`]]]" in written(made, 1, type="sql", dialect="sqlserver").decode()


class TestAvro:
    def test_reads_back(self, everything: Dataset, records: list[dict[str, Any]]) -> None:
        assert list(fastavro.reader(io.BytesIO(written(everything, type="avro", codec="xz")))) == records

    def test_objects_in_two_places_are_two_types(self) -> None:
        inner = {"type": "nested", "fields": [{"name": "x", "type": "integer"}]}
        made = dataset(
            {"name": "a", **inner}, {"name": "b", **inner}, {"name": "c", "type": "array", "of": {"name": "d", **inner}}
        )
        assert len(list(fastavro.reader(io.BytesIO(written(made, 3, type="avro"))))) == 3


class TestParquet:
    def test_reads_back(self, everything: Dataset, records: list[dict[str, Any]]) -> None:
        table = pyarrow.parquet.read_table(io.BytesIO(written(everything, type="parquet", codec="zstd")))
        assert table.to_pylist() == records

    def test_has_row_groups_of_the_size_asked_for(self) -> None:
        made = dataset({"type": "sequence"})
        file = pyarrow.parquet.ParquetFile(io.BytesIO(written(made, 2500, type="parquet", rows_per_group=1000)))
        assert [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)] == [1000, 1000, 500]


class TestExcel:
    def test_reads_back(self, everything: Dataset, records: list[dict[str, Any]]) -> None:
        book = CalamineWorkbook.from_filelike(io.BytesIO(written(everything, type="excel")))
        header, *found = book.get_sheet_by_index(0).to_python()
        assert header == list(records[0])
        for row, record in zip(found, records, strict=True):
            named = dict(zip(header, row, strict=True))
            assert named["text"] == (record["text"] or "")
            assert named["flag"] is record["flag"]
            assert named["day"] == record["day"]
            assert named["moment"] == (record["moment"].replace(tzinfo=None) if record["moment"] else "")
            assert named["number"] == pytest.approx(record["number"])

    def test_what_looks_like_a_formula_or_a_link_is_text(self) -> None:
        made = dataset({"type": "choice", "values": ["=1+1", "https://example.org"]})
        data = written(made, 20, type="excel")
        cells = {
            cell
            for row in CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
            for cell in row
        }
        assert cells == {"v", "=1+1", "https://example.org"}

    def test_a_number_with_more_digits_than_excel_has_is_text(self) -> None:
        made = dataset({"type": "constant", "value": 2**62})
        (row,) = (
            CalamineWorkbook.from_filelike(io.BytesIO(written(made, 1, type="excel", header=False)))
            .get_sheet_by_index(0)
            .to_python()
        )
        assert row == [str(2**62)]

    def test_a_day_before_those_that_excel_has_is_text(self) -> None:
        made = dataset({"type": "datetime", "part": "date", "start": "1850-01-01", "end": "1850-01-02"})
        book = CalamineWorkbook.from_filelike(io.BytesIO(written(made, 1, type="excel", header=False)))
        assert book.get_sheet_by_index(0).to_python() == [["1850-01-01"]]

    def test_a_text_that_no_cell_holds_is_refused(self) -> None:
        made = dataset({"type": "expression", "expression": "'x'"})
        with pytest.raises(PermanentError, match="32,767"):
            written(made, only=[Block(0, 1, [["x" * 32_768]])], type="excel")


class TestTemplate:
    def test_has_its_head_a_text_for_each_record_and_its_foot(self) -> None:
        made = dataset({"name": "n", "type": "sequence", "start": 5}, {"name": "b", "type": "constant", "value": True})
        options: dict[str, Any] = {"head": "begin\n", "record": "{{ number }}: {{ n }} {{ b }}\n", "foot": "end"}
        assert written(made, 2, type="template", **options).decode() == "begin\n1: 5 true\n2: 6 true\nend"

    def test_that_names_what_is_not_there_fails(self) -> None:
        with pytest.raises(PermanentError, match=r"format\.record: "):
            written(dataset({"type": "sequence"}), 1, type="template", record="{{ other }}")
