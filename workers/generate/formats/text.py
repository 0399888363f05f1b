"""Columns as texts, for the formats that are text."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from workers.generate.block import Block
from workers.generate.formats.base import Stream
from workers.generate.layout import Column, Layout
from workers.generate.values import AS_THEY_ARE, spell


def spelled_rows(block: Block, layout: Layout, *, null: str) -> Iterator[tuple[object, ...]]:
    """The records with each value as text, or as a number that str() spells."""
    columns = [_spelled(values, column, null) for values, column in zip(block.columns, layout.columns, strict=True)]
    return zip(*columns, strict=True)


def _spelled(values: list[Any], column: Column, null: str) -> list[Any]:
    instead = null if column.null_text is None else column.null_text
    if column.type not in AS_THEY_ARE:
        return [instead if value is None else spell(value) for value in values]
    return [instead if value is None else value for value in values] if column.nullable else values


class Text:
    """A text file over a stream of bytes."""

    def __init__(self, stream: Stream, encoding: str = "utf-8") -> None:
        self._stream = stream
        self._buffer = io.BytesIO()
        # "replace" is for the formats' narrow encodings; UTF-8 holds everything.
        self.file = io.TextIOWrapper(self._buffer, encoding=encoding, errors="replace", newline="", write_through=True)

    def pass_on(self) -> None:
        """Give the stream what was written since."""
        self.file.flush()
        self._stream.write(self._buffer.getvalue())
        self._buffer.seek(0)
        self._buffer.truncate()
