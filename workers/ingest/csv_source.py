"""CSV: the dialect is what the job says, never guessed; types are inferred from the first 20,480 rows."""

from __future__ import annotations

import csv

import duckdb

from workers.ingest import sql
from workers.ingest.columns import duckdb_type
from workers.ingest.scan import Scan, describe
from workers.ingest.spec import Source


def scan(connection: duckdb.DuckDBPyConnection, source: Source) -> Scan:
    """The file with its columns. A value that does not fit its column's type fails the load, with its line."""
    origins = {target: source.fields.get(target, target) for target in source.types}
    types = {origins[target]: duckdb_type(word) for target, word in source.types.items()}
    options = _dialect(source) | ({"types": sql.struct(types)} if types else {})
    expression = sql.call("read_csv", source.path, **options)
    try:
        return Scan(expression, describe(connection, expression))
    except duckdb.InvalidInputException:
        _find_line(connection, source)
        raise


def _dialect(source: Source) -> dict[str, str]:
    dialect = source.csv
    return {
        "delim": sql.text(dialect.delimiter),
        "quote": sql.text(dialect.quote),
        "escape": sql.text(dialect.quote),
        "header": str(dialect.header).lower(),
        "nullstr": sql.text(dialect.null),
        "allow_quoted_nulls": "false",  # "" is a text of length 0, nothing at all is NULL
        "encoding": sql.text(dialect.encoding),
        "comment": "''",
        "compression": "'none'",
    }


def _find_line(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Read the file as plain text: the reader names the bad line, which its type inference does not. Raises or returns."""
    with open(source.path, encoding=source.csv.encoding, newline="", errors="replace") as file:
        first = next(csv.reader(file, delimiter=source.csv.delimiter, quotechar=source.csv.quote), [])
    columns = sql.struct({f"column{position}": "VARCHAR" for position in range(len(first))})
    expression = sql.call("read_csv", source.path, **_dialect(source), auto_detect="false", columns=columns)
    connection.execute(f"SELECT count(*) FROM {expression}")  # noqa: S608 - every part is quoted
