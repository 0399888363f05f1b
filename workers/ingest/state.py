"""Incremental loads: where the last one ended, in a form that survives JSON and means the same to every database."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from dataclasses import dataclass
from typing import Any

from jobs.errors import PermanentError
from workers.ingest import engine, sql

JSON = Any

_WHOLE = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)
_DECIMAL = re.compile(r"DECIMAL\(\d{1,2},\d{1,2}\)")
_TIMES = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"})
_KNOWN = _WHOLE | _TIMES | {"DOUBLE", "FLOAT"}


@dataclass(frozen=True, slots=True)
class Reached:
    """A cursor's value: DuckDB's type of its column, and the value as DuckDB writes it."""

    type: str
    value: str

    @classmethod
    def from_json(cls, data: JSON) -> Reached | None:
        """The inverse of `to_json`; None for None.

        It comes from a table that others may write to, and the type goes into SQL: one that is not known counts as text.

        Raises:
            PermanentError: Nothing of the kind has been written by a load.
        """
        match data:
            case None:
                return None
            case {"type": str(type), "value": str(value)}:
                return cls(type if type in _KNOWN or _DECIMAL.fullmatch(type) else "VARCHAR", value)
        raise PermanentError(
            "what the destination's _jobs_state holds is no cursor: reset the state", code="destination"
        )

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
        elif self.type in _WHOLE or self.type == "DOUBLE" or _DECIMAL.fullmatch(self.type):
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
        if _DECIMAL.fullmatch(self.type):
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
    with engine.alone() as connection:
        row = connection.execute(statement).fetchone()
    return str(row[0]) if row else ""
