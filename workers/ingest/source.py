"""Reading: fetched files become one SELECT with typed columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from jobs.errors import PermanentError
from workers.ingest import csv_source, json_source, sql
from workers.ingest.columns import Column, converted, duckdb_type, misfits
from workers.ingest.fetch.fetched import Fetched
from workers.ingest.scan import NoRecords, Scan, describe
from workers.ingest.spec import Source

MAX_COLUMNS = 1600
"""PostgreSQL's limit; a file with more is hardly a table."""
BAD = "_jobs_bad"
"""In a tolerant query: why the row cannot be loaded; NULL where it can."""
RAW = "_jobs_raw"
"""In a tolerant query: such a row's values as JSON text, as they were read."""


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT that reads the source, and the columns it yields, in order.

    ``rejects`` as in `workers.ingest.scan.Scan`. A tolerant query's SELECT yields `BAD` and `RAW` as well.
    """

    sql: str
    columns: list[Column]
    rejects: str = ""

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [column.name for column in self.columns]


def open_source(
    connection: duckdb.DuckDBPyConnection, source: Source, fetched: Fetched, *, tolerant: bool = False
) -> Query:
    """Infer the columns of the fetched files.

    Args:
        tolerant: Whether values that do not fit mark their row instead of failing the query.

    Raises:
        NoRecords: There are none, in a format in which that is not said with a header.
        PermanentError: The files cannot be read so (duckdb.Error as well: see `workers.ingest.failures`), they are empty, or
            a field of the job names what they do not have.
    """
    if not any(Path(path).stat().st_size for path in fetched.paths):
        raise NoRecords if fetched.format == "jsonl" else PermanentError("the source file is empty", code="data")
    scan = _SCANS[fetched.format](connection, source, fetched, tolerant=tolerant)
    _check_names(scan.columns, source, named_by_column=fetched.format in ("csv", "parquet"))
    values = _values(scan, source, tolerant=tolerant)
    select = ", ".join(f"{value} AS {sql.name(name)}" for name, value in values.items())
    described = describe(connection, f"(SELECT {select} FROM {_described(scan)})")  # noqa: S608 - every part is quoted
    if tolerant:
        select += f", {_verdict(scan, source, values)}"
    return Query(f"SELECT {select} FROM {scan.expression}", described, scan.rejects)  # noqa: S608 - every part is quoted


def _parquet(connection: duckdb.DuckDBPyConnection, source: Source, fetched: Fetched, *, tolerant: bool) -> Scan:
    options = {"union_by_name": "true"} if len(fetched.paths) > 1 else {}
    expression = sql.call("read_parquet", fetched.paths, **options)
    untyped = frozenset(source.types) if tolerant else frozenset()
    return Scan(expression, describe(connection, expression), untyped=untyped)


_SCANS: Mapping[str, Callable[..., Scan]] = {
    "csv": csv_source.scan,
    "json": json_source.scan,
    "jsonl": json_source.scan,
    "parquet": _parquet,
}


def _described(scan: Scan) -> str:
    """The scan's columns without the files: describing a reader that keeps rejects would keep those of the sample."""
    if not scan.rejects:
        return scan.expression
    types = ", ".join(f"CAST(NULL AS {column.type}) AS {sql.name(column.name)}" for column in scan.columns)
    return f"(SELECT {types})"


def _values(scan: Scan, source: Source, *, tolerant: bool) -> dict[str, str]:
    """The result's columns to their SQL: renamed, converted; nested columns become JSON, so that all destinations show the same."""
    types = {c.name: c for c in scan.columns}
    values = {}
    for target, origin in _wanted(scan, source).items():
        value = converted(sql.name(origin), source.types.get(target))
        if target in scan.untyped:
            value = f"TRY({value})"
        if target not in source.types and types[origin].nested:
            value = f"to_json({value})"
        values[target] = value
    return values


def _wanted(scan: Scan, source: Source) -> dict[str, str]:
    """The result's columns to the scan's."""
    if source.fields and not scan.mapped:
        return source.fields
    # A staged scan has the fields' own names already.
    return {source.rename.get(c.name, c.name): c.name for c in scan.columns if c.name not in source.drop}


def _verdict(scan: Scan, source: Source, values: Mapping[str, str]) -> str:
    wanted = _wanted(scan, source)
    failed = {
        name: f"({sql.name(wanted[name])} IS NOT NULL AND {values[name]} IS NULL) "
        f"OR ({misfits(sql.name(wanted[name]), duckdb_type(source.types[name]))})"
        for name in sorted(scan.untyped)
    }
    reasons = "".join(
        f" WHEN {condition} THEN {sql.text(f'column {name}: the value is no {source.types[name]}')}"
        for name, condition in failed.items()
    )
    if not reasons:
        return f"CAST(NULL AS VARCHAR) AS {BAD}, CAST(NULL AS VARCHAR) AS {RAW}"
    raw = ", ".join(f"{sql.text(name)}: {sql.name(origin)}" for name, origin in wanted.items())
    anywhere = " OR ".join(f"({condition})" for condition in failed.values())
    return f"CASE{reasons} END AS {BAD}, CASE WHEN {anywhere} THEN CAST(to_json({{{raw}}}) AS VARCHAR) END AS {RAW}"


def _check_names(columns: list[Column], source: Source, *, named_by_column: bool) -> None:
    present = [column.name for column in columns]
    if len(present) > MAX_COLUMNS:
        raise PermanentError(f"the source has {len(present)} columns; at most {MAX_COLUMNS} can be loaded", code="data")
    if named_by_column:
        _refuse_unknown("source.fields", set(source.fields.values()) - set(present), present)
    if not source.fields:
        _refuse_unknown("source.drop", set(source.drop) - set(present), present)
        _refuse_unknown("source.rename", set(source.rename) - set(present), present)
    kept = [source.rename.get(name, name) for name in present if name not in source.drop]
    results = list(source.fields) or kept
    _refuse_twice(results)
    _refuse_unknown("source.types", set(source.types) - set(results), results)
    for column in results:
        if len(column.encode()) > 63:
            raise PermanentError(
                f"column {column[:80]!r} has a name of more than 63 bytes; rename it in source.fields", code="data"
            )


def _refuse_twice(results: list[str]) -> None:
    if twice := [name for name, count in Counter(results).items() if count > 1]:
        raise PermanentError(f"source.rename gives two columns the name {twice[0]!r}", code="data")


def _refuse_unknown(field: str, unknown: set[str], present: list[str]) -> None:
    if unknown:
        named = ", ".join(repr(name) for name in sorted(unknown))
        shown = ", ".join(repr(name) for name in present[:50])
        raise PermanentError(f"{field} names {named}, which the source does not have; it has {shown}", code="data")
