"""XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from workers.generate.block import Block
from workers.generate.formats.base import Stream
from workers.generate.formats.options import XmlFormat
from workers.generate.layout import Column, Layout
from workers.generate.values import spell

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Source: https://www.w3.org/TR/xml/#charsets"""


class XmlWriter:
    """Writes an element a record, with an element or attribute a field. What is null has none; what is a list has several."""

    def __init__(self, stream: Stream, layout: Layout, options: XmlFormat) -> None:
        self._stream = stream
        self._options = options
        self._attributes = [(at, column) for at, column in enumerate(layout.columns) if _is_attribute(column)]
        self._elements = [(at, column) for at, column in enumerate(layout.columns) if not _is_attribute(column)]
        self._end, self._indent = ("\n", "  ") if options.pretty else ("", "")
        self._put(f'<?xml version="1.0" encoding="UTF-8"?>\n<{options.root}>{self._end}')

    def write(self, block: Block) -> None:
        """An element each."""
        text = "".join([self._record(row) for row in block.rows()])
        self._put(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))  # once for all: it takes as long for one value

    def close(self) -> None:
        """End the root element."""
        self._put(f"</{self._options.root}>\n")

    def _record(self, row: tuple[Any, ...]) -> str:
        name, end, indent = self._options.record, self._end, self._indent
        attributes = "".join(
            f" {column.name}={quoteattr(text)}"
            for at, column in self._attributes
            if (text := _shown(row[at], column)) is not None
        )
        elements = "".join(
            f"{indent * 2}{element}{end}" for at, column in self._elements for element in _elements(column, row[at])
        )
        return f"{indent}<{name}{attributes}>{end}{elements}{indent}</{name}>{end}"

    def _put(self, text: str) -> None:
        self._stream.write(text.encode())


def _elements(column: Column, value: Any) -> Iterator[str]:
    """The elements of one field: several for a list, none for null."""
    if isinstance(value, list):
        for item in value:
            yield from _elements(
                Column(column.name, column.inner[0].type, nullable=False, inner=column.inner[0].inner), item
            )
        return
    if isinstance(value, dict):
        inside = "".join(text for inner in column.inner for text in _elements(inner, value[inner.name]))
        yield f"<{column.name}>{inside}</{column.name}>"
        return
    text = _shown(value, column)
    if text is not None:
        yield f"<{column.name}>{escape(text)}</{column.name}>"


def _shown(value: Any, column: Column) -> str | None:
    return column.null_text if value is None else spell(value)


def _is_attribute(column: Column) -> bool:
    return column.attribute and column.type not in ("list", "object")
