"""Columns: their types as people write them, as DuckDB names them, and as PostgreSQL does."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workers.ingest.sql import name

TYPES = {
    "boolean": "BOOLEAN",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "text": "VARCHAR",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "uuid": "UUID",
    "json": "JSON",
    "epoch_s": "BIGINT",
    "epoch_ms": "BIGINT",
}
"""The words for a column's type to how DuckDB reads it. ``epoch_s`` and ``epoch_ms`` then become timestamptz."""

_WORDS = {
    **{held: word for word, held in TYPES.items() if not word.startswith("epoch_")},
    **dict.fromkeys(("TINYINT", "UTINYINT", "SMALLINT", "USMALLINT"), "integer"),
    **{"UINTEGER": "bigint", "UBIGINT": "numeric(20,0)", "HUGEINT": "numeric(38,0)", "FLOAT": "double"},
    **dict.fromkeys(("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "timestamp"),
}
"""By DuckDB's type, the word that promises all its values."""
_MICROSECONDS = {"epoch_s": 1_000_000, "epoch_ms": 1000}

_POSTGRESQL = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "UTINYINT": "smallint",
    "SMALLINT": "smallint",
    "USMALLINT": "integer",
    "INTEGER": "integer",
    "UINTEGER": "bigint",
    "BIGINT": "bigint",
    "UBIGINT": "numeric(20)",
    "HUGEINT": "numeric(39)",
    "UHUGEINT": "numeric(39)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "BLOB": "bytea",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "UUID": "uuid",
    "INTERVAL": "interval",
    "JSON": "jsonb",
}
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_OF_POSTGRESQL = {
    "boolean": "BOOLEAN",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double precision": "DOUBLE",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "uuid": "UUID",
}
_ARROW_WRITES_THEM = frozenset(
    {
        "BOOLEAN",
        "TINYINT",
        "UTINYINT",
        "SMALLINT",
        "USMALLINT",
        "INTEGER",
        "UINTEGER",
        "BIGINT",
        "UBIGINT",
        "FLOAT",
        "DOUBLE",
        "VARCHAR",
    }
)
_HAVE_ERAS = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column that DuckDB reads: its name and DuckDB's word for its type."""

    name: str
    type: str

    @property
    def nested(self) -> bool:
        """True for structs, lists and maps, which are stored as JSON."""
        return self.type.endswith("]") or self.type.startswith(("STRUCT(", "MAP(", "UNION("))

    @property
    def postgresql_type(self) -> str:
        """The type of its column in PostgreSQL: text for whatever has no counterpart."""
        if self.nested:
            return "jsonb"
        if self.type.startswith("DECIMAL("):
            return self.type.replace("DECIMAL", "numeric")
        return _POSTGRESQL.get(self.type, "text")

    @property
    def copy_expression(self) -> str:
        """DuckDB SQL for the value as PostgreSQL's COPY reads it. Numbers stay numbers: Arrow writes them faster."""
        column = name(self.name)
        if self.type in _ARROW_WRITES_THEM:
            return column
        if self.nested:
            return f"CAST(to_json({column}) AS VARCHAR)"
        if self.type == "BLOB":
            return f"'\\x' || hex({column})"
        if self.type in _HAVE_ERAS:
            return f"replace(CAST({column} AS VARCHAR), '(BC)', 'BC')"
        return f"CAST({column} AS VARCHAR)"


def duckdb_type(word: str) -> str:
    """DuckDB's type for one of `TYPES` or ``numeric(p,s)``. Raises ValueError that lists what is allowed."""
    if word in TYPES:
        return TYPES[word]
    if re.fullmatch(r"numeric\(\s*([1-9]|[12][0-9]|3[0-8])\s*(,\s*([0-9]|[12][0-9]|3[0-8])\s*)?\)", word):
        return word.upper().replace("NUMERIC", "DECIMAL")
    raise ValueError(f"expected one of {', '.join(TYPES)} or numeric(precision, scale), not {word[:40]!r}")


def word_of(type: str) -> str | None:
    """The word of `TYPES`, or ``numeric(p,s)``, that promises a type of DuckDB's; None where there is none."""
    if type.endswith("]") or type.startswith(("STRUCT(", "MAP(", "UNION(")):
        return "json"
    if type.startswith("DECIMAL("):
        return type.replace("DECIMAL", "numeric").replace(" ", "")
    return _WORDS.get(type)


def converted(column: str, word: str | None) -> str:
    """DuckDB SQL that turns what was read into what ``word`` promises."""
    if word in _MICROSECONDS:
        return f"make_timestamptz(CAST({column} AS BIGINT) * {_MICROSECONDS[word]})"
    return column if word is None else f"CAST({column} AS {duckdb_type(word)})"


def misfits(value: str, held: str) -> str:
    """DuckDB SQL that is true for values that ``held``, a type of DuckDB's, cannot hold.

    DuckDB's own casts round a number to a whole one, and cut the time off a day.
    """
    cast = f"TRY_CAST({value} AS {held})"
    finer = {"DATE": "TIMESTAMP"} | dict.fromkeys(_WHOLE, "DECIMAL(38, 9)")
    if held in finer:
        cast = f"CASE WHEN CAST({cast} AS {finer[held]}) = TRY_CAST({value} AS {finer[held]}) THEN {cast} END"
    return f"{value} IS NOT NULL AND {cast} IS NULL"


def duckdb_type_of(word: str, *, kind: str) -> str | None:
    """DuckDB's type for the type that a destination's column has; None where values of any type are left to the destination."""
    if kind == "duckdb":
        return word or None
    if kind != "postgresql":
        return None
    if word.startswith("numeric("):
        return word.replace("numeric", "DECIMAL")
    return _OF_POSTGRESQL.get(word)
