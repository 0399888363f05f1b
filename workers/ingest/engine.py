"""DuckDB, confined: each connection reaches what it is opened for, and nothing else."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

import duckdb

from workers.ingest import sql

DESTINATION = "destination"
_THREADS = 2
_CONFINED: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}
_SMALL = {**_CONFINED, "threads": "1", "memory_limit": "256MB"}


@contextlib.contextmanager
def alone() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory that only calculates: no file and no network can be reached from it."""
    with duckdb.connect(config=_SMALL) as connection:
        _shut(connection)
        yield connection


@contextlib.contextmanager
def attached(path: str, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open somebody's DuckDB file, as `DESTINATION`: nothing in it, such as a view, can reach another file or the network."""
    with duckdb.connect(config=_SMALL) as connection:
        connection.execute(f"ATTACH {sql.text(path)} AS {DESTINATION}{' (READ_ONLY)' if read_only else ''}")
        _shut(connection)
        yield connection


def connect(*, paths: Sequence[str], memory_limit_mb: int, attach: str = "") -> duckdb.DuckDBPyConnection:
    """Open an in-memory database that spills into the working directory.

    Once it is returned no other file and no network can be reached from it, and no setting can be changed.

    Args:
        paths: The files that it may read.
        attach: A DuckDB file to write to, attached as `DESTINATION`; "" for none.
    """
    work = os.getcwd()
    connection = duckdb.connect(
        config={
            **_CONFINED,
            "memory_limit": f"{memory_limit_mb}MB",
            "threads": str(_THREADS),
            "temp_directory": work,
        }
    )
    connection.execute("SET enable_progress_bar = false")  # what is printed goes into the run's log
    if attach:
        connection.execute(f"ATTACH {sql.text(attach)} AS {DESTINATION}")
    connection.execute(f"SET allowed_paths = [{', '.join(sql.text(path) for path in paths)}]")
    connection.execute(f"SET allowed_directories = [{sql.text(work + os.sep)}]")
    _shut(connection)
    return connection


def _shut(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET TimeZone = 'UTC'")  # times with a zone are written as UTC, wherever the worker runs
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
