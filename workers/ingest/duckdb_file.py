"""Into a DuckDB file: by DuckDB itself, in one transaction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from workers.ingest import ask, engine, sql
from workers.ingest.columns import Column
from workers.ingest.engine import DESTINATION
from workers.ingest.spec import LoadSpec
from workers.ingest.writing import Rows, Seal, Seen, Written, check_not_overtaken, is_recorded

JSON = Any

_LOADS = "_jobs_loads"
_STATE = "_jobs_state"
_KEEP_LOADS = "90 days"
_TABLES = {
    _LOADS: "load_key VARCHAR PRIMARY KEY, table_name VARCHAR, outcome VARCHAR, loaded_at TIMESTAMPTZ",
    _STATE: (
        "table_name VARCHAR, job VARCHAR, stream VARCHAR, generation BIGINT, cursor VARCHAR, load_key VARCHAR, "
        "outcome VARCHAR, loaded_at TIMESTAMPTZ"
    ),
}


def look(spec: LoadSpec) -> Seen:
    """The table's columns, and what earlier loads have left. DuckDB lets one process at a time open a file for writing."""
    if not Path(spec.target.path).exists():
        return Seen()
    with engine.attached(spec.target.path, read_only=True) as connection:
        seen = _read(connection, spec) if is_recorded(spec) else Seen()
        columns = _columns(connection, spec)
        return Seen(columns=columns, outcome=seen.outcome, state_key=seen.state_key, reached=seen.reached)


def type_of(column: Column) -> str:
    """The type that a new column gets."""
    return column.type


def load(spec: LoadSpec, seen: Seen, rows: Rows) -> Written:
    """Load the rows; see `workers.ingest.writing.Destination`. The file is attached to the reader as `DESTINATION`.

    Raises:
        duckdb.Error: See `workers.ingest.failures`.
    """
    reader = rows.reader
    reader.execute("BEGIN TRANSACTION")
    if is_recorded(spec):
        _prepare(reader)
        check_not_overtaken(seen, _read(reader, spec))
    written = _WAYS[spec.write](reader, spec, rows)
    if is_recorded(spec):
        _write(reader, spec, rows.seal(written))
    reader.execute("COMMIT")
    rows.channel.progress(current=written.new, total=written.new, unit="rows")
    return written


def _replace(reader: duckdb.DuckDBPyConnection, spec: LoadSpec, rows: Rows) -> Written:
    if not rows.query.columns:
        return Written(deleted=ask.number(reader, f"DELETE FROM {_table(spec)}"))  # noqa: S608
    deleted = ask.number(reader, f"SELECT count(*) FROM {_table(spec)}") if _exists(reader, spec.target.table) else 0  # noqa: S608
    new = ask.number(reader, f"CREATE OR REPLACE TABLE {_table(spec)} AS {rows.query.sql}")
    return Written(new=new, deleted=deleted, columns=_types(rows))


def _append(reader: duckdb.DuckDBPyConnection, spec: LoadSpec, rows: Rows) -> Written:
    _make(reader, spec, rows)
    new = ask.number(reader, f"INSERT INTO {_table(spec)} BY NAME {rows.query.sql}")
    return Written(new=new, columns=_types(rows))


def _merge(reader: duckdb.DuckDBPyConnection, spec: LoadSpec, rows: Rows) -> Written:
    """Change what differs, add what is new."""
    _make(reader, spec, rows)
    count = ask.number(reader, f"SELECT count(*) FROM ({rows.query.sql})")  # noqa: S608
    same = " AND ".join(f"t.{sql.name(column)} = s.{sql.name(column)}" for column in spec.key)
    values = [name for name in rows.query.names if name not in spec.key]
    updated = _update(reader, spec, rows, values, same) if values else 0
    names = sql.names(rows.query.names)
    new = ask.number(
        reader,
        f"INSERT INTO {_table(spec)} ({names}) SELECT {names} FROM ({rows.query.sql}) s "  # noqa: S608
        f"WHERE NOT EXISTS (SELECT 1 FROM {_table(spec)} t WHERE {same})",
    )
    return Written(new=new, updated=updated, unchanged=count - new - updated, columns=_types(rows))


