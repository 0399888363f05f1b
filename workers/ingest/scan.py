"""A table expression of DuckDB's and the columns it yields."""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from jobs.errors import PermanentError
from workers.ingest.columns import Column


class NoRecords(PermanentError):
    """The source is whole and holds no records, so that its columns are unknown. Only a replace needs them."""

    def __init__(self) -> None:
        super().__init__("the source holds no records, so its columns are unknown; nothing was changed", code="data")


@dataclass(frozen=True, slots=True)
class Scan:
    """Something to SELECT from.

    Args:
        mapped: ``source.fields`` have been applied to it already.
        untyped: Columns of the result whose types the scan leaves to be converted.
        rejects: The table in which DuckDB's reader keeps the lines that it could not read; "" where it fails at the first.
    """

    expression: str
    columns: list[Column]
    mapped: bool = False
    untyped: frozenset[str] = field(default_factory=frozenset)
    rejects: str = ""


def describe(connection: duckdb.DuckDBPyConnection, expression: str) -> list[Column]:
    """The columns of a table expression, in order."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {expression}").fetchall()  # noqa: S608 - every part is quoted
    return [Column(name=row[0], type=str(row[1]).strip('"')) for row in rows]
