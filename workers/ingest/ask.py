"""Asking DuckDB for one row.

All of an answer is fetched, always: a connection with an unfinished result gives no Arrow batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb


def row(connection: duckdb.DuckDBPyConnection, statement: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """The first row of an answer; None when it has none."""
    found = connection.execute(statement, list(values)).fetchall()
    return tuple(found[0]) if found else None


def number(connection: duckdb.DuckDBPyConnection, statement: str, values: Sequence[Any] = ()) -> int:
    """The one number of an answer: a count, or how many rows a statement changed. 0 without an answer."""
    found = row(connection, statement, values)
    return int(found[0]) if found else 0
