"""Excel."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from jobs.errors import PermanentError
from workers.generate.block import Block
from workers.generate.formats.base import Stream
from workers.generate.formats.options import EXCEL_ROWS, ExcelFormat
from workers.generate.layout import Layout
from workers.generate.values import spell

_EXACT = 10**15
"""Excel's numbers have 15 digits; a whole number with more becomes text."""
_MAX_CHARACTERS = 32_767
_FIRST_YEAR = 1900
"""Excel has no days before it; an earlier one becomes text."""
_CREATED = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - as Excel has it; the same records make the same file


class ExcelWriter:
    """Writes one sheet, a row at a time into a file of the working directory; the workbook is put together at the end."""

    def __init__(self, stream: Stream, layout: Layout, options: ExcelFormat) -> None:
        self._workbook = xlsxwriter.Workbook(stream, {"constant_memory": True, "remove_timezone": True})
        self._workbook.set_properties({"created": _CREATED})
        self._sheet: Worksheet = self._workbook.add_worksheet(layout.dataset[:31])
        self._names = layout.names
        self._dates = {
            dt.date: self._workbook.add_format({"num_format": "yyyy-mm-dd"}),
            dt.time: self._workbook.add_format({"num_format": "hh:mm:ss"}),
            dt.datetime: self._workbook.add_format({"num_format": options.date_format}),
        }
        self._row = 0
        if options.header:
            self._write_row(layout.names)

    def write(self, block: Block) -> None:
        """A row each. Raises PermanentError when the sheet is full, or a text too long for a cell."""
        if self._row + block.count > EXCEL_ROWS:
            raise PermanentError(f"an Excel sheet has {EXCEL_ROWS:,} rows at most; use another format", code="format")
        for row in block.rows():
            self._write_row(row)

    def close(self) -> None:
        """Put the workbook together."""
        self._workbook.close()

    def _write_row(self, values: Any) -> None:
        for column, value in enumerate(values):
            self._write_cell(column, value)
        self._row += 1

    def _write_cell(self, column: int, value: Any) -> None:
        """Never write(), which makes formulas and links of texts that look so."""
        match value:
            case None:
                return
            case bool():
                self._sheet.write_boolean(self._row, column, value)
            case int() if abs(value) >= _EXACT:
                self._write_text(column, str(value))
            case int() | float() | Decimal():
                self._sheet.write_number(self._row, column, float(value))
            case dt.date() if value.year < _FIRST_YEAR:
                self._write_text(column, spell(value))
            case dt.date() | dt.time():
                self._sheet.write_datetime(self._row, column, value, self._dates[type(value)])
            case _:
                self._write_text(column, spell(value))

    def _write_text(self, column: int, text: str) -> None:
        if len(text) > _MAX_CHARACTERS:
            message = f"a cell holds {_MAX_CHARACTERS:,} characters at most; {self._names[column]} has more"
            raise PermanentError(message, code="format")
        self._sheet.write_string(self._row, column, text)
