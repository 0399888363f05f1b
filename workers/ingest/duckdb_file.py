"""Into a DuckDB file: by DuckDB itself, in one transaction."""

from __future__ import annotations

import duckdb

from workers.child_main import Channel
from workers.ingest import sql
from workers.ingest.engine import DESTINATION
from workers.ingest.loaded import Loaded
from workers.ingest.source import Query
from workers.ingest.spec import LoadSpec

_LOADS = f"{DESTINATION}.main._jobs_loads"


def load(*, reader: duckdb.DuckDBPyConnection, query: Query, spec: LoadSpec, channel: Channel) -> Loaded:
    """Load the query's rows: all of them or, whenever and however it ends, none.

    DuckDB lets one process write a file at a time; another one's load fails as transient and is tried again.

    Raises:
        duckdb.Error: See `workers.ingest.failures`.
    """
    reader.execute("BEGIN TRANSACTION")
    loaded = (_append if spec.write == "append" else _replace)(reader, query, spec)
    reader.execute("COMMIT")
    channel.progress(current=loaded.rows_written, total=loaded.rows_written, unit="rows")
    return loaded


def _replace(reader: duckdb.DuckDBPyConnection, query: Query, spec: LoadSpec) -> Loaded:
    rows = _count(reader, f"CREATE OR REPLACE TABLE {_table(spec)} AS {query.sql}")
    return Loaded(rows_read=rows, rows_written=rows, columns=_columns(query))


def _append(reader: duckdb.DuckDBPyConnection, query: Query, spec: LoadSpec) -> Loaded:
    """Add the rows and, in the same transaction, the load's key: an attempt after a commit that nobody heard of adds nothing."""
    reader.execute(
        f"CREATE TABLE IF NOT EXISTS {_LOADS} (load_key VARCHAR PRIMARY KEY, table_name VARCHAR, rows BIGINT)"
    )
    known = reader.execute(f"SELECT rows FROM {_LOADS} WHERE load_key = ?", [spec.load_key]).fetchone()  # noqa: S608
    if known:
        return Loaded(rows_read=known[0], rows_written=known[0], columns=_columns(query), loaded_before=True)
    reader.execute(f"CREATE TABLE IF NOT EXISTS {_table(spec)} AS {query.sql} LIMIT 0")
    rows = _count(reader, f"INSERT INTO {_table(spec)} BY NAME {query.sql}")
    reader.execute(f"INSERT INTO {_LOADS} VALUES (?, ?, ?)", [spec.load_key, spec.target.table, rows])  # noqa: S608
    return Loaded(rows_read=rows, rows_written=rows, columns=_columns(query))


def _count(reader: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = reader.execute(statement).fetchone()
    return int(row[0]) if row else 0


def _columns(query: Query) -> dict[str, str]:
    return {column.name: column.type for column in query.columns}


def _table(spec: LoadSpec) -> str:
    return f"{DESTINATION}.main.{sql.name(spec.target.table)}"
