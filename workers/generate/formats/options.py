"""The formats and their options, as a person writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator

from jobs.documents import Strict
from workers import templates
from workers.generate.spec import Dataset
from workers.generate.unions import by_type

EXCEL_ROWS = 1_048_576
"""Of one sheet, its header included."""
_XML_NAME = r"[A-Za-z_][A-Za-z0-9_.\-]*"
_NAMES = {"xml": rf"(?i:(?!xml)){_XML_NAME}", "avro": r"[A-Za-z_][A-Za-z0-9_]*"}
"""Of fields. Source for those that begin with xml: https://www.w3.org/TR/xml/#sec-common-syn"""

LineEnd = Literal["\n", "\r\n"]


def _template(text: str) -> str:
    templates.check(text)
    return text


Template = Annotated[str, Field(max_length=100_000), AfterValidator(_template)]
XmlName = Annotated[str, Field(pattern=f"^{_XML_NAME}$", max_length=200)]


class CsvFormat(Strict):
    """Comma-separated values."""

    type: Literal["csv"]
    delimiter: Annotated[str, Field(min_length=1, max_length=1, pattern=r'^[^"\r\n]$')] = ","
    quote_all: bool = False
    header: bool = True
    null_text: str = Field(default="", max_length=100)
    line_end: LineEnd = "\n"
    encoding: Literal["utf-8", "utf-8-sig", "utf-16", "latin-1"] = "utf-8"


class JsonLinesFormat(Strict):
    """One JSON object a line."""

    type: Literal["jsonl"]


class XmlFormat(Strict):
    """One element a record."""

    type: Literal["xml"]
    root: XmlName = "records"
    record: XmlName = "record"
    pretty: bool = False


class SqlFormat(Strict):
    """INSERT statements."""

    type: Literal["sql"]
    dialect: Literal["ansi", "postgresql", "mysql", "sqlserver", "sqlite"] = "ansi"
    table: str = Field(default="", max_length=200)
    create_table: bool = False
    rows_per_insert: int = Field(default=100, ge=1, le=1000)


class AvroFormat(Strict):
    """An Avro object container file."""

    type: Literal["avro"]
    codec: Literal["null", "deflate", "bzip2", "xz"] = "deflate"


class ParquetFormat(Strict):
    """A Parquet file."""

    type: Literal["parquet"]
    codec: Literal["none", "snappy", "gzip", "brotli", "lz4", "zstd"] = "snappy"
    rows_per_group: int = Field(default=50_000, ge=1, le=1_000_000)


class ExcelFormat(Strict):
    """A workbook with one sheet."""

    type: Literal["excel"]
    header: bool = True
    date_format: str = Field(default="yyyy-mm-dd hh:mm:ss", max_length=100)


class TemplateFormat(Strict):
    """Whatever text one likes: a template a record, whose variables are its fields and ``number``."""

    type: Literal["template"]
    record: Template
    head: str = Field(default="", max_length=100_000)
    foot: str = Field(default="", max_length=100_000)
    suffix: str = Field(default="txt", pattern=r"^[A-Za-z0-9]{1,10}$")


_Any = CsvFormat | JsonLinesFormat | XmlFormat | SqlFormat | AvroFormat | ParquetFormat | ExcelFormat | TemplateFormat
AnyFormat = Annotated[_Any, PlainValidator(by_type(lambda: _Any))]
"""One of them, with its options."""
BINARY = frozenset({"avro", "parquet", "excel"})
"""Formats that are no text: they can be shown on no screen, and not flushed after each record."""
MEDIA_TYPES = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "xml": "application/xml",
    "sql": "application/sql",
    "avro": "application/avro",
    "parquet": "application/vnd.apache.parquet",
    "excel": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "template": "text/plain",
}


def suffix(options: Any) -> str:
    """What a file of this format ends with, without the dot."""
    name = {"excel": "xlsx", "template": getattr(options, "suffix", "")}.get(options.type, options.type)
    return str(name)


def check_format(options: Any, datasets: Iterable[Dataset]) -> None:
    """Refuse names that a format cannot hold. Raises ValueError that says which."""
    allowed = _NAMES.get(options.type)
    if allowed:
        for dataset in datasets:
            for name in _names(dataset.fields):
                if not re.fullmatch(allowed, name):
                    raise ValueError(
                        f"{dataset.name}.{name}: {options.type} has no such name; use letters, digits and _"
                    )


def _names(fields: Iterable[Any]) -> Iterable[str]:
    for field in fields:
        yield field.name
        if field.type == "nested":
            yield from _names(field.fields)
        if field.type == "array" and field.of.type == "nested":
            yield from _names(field.of.fields)
