"""SQL INSERT statements."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workers.generate.block import Block
from workers.generate.formats.base import Stream
from workers.generate.formats.options import SqlFormat
from workers.generate.layout import Column, Layout
from workers.generate.values import Type, spell

_ANSI = {
    Type.TEXT: "VARCHAR(4000)",
    Type.INTEGER: "BIGINT",
    Type.NUMBER: "DOUBLE PRECISION",
    Type.BOOLEAN: "BOOLEAN",
    Type.BYTES: "BLOB",
    Type.DATE: "DATE",
    Type.TIME: "TIME",
    Type.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
    Type.LIST: "VARCHAR(4000)",
    Type.OBJECT: "VARCHAR(4000)",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of database writes what they do not all write alike.

    ``quotes`` stand around names. ``binary`` is around the hexadecimal digits of bytes, ``text`` before a literal.
    """

    types: dict[Type, str]
    quotes: tuple[str, str] = ('"', '"')
    binary: tuple[str, str] = ("X'", "'")
    text: str = ""
    booleans: tuple[str, str] = ("FALSE", "TRUE")
    zones: bool = True
    backslashes: bool = False


_DIALECTS = {
    "ansi": Dialect(_ANSI),
    "postgresql": Dialect(
        _ANSI | {Type.TEXT: "text", Type.BYTES: "bytea", Type.LIST: "jsonb", Type.OBJECT: "jsonb"}, binary=("'\\x", "'")
    ),
    "mysql": Dialect(
        _ANSI | {Type.TEXT: "TEXT", Type.TIMESTAMP: "DATETIME", Type.LIST: "JSON", Type.OBJECT: "JSON"},
        quotes=("`", "`"),
        zones=False,
        backslashes=True,
    ),
    "sqlserver": Dialect(
        _ANSI
        | {
            Type.TEXT: "NVARCHAR(4000)",
            Type.NUMBER: "FLOAT",
            Type.BOOLEAN: "BIT",
            Type.BYTES: "VARBINARY(MAX)",
            Type.TIMESTAMP: "DATETIMEOFFSET",
            Type.LIST: "NVARCHAR(MAX)",
            Type.OBJECT: "NVARCHAR(MAX)",
        },
        quotes=("[", "]"),
        binary=("0x", ""),
        text="N",
        booleans=("0", "1"),
    ),
    "sqlite": Dialect(
        _ANSI | {Type.TEXT: "TEXT", Type.INTEGER: "INTEGER", Type.NUMBER: "REAL", Type.TIMESTAMP: "TEXT"},
        booleans=("0", "1"),
    ),
}


class SqlWriter:
    """Writes statements of many rows each; objects and lists are JSON texts."""

    def __init__(self, stream: Stream, layout: Layout, options: SqlFormat) -> None:
        self._stream = stream
        self._rows = options.rows_per_insert
        self._dialect = _DIALECTS[options.dialect]
        table = _name(options.table or layout.dataset, self._dialect)
        names = ", ".join(_name(name, self._dialect) for name in layout.names)
        self._insert = f"INSERT INTO {table} ({names}) VALUES\n"
        if options.create_table:
            columns = ",\n".join(f"  {_declared(column, self._dialect)}" for column in layout.columns)
            self._put(f"CREATE TABLE {table} (\n{columns}\n);\n")

    def write(self, block: Block) -> None:
        """Statements of at most so many rows."""
        literal = self._literal
        rows = [f"({', '.join([literal(value) for value in row])})" for row in block.rows()]
        parts = [",\n".join(rows[at : at + self._rows]) for at in range(0, len(rows), self._rows)]
        self._put("".join(f"{self._insert}{part};\n" for part in parts))

    def close(self) -> None:
        """Nothing ends it."""

    def _literal(self, value: Any) -> str:
        dialect = self._dialect
        match value:
            case None:
                return "NULL"
            case bool():
                return dialect.booleans[value]
            case int() | float() | Decimal():
                return str(value)
            case bytes():
                return f"{dialect.binary[0]}{value.hex()}{dialect.binary[1]}"
            case dt.datetime() if not dialect.zones:
                value = value.replace(tzinfo=None)
        text = spell(value).replace("'", "''").replace("\x00", "")
        return f"{dialect.text}'{text.replace(chr(92), chr(92) * 2) if dialect.backslashes else text}'"

    def _put(self, text: str) -> None:
        self._stream.write(text.encode())


def _name(name: str, dialect: Dialect) -> str:
    opening, closing = dialect.quotes
    return f"{opening}{name.replace(closing, closing * 2)}{closing}"


def _declared(column: Column, dialect: Dialect) -> str:
    kind = f"DECIMAL(38, {column.scale})" if column.type == Type.DECIMAL else dialect.types[column.type]
    return f"{_name(column.name, dialect)} {kind}{'' if column.nullable else ' NOT NULL'}"
