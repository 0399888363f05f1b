"""Loads that must see all rows before the first one is written: the rows go into a table of the child's own DuckDB first.

Needed for an incremental cursor (its highest value), for rows that may fail (they are counted before anything is written), for
merging (a key counts once) and for a contract that leaves rows out. The table spills into the working directory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from jobs.errors import PermanentError
from workers.ingest import ask, sql
from workers.ingest.columns import Column
from workers.ingest.plain import clean, plain
from workers.ingest.source import BAD, RAW, Query
from workers.ingest.state import Reached

JSON = Any

TABLE = "_jobs_staged"
_VALUE_CHARACTERS = 1000
_REASON_CHARACTERS = 1000


@dataclass
class Rejects:
    """Rows that were left out: how many, and the first of them, as ``{"number", "reason", "values"}``."""

    keep: int
    failed: int = 0
    skipped: int = 0
    rows: list[dict[str, JSON]] = field(default_factory=list)

    @property
    def room(self) -> int:
        """How many more are kept."""
        return max(0, self.keep - len(self.rows))

    def add(self, *, number: int | None, reason: str, values: dict[str, JSON]) -> None:
        """Keep one, its cells cut to a length that can be looked at. Does not count it."""
        if self.room:
            whole = plain(values)
            cut = {
                name: value[:_VALUE_CHARACTERS] if isinstance(value, str) else value for name, value in whole.items()
            }
            self.rows.append({"number": number, "reason": clean(reason)[:_REASON_CHARACTERS], "values": cut})


class Staged:
    """The staged rows of one load, in the order of the source."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, query: Query, *, rejects: Rejects) -> None:
        """Read the whole query. What the readers could not make sense of goes to the rejects."""
        self._connection = connection
        self._query = query
        self._held: dict[str, str] = {}
        self.rejects = rejects
        connection.execute(f"CREATE TEMP TABLE {TABLE} AS {query.sql}")
        self.input = self._count("true")
        if query.rejects:
            self._take_unreadable(query.rejects)
        self._take_marked()
        self.input += rejects.failed if query.rejects else 0

    @property
    def query(self) -> Query:
        """What is left, to be loaded."""
        values = ", ".join(self._value(column) for column in self._query.columns)
        columns = [replace(c, type=self._held.get(c.name, c.type)) for c in self._query.columns]
        return replace(self._query, sql=f"SELECT {values} FROM {TABLE}", columns=columns, rejects="")  # noqa: S608

    @property
    def rows(self) -> int:
        """How many are left."""
        return self._count("true")

    def without(self, columns: list[str]) -> None:
        """Leave columns out of what is loaded."""
        kept = [column for column in self._query.columns if column.name not in columns]
        self._query = replace(self._query, columns=kept)

    def require(self, columns: list[str], *, what: str) -> None:
        """Rows without a value in one of the columns fail."""
        for column in columns:
            condition = f"{sql.name(column)} IS NULL"
            self.rejects.failed += self._take(condition, f"column {column}, {what}, has no value")

    def discard(self, condition: str, reason: str) -> None:
        """Leave rows out that the contract does not want."""
        self.rejects.skipped += self._take(condition, reason)

    def fail(self, condition: str, reason: str) -> None:
        """Leave rows out that cannot be loaded."""
        self.rejects.failed += self._take(condition, reason)

    def cast(self, column: Column, held: str) -> None:
        """Load a column as another type, which all its values are known to fit."""
        self._held[column.name] = held

    def forget(self, condition: str) -> int:
        """Leave rows out without a word, as if they had not been read: they were loaded before. Returns how many."""
        forgotten = self._delete(condition)
        self.input -= forgotten
        return forgotten

    def only_last(self, key: list[str], *, order: str | None) -> None:
        """Of rows with the same key keep the one with the highest ``order``, or the last one; the others are skipped.

        Keys are compared as they are loaded: ``01`` and ``1`` are one in a column of numbers.
        """
        same = ", ".join(self._loaded(column) for column in key)
        ranked = f"{sql.name(order)} DESC NULLS LAST, rowid DESC" if order else "rowid DESC"
        numbered = f"SELECT rowid AS id, row_number() OVER (PARTITION BY {same} ORDER BY {ranked}) AS n FROM {TABLE}"  # noqa: S608
        repeated = f"SELECT 1 FROM {TABLE} GROUP BY {same} HAVING count(*) > 1 LIMIT 1"  # noqa: S608
        if ask.row(self._connection, repeated):
            self.rejects.skipped += self._delete(f"rowid IN (SELECT id FROM ({numbered}) WHERE n > 1)")  # noqa: S608

    def first(self, limit: int, *, order: str) -> None:
        """Keep the first rows by a column, and all that have the same value as the last of them: the next load begins beyond it."""
        column = sql.name(order)
        last = f"SELECT {column} FROM {TABLE} ORDER BY {column} LIMIT 1 OFFSET {int(limit) - 1}"  # noqa: S608
        self.input -= self._delete(f"{column} > ({last})")

    def highest(self, column: Column, *, at_least: Reached | None) -> Reached | None:
        """The highest value of a column, or ``at_least`` if that is higher; None without either."""
        known = f"CAST({sql.text(at_least.value)} AS {column.type})" if at_least else "NULL"
        statement = f"SELECT CAST(greatest(max({sql.name(column.name)}), {known}) AS VARCHAR) FROM {TABLE}"  # noqa: S608
        row = ask.row(self._connection, statement)
        return Reached(column.type, row[0]) if row and row[0] is not None else None

    def check(self, most: int) -> None:
        """Fail the load when more rows failed than may.

        Raises:
            PermanentError: With the first reason.
        """
        if self.rejects.failed > most:
            first = next(iter(self.rejects.rows), None)
            shown = f"; the first: {_shown(first)}" if first else ""
            allowed = f"; rejected.maximum allows {most}" if most else ""
            raise PermanentError(f"{self.rejects.failed} rows cannot be loaded{allowed}{shown}", code="data")

    def _value(self, column: Column) -> str:
        return f"{self._loaded(column.name)} AS {sql.name(column.name)}"

    def _loaded(self, name: str) -> str:
        return f"CAST({sql.name(name)} AS {self._held[name]})" if name in self._held else sql.name(name)

    def _take_unreadable(self, table: str) -> None:
        """DuckDB keeps one entry an error, and a line may have several."""
        lines = f"SELECT DISTINCT file_id, line FROM {table}"  # noqa: S608
        self.rejects.failed += ask.number(self._connection, f"SELECT count(*) FROM ({lines})")  # noqa: S608
        first = (
            f"SELECT line, first(error_message ORDER BY column_idx), first(csv_line) FROM {table} "  # noqa: S608
            f"GROUP BY file_id, line ORDER BY file_id, line LIMIT {self.rejects.room}"
        )
        for line, reason, text in self._connection.execute(first).fetchall():
            self.rejects.add(number=line, reason=str(reason).splitlines()[0], values={"line": text})

    def _take_marked(self) -> None:
        if BAD not in self._columns():
            return
        self.rejects.failed += self._count(f"{BAD} IS NOT NULL")
        kept = f"SELECT rowid + 1, {BAD}, {RAW} FROM {TABLE} WHERE {BAD} IS NOT NULL ORDER BY rowid LIMIT {self.rejects.room}"  # noqa: S608
        for number, reason, raw in self._connection.execute(kept).fetchall():
            self.rejects.add(number=number, reason=reason, values=json.loads(raw))
        self._delete(f"{BAD} IS NOT NULL")

    def _take(self, condition: str, reason: str) -> int:
        if self.rejects.room:
            values = (
                f"CAST(to_json({{{', '.join(f'{sql.text(n)}: {sql.name(n)}' for n in self._query.names)}}}) AS VARCHAR)"
            )
            kept = f"SELECT rowid + 1, {values} FROM {TABLE} WHERE {condition} ORDER BY rowid LIMIT {self.rejects.room}"  # noqa: S608
            for number, raw in self._connection.execute(kept).fetchall():
                self.rejects.add(number=number, reason=reason, values=json.loads(raw))
        return self._delete(condition)

    def _columns(self) -> list[str]:
        return [row[0] for row in self._connection.execute(f"DESCRIBE {TABLE}").fetchall()]

    def _count(self, condition: str) -> int:
        return ask.number(self._connection, f"SELECT count(*) FROM {TABLE} WHERE {condition}")  # noqa: S608

    def _delete(self, condition: str) -> int:
        return ask.number(self._connection, f"DELETE FROM {TABLE} WHERE {condition}")  # noqa: S608


def _shown(rejected: dict[str, JSON]) -> str:
    where = f"row {rejected['number']}: " if rejected["number"] else ""
    return f"{where}{rejected['reason']}"
