"""From a format's options to its writer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workers.generate.formats.avro import AvroWriter
from workers.generate.formats.base import Stream, Writer
from workers.generate.formats.delimited import CsvWriter
from workers.generate.formats.excel import ExcelWriter
from workers.generate.formats.json_lines import JsonLinesWriter
from workers.generate.formats.parquet import ParquetWriter
from workers.generate.formats.sql import SqlWriter
from workers.generate.formats.template import TemplateWriter
from workers.generate.formats.xml import XmlWriter
from workers.generate.layout import Layout

_WRITERS: dict[str, Callable[[Stream, Layout, Any], Writer]] = {
    "csv": CsvWriter,
    "jsonl": JsonLinesWriter,
    "xml": XmlWriter,
    "sql": SqlWriter,
    "avro": AvroWriter,
    "parquet": ParquetWriter,
    "excel": ExcelWriter,
    "template": TemplateWriter,
}


def open_writer(*, options: Any, stream: Stream, layout: Layout) -> Writer:
    """The writer of a format (`workers.generate.formats.options`), which may write what begins the file at once."""
    return _WRITERS[options.type](stream, layout, options)
