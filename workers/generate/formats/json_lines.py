"""JSON Lines."""

from __future__ import annotations

import json

from workers.generate.block import Block
from workers.generate.formats.base import Stream
from workers.generate.formats.options import JsonLinesFormat
from workers.generate.layout import Layout
from workers.generate.values import to_json


class JsonLinesWriter:
    """Writes an object a line; null is null."""

    def __init__(self, stream: Stream, layout: Layout, options: JsonLinesFormat) -> None:
        self._stream = stream
        self._names = layout.names
        self._encode = json.JSONEncoder(ensure_ascii=False, default=to_json, check_circular=False).encode

    def write(self, block: Block) -> None:
        """A line each."""
        encode, names = self._encode, self._names
        lines = [encode(dict(zip(names, row, strict=True))) for row in block.rows()]
        self._stream.write(("\n".join(lines) + "\n").encode())

    def close(self) -> None:
        """Nothing ends it."""
