"""A table in a DuckDB file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from workers.ingest import engine, sql
from workers.ingest.spec import Target


def check(target: Target) -> dict[str, Any]:
    """Open the file for writing, as a load does: DuckDB lets nobody else have it open. One that is not there is not made."""
    columns = {}
    if Path(target.path).exists():
        with engine.attached(target.path) as connection:
            columns = _columns(connection, target)
    return {"output": target.described, "exists": bool(columns), "columns": columns}


def delete(target: Target) -> dict[str, Any]:
    """Empty the table; the file stays."""
    if not Path(target.path).exists():
        return {"output": target.described, "rows": 0}
    with engine.attached(target.path) as connection:
        connection.begin()
        rows = _emptied(connection, target)
        _forget(connection, target)
        connection.commit()
    return {"output": target.described, "rows": rows}


def _emptied(connection: duckdb.DuckDBPyConnection, target: Target) -> int:
    if not _columns(connection, target):
        return 0
    gone = connection.execute(f"DELETE FROM destination.main.{sql.name(target.table)}").fetchone()  # noqa: S608 - quoted
    return int(gone[0]) if gone else 0


def _forget(connection: duckdb.DuckDBPyConnection, target: Target) -> None:
    """As in PostgreSQL."""
    if _has(connection, "_jobs_state"):
        again = "UPDATE destination.main._jobs_state SET cursor = NULL, outcome = NULL, load_key = 'deleted' WHERE table_name = ?"
        connection.execute(again, [target.table])
    if _has(connection, "_jobs_loads"):
        connection.execute("DELETE FROM destination.main._jobs_loads WHERE table_name = ?", [target.table])


def _columns(connection: duckdb.DuckDBPyConnection, target: Target) -> dict[str, str]:
    rows = connection.execute(
        """
        SELECT column_name, data_type FROM duckdb_columns()
        WHERE database_name = 'destination' AND schema_name = 'main' AND table_name = ? ORDER BY column_index
        """,
        [target.table],
    )
    return dict(rows.fetchall())


def _has(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    named = (
        "SELECT 1 FROM duckdb_tables() WHERE database_name = 'destination' AND schema_name = 'main' AND table_name = ?"
    )
    return connection.execute(named, [table]).fetchone() is not None
