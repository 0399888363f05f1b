"""A table in a DuckDB file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from workers.ingest import sql
from workers.ingest.spec import Target

_CONFINED: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "threads": "1",
    "memory_limit": "256MB",
}


def check(target: Target) -> dict[str, Any]:
    """Open the file for writing, as a load does: DuckDB lets nobody else have it open. One that is not there is not made."""
    columns = {}
    if Path(target.path).exists():
        with _attached(target) as connection:
            columns = _columns(connection, target)
    return {"output": target.described, "exists": bool(columns), "columns": columns}


def delete(target: Target) -> dict[str, Any]:
    """Empty the table; the file stays."""
    if not Path(target.path).exists():
        return {"output": target.described, "rows": 0}
    with _attached(target) as connection:
        connection.begin()
        rows = _emptied(connection, target)
        _forget(connection, target)
        connection.commit()
    return {"output": target.described, "rows": rows}


def _emptied(connection: duckdb.DuckDBPyConnection, target: Target) -> int:
    if not _columns(connection, target):
        return 0
    gone = connection.execute(f"DELETE FROM output.main.{sql.name(target.table)}").fetchone()  # noqa: S608 - quoted
    return int(gone[0]) if gone else 0


def _forget(connection: duckdb.DuckDBPyConnection, target: Target) -> None:
    """As in PostgreSQL."""
    if _has(connection, "_jobs_state"):
        again = "UPDATE output.main._jobs_state SET cursor = NULL, outcome = NULL, load_key = 'deleted' WHERE table_name = ?"
        connection.execute(again, [target.table])
    if _has(connection, "_jobs_loads"):
        connection.execute("DELETE FROM output.main._jobs_loads WHERE table_name = ?", [target.table])


def _columns(connection: duckdb.DuckDBPyConnection, target: Target) -> dict[str, str]:
    rows = connection.execute(
        """
        SELECT column_name, data_type FROM duckdb_columns()
        WHERE database_name = 'output' AND schema_name = 'main' AND table_name = ? ORDER BY column_index
        """,
        [target.table],
    )
    return dict(rows.fetchall())


def _has(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    named = "SELECT 1 FROM duckdb_tables() WHERE database_name = 'output' AND schema_name = 'main' AND table_name = ?"
    return connection.execute(named, [table]).fetchone() is not None


@contextmanager
def _attached(target: Target) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file as ``output``; nothing in it, such as a view, can reach another file or the network."""
    with duckdb.connect(config=_CONFINED) as connection:
        connection.execute(f"ATTACH {sql.text(target.path)} AS output")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
