"""Avro."""

from __future__ import annotations

from hashlib import md5
from typing import IO, Any, cast

from fastavro.write import Writer as Container

from workers.generate.block import Block
from workers.generate.formats.base import Stream
from workers.generate.formats.options import AvroFormat
from workers.generate.layout import Column, Layout
from workers.generate.values import Type

_TYPES: dict[Type, Any] = {
    Type.TEXT: "string",
    Type.INTEGER: "long",
    Type.NUMBER: "double",
    Type.BOOLEAN: "boolean",
    Type.BYTES: "bytes",
    Type.DATE: {"type": "int", "logicalType": "date"},
    Type.TIME: {"type": "long", "logicalType": "time-micros"},
    Type.TIMESTAMP: {"type": "long", "logicalType": "timestamp-micros"},
}


class AvroWriter:
    """Writes a block of the file for some 16 KB of records."""

    def __init__(self, stream: Stream, layout: Layout, options: AvroFormat) -> None:
        self._names = layout.names
        name = "".join(letter if letter.isalnum() else "_" for letter in f"_{layout.dataset}").lstrip("_")
        record = _record(name if not name[:1].isdigit() else f"_{name}", layout.columns)
        # By default a random text stands between the blocks, and the same records would make other files.
        marker = md5(repr(record).encode(), usedforsecurity=False).digest()
        file = cast("IO[bytes]", stream)  # write, flush, tell and seekable are all it uses
        self._container = Container(file, record, codec=options.codec, sync_marker=marker)

    def write(self, block: Block) -> None:
        """The next records."""
        for row in block.rows():
            self._container.write(dict(zip(self._names, row, strict=True)))

    def close(self) -> None:
        """The last block of the file."""
        self._container.flush()


def _record(name: str, columns: tuple[Column, ...]) -> dict[str, Any]:
    """The schema of a record; those inside it are named after their place."""
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": column.name, "type": _type(column, f"{name}_{column.name}")} for column in columns],
    }


def _type(column: Column, place: str) -> Any:
    schema = _schema(column, place)
    return ["null", schema] if column.nullable else schema


def _schema(column: Column, place: str) -> Any:
    match column.type:
        case Type.DECIMAL:
            return {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": column.scale}
        case Type.LIST:
            return {"type": "array", "items": _type(column.inner[0], f"{place}_item")}
        case Type.OBJECT:
            return _record(place, column.inner)
    return _TYPES[column.type]
