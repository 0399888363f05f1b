"""Reading: a file becomes one SELECT with typed columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from jobs.errors import PermanentError
from workers.ingest import csv_source, json_source, sql
from workers.ingest.columns import Column, converted
from workers.ingest.scan import Scan, describe
from workers.ingest.spec import Source

MAX_COLUMNS = 1600
"""PostgreSQL's limit; a file with more is hardly a table."""


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT that reads the source, and the columns it yields, in order."""

    sql: str
    columns: list[Column]


def open_source(connection: duckdb.DuckDBPyConnection, source: Source) -> Query:
    """Infer the columns of a file.

    Raises:
        PermanentError: The file cannot be read so (duckdb.Error as well: see `workers.ingest.failures`), it is empty, or
            ``fields`` or ``types`` name what it does not have.
    """
    if Path(source.path).stat().st_size == 0:
        raise PermanentError("the source file is empty", code="data")
    scan = _SCANS[source.format](connection, source)
    _check_names(scan.columns, source)
    query = _select(scan, source)
    return Query(query, describe(connection, f"({query})"))


def _parquet(connection: duckdb.DuckDBPyConnection, source: Source) -> Scan:
    expression = sql.call("read_parquet", source.path)
    return Scan(expression, describe(connection, expression))


_SCANS: Mapping[str, Callable[[duckdb.DuckDBPyConnection, Source], Scan]] = {
    "csv": csv_source.scan,
    "json": json_source.scan,
    "jsonl": json_source.scan,
    "parquet": _parquet,
}


def _select(scan: Scan, source: Source) -> str:
    """Rename, convert; nested columns become JSON, so that both destinations show the same."""
    # A staged scan has the fields' own names already.
    wanted = {c.name: c.name for c in scan.columns} if scan.mapped or not source.fields else source.fields
    types = {c.name: c for c in scan.columns}
    parts = []
    for target, origin in wanted.items():
        value = converted(sql.name(origin), source.types.get(target))
        if target not in source.types and types[origin].nested:
            value = f"to_json({value})"
        parts.append(f"{value} AS {sql.name(target)}")
    return f"SELECT {', '.join(parts)} FROM {scan.expression}"  # noqa: S608 - every part is quoted


def _check_names(columns: list[Column], source: Source) -> None:
    present = [column.name for column in columns]
    if len(present) > MAX_COLUMNS:
        raise PermanentError(f"the source has {len(present)} columns; at most {MAX_COLUMNS} can be loaded", code="data")
    if source.format in ("csv", "parquet"):
        _refuse_unknown("source.fields", set(source.fields.values()) - set(present), present)
    results = list(source.fields) or present
    _refuse_unknown("source.types", set(source.types) - set(results), results)
    for column in results:
        if len(column.encode()) > 63:
            raise PermanentError(
                f"column {column[:80]!r} has a name of more than 63 bytes; rename it in source.fields", code="data"
            )


def _refuse_unknown(field: str, unknown: set[str], present: list[str]) -> None:
    if unknown:
        named = ", ".join(repr(name) for name in sorted(unknown))
        shown = ", ".join(repr(name) for name in present[:50])
        raise PermanentError(f"{field} names {named}, which the source does not have; it has {shown}", code="data")
