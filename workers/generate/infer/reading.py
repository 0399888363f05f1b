"""The first records of a sample file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import fastavro
import pyarrow as pa
import pyarrow.parquet
from python_calamine import CalamineError, CalamineWorkbook

from jobs.errors import PermanentError

MAX_RECORDS = 1000
"""Of a sample: enough to tell a column's type."""
MAX_BYTES = 64 * 1024 * 1024
"""Some formats can only be read as a whole."""
_SNIFFED_CHARACTERS = 4 * 1024
"""What the sniffer takes grows with their square where they are hostile."""

Record = dict[str, Any]


def read_sample(*, path: Path, format: str | None = None, records: int = MAX_RECORDS) -> list[Record]:
    """Read the first records of a file.

    Args:
        path: At most `MAX_BYTES`.
        format: csv, json, jsonl, xml, avro, parquet or excel; None to go by the suffix.
        records: At most so many.

    Raises:
        PermanentError: There is no such file, it is too large or of another format, or has no records.
    """
    kind = format or SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise PermanentError(
            f"cannot tell the format of {path.name}: say it, one of {', '.join(_READERS)}", code="format"
        )
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PermanentError(f"{path.name} has more than {MAX_BYTES:,} bytes: a sample does", code="sample")
        found = list(islice(_READERS[kind](path.read_bytes()), records))
    except (
        OSError,
        ValueError,
        LookupError,
        csv.Error,
        ElementTree.ParseError,
        pa.ArrowException,
        CalamineError,
    ) as error:
        raise PermanentError(f"{path.name} cannot be read as {kind}: {error}", code="sample") from error
    if not found:
        raise PermanentError(f"{path.name} has no records", code="sample")
    return found


def _csv(data: bytes) -> Iterator[Record]:
    text = data.decode("utf-8-sig")
    try:
        dialect: Any = csv.Sniffer().sniff(text[:_SNIFFED_CHARACTERS], delimiters=",;\t|")
    except csv.Error:  # one column has no delimiter
        dialect = csv.excel
    yield from csv.DictReader(io.StringIO(text, newline=""), dialect=dialect, restkey="_more")


def _json(data: bytes) -> Iterator[Record]:
    """A list of objects, one object with such a list in it, or one object, which is one record."""
    found = json.loads(data)
    if isinstance(found, dict):
        found = next((value for value in found.values() if _is_records(value)), [found])
    if not _is_records(found):
        raise ValueError("expected a list of objects")
    yield from found


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _json_lines(data: bytes) -> Iterator[Record]:
    for line in data.splitlines():
        if line.strip():
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError("expected one object a line")
            yield record


def _xml(data: bytes) -> Iterator[Record]:
    """Each child of the root is a record."""
    if b"<!DOCTYPE" in data[:_SNIFFED_CHARACTERS] or b"<!ENTITY" in data:
        raise ValueError("a document type is not read: its entities could be of any size")
    for element in ElementTree.fromstring(data):  # noqa: S314 - without entities
        yield dict(element.attrib) | _children(element)


def _children(element: ElementTree.Element) -> Record:
    record: Record = {}
    for child in element:
        value: Any = _children(child) if len(child) else child.text
        if child.tag in record:
            former = record[child.tag]
            record[child.tag] = [*former, value] if isinstance(former, list) else [former, value]
        else:
            record[child.tag] = value
    return record


def _avro(data: bytes) -> Iterator[Record]:
    for record in fastavro.reader(io.BytesIO(data)):
        if not isinstance(record, dict):
            raise ValueError("expected records")
        yield record


def _parquet(data: bytes) -> Iterator[Record]:
    for batch in pyarrow.parquet.ParquetFile(io.BytesIO(data)).iter_batches(batch_size=MAX_RECORDS):
        yield from batch.to_pylist()


def _excel(data: bytes) -> Iterator[Record]:
    """The first sheet; its first row has the names."""
    header, *rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python() or [[]]
    for row in rows:
        yield {
            str(name): None if value == "" else value for name, value in zip(header, row, strict=False) if name != ""
        }


_READERS: dict[str, Callable[[bytes], Iterator[Record]]] = {
    "csv": _csv,
    "json": _json,
    "jsonl": _json_lines,
    "xml": _xml,
    "avro": _avro,
    "parquet": _parquet,
    "excel": _excel,
}
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".geojson": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xml": "xml",
    ".avro": "avro",
    ".parquet": "parquet",
    ".xlsx": "excel",
}
"""What a file's name says about its format."""
FORMATS = tuple(_READERS)