def _update(reader: duckdb.DuckDBPyConnection, spec: LoadSpec, rows: Rows, values: list[str], same: str) -> int:
    assignments = ", ".join(f"{sql.name(name)} = s.{sql.name(name)}" for name in values)
    differs = " OR ".join(f"t.{sql.name(name)} IS DISTINCT FROM s.{sql.name(name)}" for name in values)
    statement = f"UPDATE {_table(spec)} t SET {assignments} FROM ({rows.query.sql}) s WHERE {same} AND ({differs})"  # noqa: S608
    return ask.number(reader, statement)


_WAYS = {"replace": _replace, "append": _append, "merge": _merge}


def _make(reader: duckdb.DuckDBPyConnection, spec: LoadSpec, rows: Rows) -> None:
    """Make the table when it is not there, or the columns that it lacks."""
    reader.execute(f"CREATE TABLE IF NOT EXISTS {_table(spec)} AS SELECT * FROM ({rows.query.sql}) LIMIT 0")  # noqa: S608
    for column in rows.add:
        reader.execute(f"ALTER TABLE {_table(spec)} ADD COLUMN IF NOT EXISTS {sql.name(column.name)} {column.type}")


def _prepare(reader: duckdb.DuckDBPyConnection) -> None:
    for table, columns in _TABLES.items():
        reader.execute(f"CREATE TABLE IF NOT EXISTS {DESTINATION}.main.{table} ({columns})")


def _read(connection: duckdb.DuckDBPyConnection, spec: LoadSpec) -> Seen:
    if not all(_exists(connection, table) for table in _TABLES):
        return Seen()
    loads, states = (f"{DESTINATION}.main.{table}" for table in (_LOADS, _STATE))
    load = ask.row(connection, f"SELECT outcome FROM {loads} WHERE load_key = ?", [spec.load_key])  # noqa: S608
    state = ask.row(
        connection,
        f"SELECT load_key, cursor FROM {states} "  # noqa: S608 - a constant
        "WHERE table_name = ? AND job = ? AND stream = ? AND generation = ?",
        [spec.target.table, spec.job, spec.stream, spec.generation],
    )
    key, reached = state or ("", None)
    return Seen(outcome=json.loads(load[0]) if load else None, state_key=key, reached=_parsed(reached))


def _write(reader: duckdb.DuckDBPyConnection, spec: LoadSpec, seal: Seal) -> None:
    outcome = json.dumps(seal.outcome)
    cursor = None if seal.reached is None else json.dumps(seal.reached)
    loads, states = (f"{DESTINATION}.main.{table}" for table in (_LOADS, _STATE))
    reader.execute(f"DELETE FROM {loads} WHERE loaded_at < now() - INTERVAL '{_KEEP_LOADS}'")  # noqa: S608
    reader.execute(f"INSERT INTO {loads} VALUES (?, ?, ?, now())", [spec.load_key, spec.target.table, outcome])  # noqa: S608
    stream = [spec.target.table, spec.job, spec.stream]
    reader.execute(f"DELETE FROM {states} WHERE table_name = ? AND job = ? AND stream = ?", stream)  # noqa: S608
    values = [*stream, spec.generation, cursor, spec.load_key, outcome]
    reader.execute(f"INSERT INTO {states} VALUES (?, ?, ?, ?, ?, ?, ?, now())", values)  # noqa: S608


def _columns(connection: duckdb.DuckDBPyConnection, spec: LoadSpec) -> dict[str, str] | None:
    found = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = 'main' AND table_name = ? ORDER BY column_index",
        [DESTINATION, spec.target.table],
    ).fetchall()
    return dict(found) or None


def _exists(reader: duckdb.DuckDBPyConnection, table: str) -> bool:
    """As a table: a view of that name may do anything."""
    question = "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main' AND table_name = ?"
    return ask.row(reader, question, [DESTINATION, table]) is not None


def _types(rows: Rows) -> dict[str, str]:
    return {column.name: column.type for column in rows.query.columns}


def _table(spec: LoadSpec) -> str:
    return f"{DESTINATION}.main.{sql.name(spec.target.table)}"


def _parsed(text: str | None) -> JSON:
    return None if text is None else json.loads(text)
