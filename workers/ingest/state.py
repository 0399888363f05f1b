"""Incremental loads: where the last one ended, in a form that survives JSON and means the same to every database."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from dataclasses import dataclass
from typing import Any

import duckdb

from jobs.errors import PermanentError
from workers.ingest import sql

JSON = Any

_WHOLE = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)
_TIMES = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"})


@dataclass(frozen=True, slots=True)
class Reached:
    """A cursor's value: DuckDB's type of its column, and the value as DuckDB writes it."""

    type: str
    value: str

    @classmethod
    def from_json(cls, data: JSON) -> Reached | None:
        """The inverse of `to_json`; None for None."""
        return None if data is None else cls(type=str(data["type"]), value=str(data["value"]))

    def to_json(self) -> JSON:
        """As JSON-ready data."""
        return {"type": self.type, "value": self.value}

    def before(self, lag: float) -> Reached:
        """The value ``lag`` before this one: seconds for times, the column's own unit for numbers.

        Raises:
            PermanentError: The column's type knows no distance.
        """
        if not lag:
            return self
        if self.type in _TIMES:
            step = f"CAST({sql.text(self.value)} AS {self.type}) - to_microseconds(CAST({round(lag * 1_000_000)} AS BIGINT))"
        elif self.type in _WHOLE or self.type == "DOUBLE" or self.type.startswith("DECIMAL"):
            step = f"CAST({sql.text(self.value)} AS {self.type}) - CAST({lag!r} AS {self.type})"
        else:
            raise PermanentError(f"cursor.lag: a column of type {self.type.lower()} has no distance", code="data")
        kept_type = "TIMESTAMP" if self.type == "DATE" else self.type
        return Reached(kept_type, _answer(f"SELECT CAST(CAST({step} AS {kept_type}) AS VARCHAR)"))

    def to_python(self) -> Any:
        """As a database driver takes it."""
        if self.type in _WHOLE:
            return int(self.value)
        if self.type in ("DOUBLE", "FLOAT"):
            return float(self.value)
        if self.type.startswith("DECIMAL"):
            return decimal.Decimal(self.value)
        if self.type == "DATE":
            return dt.date.fromisoformat(self.value)
        if self.type in _TIMES:
            return dt.datetime.fromisoformat(self.value)
        return self.value


def initial(text: str) -> Reached:
    """Where a first load begins, as the job says it: a whole number, a number, a time (with a zone when it ends in Z), or text."""
    time = "TIMESTAMP WITH TIME ZONE" if text.endswith("Z") else "TIMESTAMP"
    kinds = ("BIGINT", "DOUBLE", "DATE" if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else time)
    for kind in kinds[1:] if "." in text else kinds:  # a cast to whole numbers would round
        if _answer(f"SELECT CAST(TRY_CAST({sql.text(text)} AS {kind}) IS NOT NULL AS VARCHAR)") == "true":
            return Reached(kind, _answer(f"SELECT CAST(CAST({sql.text(text)} AS {kind}) AS VARCHAR)"))
    return Reached("VARCHAR", text)


def _answer(statement: str) -> str:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        row = connection.execute(statement).fetchone()
    return str(row[0]) if row else ""
