"""DuckDB, confined: the files to read, its working directory, perhaps one database to write, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence

import duckdb

from workers.ingest import sql

DESTINATION = "destination"
_THREADS = 2


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
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "memory_limit": f"{memory_limit_mb}MB",
            "threads": str(_THREADS),
            "temp_directory": work,
        }
    )
    connection.execute("SET enable_progress_bar = false")  # what is printed goes into the run's log
    connection.execute("SET TimeZone = 'UTC'")  # times with a zone are written as UTC, wherever the worker runs
    if attach:
        connection.execute(f"ATTACH {sql.text(attach)} AS {DESTINATION}")
    connection.execute(f"SET allowed_paths = [{', '.join(sql.text(path) for path in paths)}]")
    connection.execute(f"SET allowed_directories = [{sql.text(work + os.sep)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection
