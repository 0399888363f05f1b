"""CSV."""

from __future__ import annotations

import csv

from workers.generate.block import Block
from workers.generate.formats.base import Stream
from workers.generate.formats.options import CsvFormat
from workers.generate.formats.text import Text, spelled_rows
from workers.generate.layout import Layout


class CsvWriter:
    """Writes with Python's csv module: quotes are doubled inside quotes."""

    def __init__(self, stream: Stream, layout: Layout, options: CsvFormat) -> None:
        self._layout = layout
        self._null = options.null_text
        self._text = Text(stream, options.encoding)
        self._csv = csv.writer(
            self._text.file,
            delimiter=options.delimiter,
            lineterminator=options.line_end,
            quoting=csv.QUOTE_ALL if options.quote_all else csv.QUOTE_MINIMAL,
        )
        if options.header:
            self._csv.writerow(layout.names)

    def write(self, block: Block) -> None:
        """A line each; more where a value has line ends."""
        self._csv.writerows(spelled_rows(block, self._layout, null=self._null))
        self._text.pass_on()

    def close(self) -> None:
        """The header, when nothing else was written."""
        self._text.pass_on()
