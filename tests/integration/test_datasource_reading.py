"""Every format arrives as it is written, in PostgreSQL and in DuckDB."""

# ruff: noqa: PLR0917 - a test's parameters are its fixtures, and come by name

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from django.db import connections

from jobs.errors import PermanentError
from workers.ingest import engine
from workers.ingest.load import run
from workers.ingest.spec import CsvDialect, LoadSpec, Source, Target
from workers.payloads.datasource.connections import own

Load = Callable[..., dict[str, Any]]


class Quiet:
    """A channel to nobody."""

    def log(self, level: str, message: str) -> None: ...
    def progress(self, **known: Any) -> None: ...


@pytest.fixture
def conninfo(db: None) -> str:
    return own(connections["default"].settings_dict, allowed=True)


@pytest.fixture
def schema(conninfo: str) -> Iterator[str]:
    name = f"reading_{uuid.uuid4().hex[:8]}"
    yield name
    with psycopg.connect(conninfo) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


@pytest.fixture
def load(conninfo: str, schema: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a file into ``t`` of the test's schema, in this process."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    target = Target(kind="postgresql", table="t", schema=schema, conninfo=conninfo)

    def loading(
        path: Path, format: str, *, target: Target = target, write: str = "replace", key: str = "k", **source: Any
    ) -> Any:
        spec = LoadSpec(
            source=Source(path=str(path), format=format, **source), target=target, write=write, load_key=key
        )
        return run(spec=spec.to_json(), channel=Quiet())  # type: ignore[arg-type]

    return loading


@pytest.fixture
def rows(conninfo: str, schema: str) -> Callable[..., list[Any]]:
    def reading(order: str = "1") -> list[Any]:
        with psycopg.connect(conninfo) as connection:
            return connection.execute(f"SELECT * FROM {schema}.t ORDER BY {order}").fetchall()

    return reading


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str], Path]:
    def writing(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return writing


class TestCsv:
    def test_types_are_inferred(self, load: Load, rows: Any, file: Any) -> None:
        text = "day,at,n,x,ok,zip\n2020-01-02,2020-01-02 03:04:05.678,1,1.5,true,01234\n,,,,,\n"
        result = load(file("a.csv", text), "csv")
        expected = {
            "day": "date",
            "at": "timestamp",
            "n": "bigint",
            "x": "double precision",
            "ok": "boolean",
            "zip": "text",
        }
        assert result["columns"] == expected
        assert rows() == [
            (dt.date(2020, 1, 2), dt.datetime(2020, 1, 2, 3, 4, 5, 678000), 1, 1.5, True, "01234"),  # noqa: DTZ001
            (None,) * 6,
        ]

    def test_nothing_is_null_and_an_empty_text_is_not(self, load: Load, rows: Any, file: Any) -> None:
        load(file("a.csv", 'n,a,b\n1,"",\n2,,""\n'), "csv")
        assert rows() == [(1, "", None), (2, None, "")]

    def test_text_arrives_letter_by_letter(self, load: Load, rows: Any, file: Any) -> None:
        awkward = [
            'a "quoted" word',
            "comma, comma",
            "two\nlines",
            "\\N",
            "\\.",
            "tab\there",
            " spaces ",
            "é 漢 🎈",
            "\\\\x",
            "'",
        ]
        lines = "".join('{},"{}"\n'.format(n, text.replace('"', '""')) for n, text in enumerate(awkward))
        load(file("a.csv", "n,text\n" + lines), "csv")
        assert [row[1] for row in rows()] == awkward

    def test_a_first_column_of_text_that_looks_like_the_end_of_data(self, load: Load, rows: Any, file: Any) -> None:
        load(file("a.csv", 'text\n"\\."\n"x\n\\.\ny"\nlast\n'), "csv")
        assert sorted(row[0] for row in rows()) == ["\\.", "last", "x\n\\.\ny"]

    def test_the_dialect_is_what_the_job_says(self, load: Load, rows: Any, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes("1;'caf\xe9; bar';n/a\r\n".encode("latin-1"))
        dialect = CsvDialect(delimiter=";", quote="'", header=False, null="n/a", encoding="latin-1")
        load(tmp_path / "a.csv", "csv", csv=dialect)
        assert rows() == [(1, "café; bar", None)]

    @pytest.mark.parametrize(
        ("dialect", "text", "expected"),
        [
            (CsvDialect(skip=2), "a report\nof, today\nid,n\n1,2\n", (1, 2)),
            (CsvDialect(escape="\\"), 'id,n\n1,"a \\"b\\" c"\n', (1, 'a "b" c')),
            (CsvDialect(quote=""), 'id,n\n1,6" pipe\n', (1, '6" pipe')),
            (CsvDialect(delimiter=";", decimal=","), "id;n\n1;2,5\n", (1, 2.5)),
        ],
        ids=["skip", "escape", "no quote", "decimal"],
    )
    def test_other_programs_dialects_are_read(
        self, load: Load, rows: Any, file: Any, dialect: CsvDialect, text: str, expected: tuple[Any, ...]
    ) -> None:
        load(file("a.csv", text), "csv", csv=dialect)
        assert rows() == [expected]

    @pytest.mark.parametrize("dialect", [CsvDialect(skip=2), CsvDialect(skip=2, quote="")])
    def test_a_bad_line_is_told_by_its_place_in_the_whole_file(
        self, load: Load, file: Any, dialect: CsvDialect
    ) -> None:
        with pytest.raises(PermanentError, match="Line: 5"):
            load(file("a.csv", "a report\nof, today\nid,n\n1,2\n1,2,3\n"), "csv", csv=dialect)

    def test_columns_are_picked_renamed_and_typed(self, load: Load, rows: Any, file: Any) -> None:
        path = file("a.csv", "id,When,amount,extra\n7,1517966773840,12.30,x\n")
        types = {"at": "epoch_ms", "amount": "numeric(8,2)", "id": "text"}
        result = load(path, "csv", fields={"at": "When", "id": "id", "amount": "amount"}, types=types)
        assert result["columns"] == {"at": "timestamptz", "id": "text", "amount": "numeric(8,2)"}
        at = dt.datetime(2018, 2, 7, 1, 26, 13, 840000, tzinfo=dt.UTC)
        assert rows() == [(at, "7", decimal.Decimal("12.30"))]

    def test_a_header_alone_makes_an_empty_table(self, load: Load, rows: Any, file: Any) -> None:
        counted = load(file("a.csv", "a,b\n"), "csv")["rows"]
        assert (counted["input"], counted["output"]) == (0, 0)
        assert rows() == []

    def test_a_value_of_the_wrong_type_is_told_with_line_and_column(self, load: Load, file: Any) -> None:
        path = file("a.csv", "id,delay\n" + "".join(f"{n},{n}\n" for n in range(30_000)) + "30000,late\n")
        with pytest.raises(PermanentError, match=r"Line: 30002 .*column \"delay\".*\"late\" to 'BIGINT'") as caught:
            load(path, "csv")
        assert caught.value.code == "data"

    def test_a_ragged_row_is_told_with_its_line(self, load: Load, file: Any) -> None:
        with pytest.raises(PermanentError, match=r"Line: 3 .*Expected Number of Columns: 2 Found: 3"):
            load(file("a.csv", "a,b\n1,2\n1,2,3\n4,5\n"), "csv")

    def test_a_wrong_encoding_is_told(self, load: Load, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(b"a\ncaf\xe9\n")
        with pytest.raises(PermanentError, match="not utf-8 encoded"):
            load(tmp_path / "a.csv", "csv")

    def test_unknown_columns_are_told_with_those_there_are(self, load: Load, file: Any) -> None:
        path = file("a.csv", "id,delay\n1,2\n")
        with pytest.raises(PermanentError, match=r"source.fields names 'dely', .* it has 'id', 'delay'"):
            load(path, "csv", fields={"x": "dely"})

    def test_an_empty_file_is_refused(self, load: Load, file: Any) -> None:
        with pytest.raises(PermanentError, match="the source file is empty"):
            load(file("a.csv", ""), "csv")


class TestJson:
    def test_records_under_a_path_and_fields_inside_them(self, load: Load, rows: Any, file: Any) -> None:
        features = [
            {"id": "a", "properties": {"mag": 2}, "geometry": {"coordinates": [-1.5, 2]}},
            {"id": "b", "properties": {"mag": 2.5}, "geometry": {"coordinates": [3, 4, 5]}},
            {"id": "c", "properties": {}},
        ]
        fields = {
            "id": "id",
            "magnitude": "properties.mag",
            "longitude": "geometry.coordinates.0",
            "geometry": "geometry",
        }
        result = load(
            file("a.json", json.dumps({"deep": {"list": features}})), "json", records="deep.list", fields=fields
        )
        assert result["columns"]["geometry"] == "jsonb"
        assert rows() == [
            ("a", 2, -1.5, {"coordinates": [-1.5, 2]}),
            ("b", 2.5, 3, {"coordinates": [3, 4, 5]}),
            ("c", None, None, None),
        ]

    def test_nested_values_keep_their_own_json(self, load: Load, rows: Any, file: Any) -> None:
        records = [{"n": 1, "o": {"x": 1}, "l": [1, "a"]}, {"n": 2, "o": {"y": None}, "l": []}]
        for source in ({}, {"records": "r"}):
            text = json.dumps({"r": records} if source else records)
            load(file("a.json", text), "json", **source)
            assert rows() == [(1, {"x": 1}, [1, "a"]), (2, {"y": None}, [])]

    def test_keys_that_only_some_records_have_become_columns(self, load: Load, rows: Any, file: Any) -> None:
        text = json.dumps({"r": [{"a": 1, "dotted.key/~": "x"}, {"b": True}]})
        result = load(file("a.json", text), "json", records="r")
        assert list(result["columns"]) == ["a", "dotted.key/~", "b"]
        assert rows() == [(1, "x", None), (None, None, True)]

    def test_a_single_object_is_one_record(self, load: Load, rows: Any, file: Any) -> None:
        load(file("a.json", '{"r": {"a": 1}}'), "json", records="r")
        assert rows() == [(1,)]

    def test_values_of_mixed_types_keep_their_json(self, load: Load, rows: Any, file: Any) -> None:
        load(file("a.json", '[{"n": 1, "v": 1}, {"n": 2, "v": "one"}, {"n": 3}]'), "json")
        assert rows() == [(1, 1), (2, "one"), (3, None)]

    def test_a_path_without_records_is_told_with_the_keys_there_are(self, load: Load, file: Any) -> None:
        with pytest.raises(
            PermanentError, match=r"no list of records at 'items'; at the top of the file there is type, features"
        ):
            load(file("a.json", '{"type": "x", "features": []}'), "json", records="items")

    @pytest.mark.parametrize(("text", "source"), [("[]", {}), ('{"r": []}', {"records": "r"})])
    def test_no_records_means_no_columns_so_nothing_is_changed(
        self, load: Load, rows: Any, file: Any, text: str, source: dict[str, str]
    ) -> None:
        load(file("before.csv", "a\n1\n"), "csv")
        with pytest.raises(PermanentError, match="holds no records"):
            load(file("a.json", text), "json", **source)
        assert rows() == [(1,)]

    @pytest.mark.parametrize(("name", "text"), [("a.json", "[]"), ("a.jsonl", ""), ("a.jsonl", "\n")])
    def test_an_append_of_no_records_adds_none(self, load: Load, rows: Any, file: Any, name: str, text: str) -> None:
        load(file("a.jsonl", '{"id": 1}'), "jsonl", write="append", key="first")
        result = load(file(name, text), name.partition(".")[2], write="append", key="second")
        assert set(result["rows"].values()) == {0}
        assert rows() == [(1,)]

    def test_records_that_are_no_objects_are_refused(self, load: Load, file: Any) -> None:
        with pytest.raises(PermanentError, match="the records must be objects"):
            load(file("a.json", "[1, 2]"), "json")

    def test_keys_that_differ_in_case_only_are_not_lost(self, load: Load, rows: Any, file: Any) -> None:
        path = file("a.json", '[{"ID": 1, "id": 2, "step_1": 3}]')
        with pytest.raises(PermanentError, match=r"differ in case only \('id'\)"):
            load(path, "json")
        load(path, "json", fields={"upper": "ID", "lower": "id"})
        assert rows() == [(1, 2)]

    def test_a_key_that_ends_in_a_number_is_no_lookalike(self, load: Load, rows: Any, file: Any) -> None:
        load(file("a.json", '[{"step": 1, "step_1": 2}]'), "json")
        assert rows() == [(1, 2)]

    def test_a_document_larger_than_the_readers_usual_limit(self, load: Load, tmp_path: Path) -> None:
        records = [{"n": n, "text": "x" * 1000} for n in range(20_000)]
        (tmp_path / "a.json").write_text(json.dumps({"r": records}))
        assert load(tmp_path / "a.json", "json", records="r")["rows"]["output"] == 20_000

    def test_malformed_json_is_told_with_its_place(self, load: Load, file: Any) -> None:
        with pytest.raises(PermanentError, match=r"Malformed JSON .* at byte 7 in line 3"):
            load(file("a.jsonl", '{"a": 1}\n{"a": \n'), "jsonl")


class TestJsonLines:
    def test_types_are_inferred_from_every_line(self, load: Load, rows: Any, file: Any) -> None:
        lines = [json.dumps({"n": n}) for n in range(25_000)] + ['{"n": 0.5, "at": "2020-01-01T00:00:00+02:00"}']
        load(file("a.jsonl", "\n".join(lines)), "jsonl")
        assert rows("at NULLS LAST, n")[0] == (0.5, dt.datetime(2019, 12, 31, 22, tzinfo=dt.UTC))
        assert len(rows()) == 25_001

    def test_fields_are_picked_from_inside(self, load: Load, rows: Any, file: Any) -> None:
        load(file("a.jsonl", '{"a": {"b": [1, 2]}}\n{"a": null}\n'), "jsonl", fields={"second": "a.b.1"})
        assert rows() == [(2,), (None,)]


class TestParquet:
    def test_every_type_arrives(self, load: Load, rows: Any, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'America/New_York'")
            connection.execute(f"COPY (SELECT {ALL_TYPES}) TO '{path}' (FORMAT parquet)")
        result = load(path, "parquet")
        assert list(result["columns"].values()) == ALL_POSTGRESQL_TYPES
        assert rows() == [ALL_VALUES]

    def test_columns_are_picked_and_cast(self, load: Load, rows: Any, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        with duckdb.connect() as connection:
            connection.execute(f"COPY (SELECT 1 AS a, '2020-01-01' AS b) TO '{path}' (FORMAT parquet)")
        load(path, "parquet", fields={"day": "b"}, types={"day": "date"})
        assert rows() == [(dt.date(2020, 1, 1),)]

    def test_a_file_that_is_none_is_told(self, load: Load, file: Any) -> None:
        with pytest.raises(PermanentError, match=r"(?i)parquet"):
            load(file("a.parquet", "this is no parquet file at all"), "parquet")


class TestDuckdb:
    def test_a_table_is_replaced_and_the_others_stay(self, load: Load, file: Any, tmp_path: Path) -> None:
        path = tmp_path / "a.duckdb"
        for table, text in (("t", "a\n1\n"), ("other", "b\n2\n"), ("t", "c\nx\ny\n")):
            load(file("a.csv", text), "csv", target=Target(kind="duckdb", table=table, path=str(path)))
        with duckdb.connect(str(path)) as connection:
            assert connection.execute("SELECT c FROM t ORDER BY c").fetchall() == [("x",), ("y",)]
            assert connection.execute("SELECT b FROM other").fetchall() == [(2,)]

    def test_an_append_is_made_once(self, load: Load, file: Any, tmp_path: Path) -> None:
        target = Target(kind="duckdb", table="t", path=str(tmp_path / "a.duckdb"))
        path = file("a.csv", "a\n1\n2\n")
        for key in ("first", "first", "second"):
            counted = load(path, "csv", target=target, write="append", key=key)["rows"]
            assert (counted["input"], counted["new"], counted["output"]) == (2, 2, 2)
        with duckdb.connect(target.path) as connection:
            assert connection.execute("SELECT count(*), sum(a) FROM t").fetchall() == [(4, 6)]

    def test_bad_data_leaves_the_table_as_it_was(self, load: Load, file: Any, tmp_path: Path) -> None:
        target = Target(kind="duckdb", table="t", path=str(tmp_path / "a.duckdb"))
        load(file("a.csv", "a\n1\n"), "csv", target=target)
        with pytest.raises(PermanentError, match="Line: 30002"):
            load(file("b.csv", "a\n" + "1\n" * 30_000 + "x\n"), "csv", target=target)
        with duckdb.connect(target.path) as connection:
            assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]

    def test_nested_columns_are_json(self, load: Load, file: Any, tmp_path: Path) -> None:
        target = Target(kind="duckdb", table="t", path=str(tmp_path / "a.duckdb"))
        assert load(file("a.json", '[{"a": {"b": 1}}]'), "json", target=target)["columns"] == {"a": "JSON"}


class TestConfinement:
    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT * FROM read_text('/etc/hostname')",
            "SELECT * FROM read_csv('http://127.0.0.1:1/a.csv')",
            "COPY (SELECT 1) TO '/tmp/escaped.csv'",
            "ATTACH '/tmp/escaped.duckdb' AS other",
            "INSTALL httpfs",
            "SET enable_external_access = true",
            "SET memory_limit = '100GB'",
        ],
    )
    def test_the_reader_is_closed_to_all_but_its_file(
        self, file: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        path = file("a.csv", "a\n1\n")
        with engine.connect(paths=[str(path)], memory_limit_mb=512) as connection:
            with pytest.raises(duckdb.Error, match=r"(?i)disabled|locked|cannot|not found"):
                connection.execute(statement)
            assert connection.execute("SELECT a FROM read_csv(?)", [str(path)]).fetchall() == [(1,)]


ALL_TYPES = """
    true AS boolean, 1::TINYINT AS tiny, 255::UTINYINT AS utiny, 65535::USMALLINT AS usmall, 4294967295::UINTEGER AS uinteger,
    18446744073709551615::UBIGINT AS ubig, 1.25::FLOAT AS real, 'nan'::DOUBLE AS double, 12.3400::DECIMAL(10, 4) AS decimal,
    '\\x00\\x5C\\x22\\xFF'::BLOB AS blob, DATE '2020-02-29' AS day, TIME '23:59:59.5' AS time,
    TIMESTAMP '1999-12-31 23:59:59.123456' AS at, TIMESTAMPTZ '2020-01-01 00:00:00-05' AS zoned,
    '0190163d-8694-739b-aea5-966c26f8ad91'::UUID AS id,
    {'a': 1, 'b': ['x', NULL]} AS nested, [1, 2] AS list, MAP {'k': 1} AS map, 'low'::ENUM('low', 'high') AS level,
    NULL::VARCHAR AS nothing, '' AS empty
"""
ALL_POSTGRESQL_TYPES = [
    *(
        "boolean",
        "smallint",
        "smallint",
        "integer",
        "bigint",
        "numeric(20)",
        "real",
        "double precision",
        "numeric(10,4)",
    ),
    *("bytea", "date", "time", "timestamp", "timestamptz", "uuid", "jsonb", "jsonb", "jsonb", "text", "text", "text"),
]


class NaN:
    """Equal to what is not equal to itself."""

    def __eq__(self, other: object) -> bool:
        return other != other  # noqa: PLR0124 - that is what NaN is

    __hash__ = None  # type: ignore[assignment]


ALL_VALUES = (
    *(True, 1, 255, 65535, 4294967295, decimal.Decimal(18446744073709551615), 1.25, NaN(), decimal.Decimal("12.3400")),
    *(b'\x00\\"\xff', dt.date(2020, 2, 29), dt.time(23, 59, 59, 500000)),
    dt.datetime(1999, 12, 31, 23, 59, 59, 123456),  # noqa: DTZ001
    dt.datetime(2020, 1, 1, 5, tzinfo=dt.UTC),
    uuid.UUID("0190163d-8694-739b-aea5-966c26f8ad91"),
    *({"a": 1, "b": ["x", None]}, [1, 2], {"k": 1}, "low", None, ""),
)
