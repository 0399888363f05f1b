"""Reading a source without loading it, for a preview or a validation."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow

from workers.ingest import engine
from workers.ingest.columns import Column
from workers.ingest.fetch.fetched import Channel
from workers.ingest.fetch.fetching import fetch
from workers.ingest.source import Query, open_source
from workers.ingest.spec import Source

FIRST_BYTES = 8 * 1024 * 1024
"""More than a CSV file's types are inferred from, and a moment's download."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An opened source. ``columns`` are those of the result: fields, types, drop and rename are applied."""

    connection: duckdb.DuckDBPyConnection
    query: Query

    @property
    def columns(self) -> list[Column]:
        """Name and DuckDB's type, in order."""
        return self.query.columns

    def batches(self, limit: int) -> Iterator[pyarrow.RecordBatch]:
        """The first rows; of a source without rows nothing."""
        yield from self.connection.sql(f"SELECT * FROM ({self.query.sql}) LIMIT {int(limit)}").to_arrow_reader(1000)  # noqa: S608


@contextlib.contextmanager
def opened(source: Source, *, memory_limit_mb: int, channel: Channel, limit: int | None = None) -> Iterator[Reading]:
    """Open a source in the working directory, which must be the caller's own.

    Args:
        limit: How many rows are wanted at most: a service that gives them in pages, or a database, is not read any further, and of
            files behind a URL no more than `FIRST_BYTES` where they have lines.

    Raises:
        As `workers.ingest.load.run`, inside `workers.ingest.failures.explained`.
    """
    bounded = replace(source, limit_rows=limit, limit_bytes=FIRST_BYTES) if limit else source
    fetched = fetch(bounded, folder=Path.cwd(), since=None, limited=True, channel=channel)
    with engine.connect(paths=fetched.paths, memory_limit_mb=memory_limit_mb) as connection:
        yield Reading(connection, open_source(connection, source, fetched))
