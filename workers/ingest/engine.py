"""DuckDB, confined: one file to read, its working directory, perhaps one database to write, and nothing else."""

from __future__ import annotations

import os

import duckdb

from workers.ingest import sql
from workers.ingest.spec import LoadSpec

DESTINATION = "destination"
_THREADS = 2


def connect(spec: LoadSpec) -> duckdb.DuckDBPyConnection:
    """Open an in-memory database that spills into the working directory; a DuckDB target is attached as `DESTINATION`.

    Once it is returned no other file and no network can be reached from it, and no setting can be changed.
    """
    work = os.getcwd()
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "memory_limit": f"{spec.memory_limit_mb}MB",
            "threads": str(_THREADS),
            "temp_directory": work,
        }
    )
    connection.execute("SET TimeZone = 'UTC'")  # times with a zone are written as UTC, wherever the worker runs
    if spec.target.kind == "duckdb":
        connection.execute(f"ATTACH {sql.text(spec.target.path)} AS {DESTINATION}")
    connection.execute(f"SET allowed_paths = [{sql.text(spec.source.path)}]")
    connection.execute(f"SET allowed_directories = [{sql.text(work + os.sep)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection
