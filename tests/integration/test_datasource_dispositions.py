"""Append, replace and merge into every kind of table: each load once, and the state with the rows."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from django.db import connections

from jobs.errors import PermanentError, TransientError
from tests.integration.ingest_loads import Loads
from workers.ingest import database_out, duckdb_file, engine, postgresql, postgresql_records
from workers.ingest.spec import Cursor, LoadSpec, Source, Sql, Target
from workers.ingest.writing import Seen
from workers.payloads.datasource.connections import own

KINDS = ("postgresql", "duckdb", "sqlalchemy")
AT = Cursor(column="at")
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def targets(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Target]]:
    schemas: list[tuple[str, str]] = []

    def target(kind: str) -> Target:
        if kind == "duckdb":
            return Target(kind=kind, table="t", path=str(tmp_path / "a.duckdb"))
        if kind == "sqlalchemy":
            return Target(kind=kind, table="t", url=f"sqlite:///{tmp_path / 'a.sqlite'}")
        request.getfixturevalue("db")
        conninfo = own(connections["default"].settings_dict, allowed=True)
        schemas.append((conninfo, f"dispositions_{uuid.uuid4().hex[:8]}"))
        return Target(kind=kind, table="t", schema=schemas[-1][1], conninfo=conninfo)

    yield target
    for conninfo, schema in schemas:
        with psycopg.connect(conninfo) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


@pytest.fixture(params=KINDS)
def loads(request: pytest.FixtureRequest, targets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loads:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return Loads(targets(request.param), tmp_path)


def counted(result: dict[str, Any]) -> dict[str, int]:
    """The counters that are not 0."""
    return {name: count for name, count in result["rows"].items() if count}


class TestAppend:
    def test_each_load_adds_its_rows_once(self, loads: Loads) -> None:
        first = loads.rows({"id": 1}, {"id": 2}, key="first")
        again = loads.rows({"id": 1}, {"id": 2}, key="first")
        loads.rows({"id": 3}, key="second")
        assert counted(first) == counted(again) == {"input": 2, "new": 2, "output": 2}
        assert loads.stored("id") == [(1,), (2,), (3,)]

    def test_an_old_loads_late_attempt_adds_nothing_either(self, loads: Loads) -> None:
        for key, number in (("first", 1), ("second", 2), ("first", 1)):
            loads.rows({"id": number}, key=key)
        assert loads.stored("id") == [(1,), (2,)]

    def test_a_load_is_remembered_for_a_time(
        self, loads: Loads, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        module = {"duckdb": duckdb_file, "sqlalchemy": database_out, "postgresql": postgresql_records}[
            loads.target.kind
        ]
        loads.rows({"id": 1}, key="first")
        loads.rows({"id": 2}, key="second")
        assert sorted(loads.query("SELECT load_key FROM _jobs_loads")) == [("first",), ("second",)]
        monkeypatch.setattr(module, "_KEEP_LOADS", "-1 seconds" if loads.target.kind != "sqlalchemy" else -SECOND)
        loads.rows({"id": 3}, key="third")
        assert "first" not in str(loads.query("SELECT load_key FROM _jobs_loads"))

    def test_columns_that_the_table_lacks_are_added(self, loads: Loads) -> None:
        loads.rows({"id": 1})
        result = loads.rows({"id": 2, "note": "new"})
        assert loads.stored("id, note") == [(1, None), (2, "new")]
        assert [change.split(" (")[0] for change in result["schema_changes"]] == ["added column note"]

    def test_columns_that_the_source_lacks_are_null(self, loads: Loads) -> None:
        loads.rows({"id": 1, "note": "a"})
        loads.rows({"id": 2})
        assert loads.stored("id, note") == [(1, "a"), (2, None)]


class TestReplace:
    def test_the_rows_are_the_sources_and_no_others(self, loads: Loads) -> None:
        loads.rows({"id": 1}, {"id": 2}, write="replace")
        result = loads.rows({"id": 3}, write="replace")
        assert counted(result) == {"input": 1, "new": 1, "deleted": 2, "output": 1}
        assert loads.stored("id") == [(3,)]

    @pytest.mark.parametrize("contract", ["evolve", "freeze"])
    def test_from_an_empty_table_it_empties_ours_and_leaves_its_columns(
        self, loads: Loads, tmp_path: Path, contract: str
    ) -> None:
        made = loads.rows({"id": 1, "n": 2.5}, write="replace")
        with sqlite3.connect(tmp_path / "source.sqlite") as connection:
            connection.execute("CREATE TABLE nobody (id integer, n real)")
        connection.close()
        empty = Source(sql=Sql(url=f"sqlite:///{tmp_path / 'source.sqlite'}", table="nobody"))
        result = loads.load(empty, write="replace", contract=contract)
        assert counted(result) == {"deleted": 1}
        assert loads.stored() == []
        assert loads.rows({"id": 1, "n": 2.5}, write="replace", contract="freeze")["columns"] == made["columns"]

    def test_it_leaves_no_records(self, loads: Loads) -> None:
        loads.rows({"id": 1}, write="replace")
        with pytest.raises(Exception, match="_jobs_loads"):
            loads.query("SELECT * FROM _jobs_loads")


class TestMerge:
    def test_rows_are_changed_by_their_key_and_new_ones_added(self, loads: Loads) -> None:
        loads.rows({"id": 1, "a": "x"}, {"id": 2, "a": "y"}, write="merge")
        result = loads.rows({"id": 2, "a": "z"}, {"id": 3, "a": "w"}, write="merge")
        assert counted(result) == {"input": 2, "new": 1, "updated": 1, "output": 2}
        assert loads.stored("id, a") == [(1, "x"), (2, "z"), (3, "w")]

    def test_of_rows_with_one_key_the_last_counts(self, loads: Loads) -> None:
        result = loads.rows({"id": 1, "a": "x"}, {"id": 2, "a": "y"}, {"id": 1, "a": "z"}, write="merge")
        assert counted(result) == {"input": 3, "new": 2, "skipped": 1, "output": 2}
        assert loads.stored("id, a") == [(1, "z"), (2, "y")]

    def test_keys_are_the_same_when_the_table_has_them_as_one(self, loads: Loads) -> None:
        if loads.target.kind == "sqlalchemy":
            pytest.skip("types are left to the database there: see docs/reference/datasource-payload.md")
        loads.rows({"id": 9, "a": "w"}, write="merge")
        result = loads.rows({"id": "01", "a": "x"}, {"id": "1", "a": "y"}, write="merge")
        assert counted(result) == {"input": 2, "new": 1, "skipped": 1, "output": 1}
        assert loads.stored("id, a") == [(1, "y"), (9, "w")]

    def test_with_a_cursor_the_latest_counts_wherever_it_stands(self, loads: Loads) -> None:
        loads.rows({"id": 1, "at": 9, "a": "late"}, {"id": 1, "at": 3, "a": "early"}, write="merge", cursor=AT)
        assert loads.stored("a") == [("late",)]

    def test_a_key_of_several_columns(self, loads: Loads) -> None:
        key = ["id", "day"]
        loads.rows({"id": 1, "day": "mon", "n": 1}, {"id": 1, "day": "tue", "n": 2}, write="merge", key_columns=key)
        loads.rows({"id": 1, "day": "tue", "n": 3}, write="merge", key_columns=key)
        assert loads.stored("day, n") == [("mon", 1), ("tue", 3)]

    def test_other_columns_of_the_table_keep_their_values(self, loads: Loads) -> None:
        loads.rows({"id": 1, "a": "x", "b": "kept"}, write="merge")
        loads.rows({"id": 1, "a": "y"}, write="merge")
        assert loads.stored("id, a, b") == [(1, "y", "kept")]

    def test_a_row_without_a_key_fails_the_load_and_changes_nothing(self, loads: Loads) -> None:
        loads.rows({"id": 1, "a": "x"}, write="merge")
        with pytest.raises(
            PermanentError, match=r"1 rows cannot be loaded; the first: row 2: column id, the key, has no"
        ):
            loads.rows({"id": 1, "a": "y"}, {"id": None, "a": "z"}, write="merge")
        assert loads.stored("id, a") == [(1, "x")]

    def test_an_unknown_key_is_named(self, loads: Loads) -> None:
        with pytest.raises(PermanentError, match="key: there is no column 'id'; there are a"):
            loads.rows({"a": 1}, write="merge")


class TestCursor:
    def test_only_what_is_beyond_the_last_load_is_added(self, loads: Loads) -> None:
        first = loads.rows({"id": 1, "at": 10}, {"id": 2, "at": 20}, cursor=AT)
        second = loads.rows({"id": 2, "at": 20}, {"id": 3, "at": 30}, cursor=AT)
        assert (first["cursor"], second["cursor"]) == (
            {"column": "at", "from": None, "to": "20"},
            {"column": "at", "from": "20", "to": "30"},
        )
        assert loads.stored("id") == [(1,), (2,), (3,)]

    def test_a_load_that_finds_nothing_new_keeps_the_cursor(self, loads: Loads) -> None:
        loads.rows({"id": 1, "at": 10}, cursor=AT)
        result = loads.rows({"id": 1, "at": 10}, cursor=AT)
        assert result["_cursor"] == {"type": "BIGINT", "value": "10"}
        assert counted(result) == {}

    def test_the_lag_reads_again_what_may_have_changed(self, loads: Loads) -> None:
        lagging = Cursor(column="at", lag=15)
        loads.rows({"id": 1, "at": 10}, {"id": 2, "at": 20}, write="merge", cursor=lagging)
        late = {"id": 9, "at": 12}
        result = loads.rows({"id": 1, "at": 1, "x": 1}, late, write="merge", cursor=lagging)
        assert result["cursor"] == {"column": "at", "from": "5", "to": "20"}
        assert loads.stored("id") == [(1,), (2,), (9,)]

    def test_times_lag_by_seconds(self, loads: Loads) -> None:
        cursor = Cursor(column="at", lag=60)
        loads.rows({"id": 1, "at": "2026-01-01T12:00:00Z"}, write="merge", cursor=cursor)
        result = loads.rows({"id": 1, "at": "2026-01-01T12:00:00Z"}, write="merge", cursor=cursor)
        assert result["cursor"]["from"].startswith("2026-01-01 11:59:00")

    def test_the_first_load_begins_where_the_job_says(self, loads: Loads) -> None:
        loads.rows({"id": 1, "at": 10}, {"id": 2, "at": 20}, cursor=Cursor(column="at", initial="15"))
        assert loads.stored("id") == [(2,)]

    def test_a_row_without_a_value_fails(self, loads: Loads) -> None:
        with pytest.raises(PermanentError, match="column at, the cursor, has no value"):
            loads.rows({"id": 1, "at": 1}, {"id": 2, "at": None}, cursor=AT)

    def test_what_the_destination_has_goes_before_what_we_know(self, loads: Loads) -> None:
        """The worker died between the two commits: its run is over, and the next one must not add the rows again."""
        loads.rows({"id": 1, "at": 10}, {"id": 2, "at": 20}, cursor=AT)
        stale = Cursor(column="at", reached={"type": "BIGINT", "value": "10"})
        loads.rows({"id": 2, "at": 20}, {"id": 3, "at": 30}, cursor=stale)
        assert loads.stored("id") == [(1,), (2,), (3,)]

    def test_after_a_reset_everything_is_loaded(self, loads: Loads) -> None:
        loads.rows({"id": 1, "at": 10}, write="merge", cursor=AT)
        result = loads.rows({"id": 1, "at": 10}, {"id": 2, "at": 5}, write="merge", cursor=AT, generation=2)
        assert result["rows"]["input"] == 2
        assert loads.stored("id") == [(1,), (2,)]

    def test_without_its_table_nothing_was_reached(self, loads: Loads) -> None:
        known = Cursor(column="at", reached={"type": "BIGINT", "value": "10"})
        loads.rows({"id": 1, "at": 10}, cursor=known)
        assert loads.stored("id") == [(1,)]

    def test_a_limit_counts_in_the_cursors_order_and_loses_nothing(self, loads: Loads, tmp_path: Path) -> None:
        path = tmp_path / "rows.csv"
        path.write_text("id,at\n" + "".join(f"{n},{n // 2}\n" for n in (9, 8, 7, 6, 5, 4, 3, 2, 1, 0)))
        source = Source(path=str(path), format="csv", limit_rows=3)
        sizes = [loads.load(source, cursor=AT)["rows"]["output"] for _ in range(4)]
        assert sizes == [4, 4, 2, 0]
        assert [row[0] for row in loads.stored("id")] == list(range(10))


class TestTwoLoadsAtOnce:
    def test_the_slower_one_is_told_and_adds_nothing(self, loads: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
        loads.rows({"id": 1, "at": 10}, cursor=AT, key="first")
        module = {"postgresql": postgresql, "duckdb": duckdb_file}.get(loads.target.kind)
        if module is None:
            pytest.skip("one look and one load are enough: the check is the same function")
        monkeypatch.setattr(module, "look", lambda spec: Seen(columns={"id": "bigint", "at": "bigint"}))
        with pytest.raises(TransientError, match="meanwhile"):
            loads.rows({"id": 1, "at": 10}, cursor=AT, key="second")
        assert loads.stored("id") == [(1,)]


class TestSomebodysDuckdbFile:
    @pytest.fixture
    def file(self, targets: Any, tmp_path: Path) -> Target:
        target: Target = targets("duckdb")
        (tmp_path / "secret").write_text("nobody's business")
        with duckdb.connect(target.path) as connection:
            connection.execute("CREATE SCHEMA decoy")
            for schema in ("decoy", "main"):
                connection.execute(f"CREATE TABLE {schema}._jobs_loads (load_key VARCHAR, outcome VARCHAR)")
            connection.execute("CREATE TABLE decoy._jobs_state (a INT); CREATE TABLE decoy.t (id BIGINT)")
            connection.execute(
                "CREATE VIEW _jobs_state AS SELECT 't' AS table_name, 'test/datasource:test' AS job, 's' AS stream, "
                "1 AS generation, 'k' AS load_key, CAST(to_json({'type': 'VARCHAR', 'value': content}) AS VARCHAR) AS cursor "
                f"FROM read_text('{tmp_path / 'secret'}')"
            )
        return target

    def test_a_view_is_no_state_and_another_schemas_table_is_not_the_destination(self, file: Target) -> None:
        spec = LoadSpec(Source(), file, "append", "k", job="test/datasource:test", stream="s")
        assert duckdb_file.look(spec) == Seen()

    def test_a_view_in_the_tables_place_reaches_no_other_file(self, file: Target, tmp_path: Path) -> None:
        with engine.attached(file.path) as connection, pytest.raises(duckdb.PermissionException):
            connection.execute("SELECT * FROM destination.main._jobs_state")

    def test_a_database_of_its_own_reaches_no_file(self, tmp_path: Path) -> None:
        with engine.alone() as connection, pytest.raises(duckdb.PermissionException):
            connection.execute(f"SELECT * FROM read_text('{tmp_path}/*')")


class TestContract:
    def test_freeze_refuses_a_column_that_the_table_lacks(self, loads: Loads) -> None:
        loads.rows({"id": 1})
        with pytest.raises(PermanentError, match="contract: freeze, but the table has no column note") as caught:
            loads.rows({"id": 2, "note": "x"}, contract="freeze")
        assert caught.value.code == "contract"
        assert loads.stored() == [(1,)]

    def test_discard_row_leaves_out_the_rows_that_do_not_fit(self, loads: Loads) -> None:
        loads.rows({"id": 1})
        result = loads.rows({"id": 2}, {"id": 3, "note": "x"}, contract="discard_row")
        assert counted(result) == {"input": 2, "new": 1, "skipped": 1, "output": 1}
        assert result["_rejected"] == [
            {"number": 2, "reason": "the table has no column note", "values": {"id": 3, "note": "x"}}
        ]
        assert loads.stored() == [(1,), (2,)]

    def test_discard_row_leaves_out_values_of_another_type(self, loads: Loads) -> None:
        if loads.target.kind == "sqlalchemy":
            pytest.skip("types are left to the database there: see docs/reference/datasource-payload.md")
        loads.rows({"id": 1})
        result = loads.rows({"id": "2"}, {"id": "three"}, {"id": "2.5"}, contract="discard_row")
        assert counted(result) == {"input": 3, "new": 1, "skipped": 2, "output": 1}
        assert loads.stored() == [(1,), (2,)]


class TestRejected:
    def test_bad_lines_of_a_csv_are_left_out_and_kept(self, loads: Loads, tmp_path: Path) -> None:
        path = tmp_path / "bad.csv"
        path.write_text("id,n\n1,1\n2,two\n3,3\n")
        source = Source(path=str(path), format="csv", types={"n": "bigint"})
        result = loads.load(source, most_rejected=1)
        assert counted(result) == {"input": 3, "new": 2, "failed": 1, "output": 2}
        (rejected,) = result["_rejected"]
        assert (rejected["number"], rejected["values"]) == (3, {"line": "2,two"})
        assert loads.stored("id, n") == [(1, 1), (3, 3)]

    def test_values_that_do_not_fit_their_type_are_left_out_and_kept(self, loads: Loads, tmp_path: Path) -> None:
        path = tmp_path / "bad.jsonl"
        path.write_text('{"id": 1, "n": 5}\n{"id": 2, "n": "five"}\n{"id": 3, "n": null}\n')
        result = loads.load(Source(path=str(path), format="jsonl", types={"n": "integer"}), most_rejected=5)
        assert counted(result) == {"input": 3, "new": 2, "failed": 1, "output": 2}
        assert result["_rejected"] == [
            {"number": 2, "reason": "column n: the value is no integer", "values": {"id": 2, "n": "five"}}
        ]

    @pytest.mark.parametrize("loads", ["postgresql"], indirect=True)
    def test_what_postgresql_has_no_character_for_is_left_out_and_kept(self, loads: Loads) -> None:
        rows: list[dict[str, Any]] = [
            {"id": 1, "a": "x\0y", "b": {"c": 1}},
            {"id": 2, "a": "x", "b": {"c": "\0"}},
            {"id": 3, "a": r"\u0000", "b": {"c": r"\u0000"}},
        ]
        result = loads.rows(*rows, most_rejected=2)
        assert loads.stored("id") == [(3,)]
        assert [row["reason"] for row in result["_rejected"]] == [
            "column a: the value contains the character NUL",
            "column b: the value contains the character NUL",
        ]
        assert "\\u0000" not in json.dumps(result["_rejected"]), "nor can they be kept so"

    def test_one_more_than_allowed_fails_the_load(self, loads: Loads, tmp_path: Path) -> None:
        path = tmp_path / "bad.csv"
        path.write_text("id\n1\nx\ny\n")
        with pytest.raises(PermanentError, match=r"2 rows cannot be loaded; rejected.maximum allows 1"):
            loads.load(Source(path=str(path), format="csv", types={"id": "bigint"}), most_rejected=1)
        with pytest.raises(Exception, match="t"):
            loads.stored()

    def test_only_so_many_are_kept(self, loads: Loads, tmp_path: Path) -> None:
        path = tmp_path / "bad.csv"
        path.write_text("id\n1\n" + "x\n" * 10)
        source = Source(path=str(path), format="csv", types={"id": "bigint"})
        result = loads.load(source, most_rejected=10, keep_rejected=3)
        assert (result["rows"]["failed"], len(result["_rejected"])) == (10, 3)
