"""CSV: the dialect is what the job says, never guessed; types are inferred from the first 20,480 rows."""

from __future__ import annotations

import csv
import itertools

import duckdb

from workers.ingest import sql
from workers.ingest.columns import duckdb_type
from workers.ingest.fetch.fetched import Fetched
from workers.ingest.scan import Scan, describe
from workers.ingest.spec import Source

REJECTS = "reject_errors"
"""DuckDB's own name for the table in which `store_rejects` keeps what it could not read."""

_BUFFER_BYTES = 8 * 1024 * 1024
"""A fourth of DuckDB's own: as fast (`make bench SCENARIO=ingest`), and some 60 MB less to hold."""


def scan(connection: duckdb.DuckDBPyConnection, source: Source, fetched: Fetched, *, tolerant: bool) -> Scan:
    """The files with their columns.

    A value that does not fit its column's type fails the load, with its line; when ``tolerant``, the line is left out and
    kept in `Scan.rejects` once everything was read.
    """
    types = {source.origin_of(target): duckdb_type(word) for target, word in source.types.items()}
    options = _dialect(source, fetched) | ({"types": sql.struct(types)} if types else {})
    if len(fetched.paths) > 1:
        options["union_by_name"] = "true"
    # Described without the rejects' options: those would keep the bad lines of the sample a second time.
    expression = sql.call("read_csv", fetched.paths, **options)
    try:
        columns = describe(connection, expression)
    except duckdb.InvalidInputException:
        _find_line(connection, source, fetched)
        raise
    if not tolerant:
        return Scan(expression, columns)
    keeping = options | {"store_rejects": "true", "rejects_limit": "0"}
    return Scan(sql.call("read_csv", fetched.paths, **keeping), columns, rejects=REJECTS)


def _dialect(source: Source, fetched: Fetched) -> dict[str, str]:
    dialect = source.csv
    return {
        "delim": sql.text(dialect.delimiter),
        "quote": sql.text(dialect.quote),
        "escape": sql.text(dialect.escape or dialect.quote),
        "skip": str(dialect.skip),
        "decimal_separator": sql.text(dialect.decimal),
        "header": str(dialect.header).lower(),
        "nullstr": sql.text(dialect.null),
        "allow_quoted_nulls": "false",  # "" is a text of length 0, nothing at all is NULL
        "encoding": sql.text(dialect.encoding),
        "comment": "''",
        "compression": sql.text(fetched.compression),
        "buffer_size": str(_BUFFER_BYTES),
    }


def _find_line(connection: duckdb.DuckDBPyConnection, source: Source, fetched: Fetched) -> None:
    """Read the file as plain text: the reader names the bad line, which its type inference does not. Raises or returns."""
    if fetched.compression != "none" or len(fetched.paths) > 1:
        return
    dialect = source.csv
    with open(fetched.paths[0], encoding=dialect.encoding, newline="", errors="replace") as file:
        lines = itertools.islice(file, dialect.skip, None)
        # A quote that no text has is as good as none.
        reader = csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote or "\x00")
        first = next(reader, [])
    columns = sql.struct({f"column{position}": "VARCHAR" for position in range(len(first))})
    options = _dialect(source, fetched)
    expression = sql.call("read_csv", fetched.paths, **options, auto_detect="false", columns=columns)
    connection.execute(f"SELECT count(*) FROM {expression}")  # noqa: S608 - every part is quoted
