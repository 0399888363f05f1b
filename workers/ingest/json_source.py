"""JSON documents and JSON Lines: types are inferred from every record; what is nested keeps its own JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from jobs.errors import PermanentError
from workers.ingest import ask, sql
from workers.ingest.columns import Column, duckdb_type
from workers.ingest.fetch.fetched import Fetched
from workers.ingest.json_records import records
from workers.ingest.scan import NoRecords, Scan, describe
from workers.ingest.spec import Source

MOST_TEXT_BYTES = 512 * 1024 * 1024
"""Of a document in which records are looked for."""
_SMALLEST_OBJECT_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Files:
    """JSON files of one layout: ``newline_delimited`` or ``auto``."""

    paths: list[str]
    layout: str
    compression: str

    def read(self, function: str, **options: str) -> str:
        """A call of one of DuckDB's readers of JSON."""
        limit = max(map(_object_limit, self.paths)) if self.layout == "auto" else _SMALLEST_OBJECT_LIMIT
        known = {
            "format": sql.text(self.layout),
            "maximum_object_size": str(limit),
            "compression": sql.text(self.compression),
        }
        return sql.call(function, self.paths, **known, **options)


def scan(connection: duckdb.DuckDBPyConnection, source: Source, fetched: Fetched, *, tolerant: bool) -> Scan:
    """The records with their columns.

    What ``records`` and ``fields`` ask for is first written to a file of lines in the working directory, so that types are
    inferred for it alone. When ``tolerant``, columns of ``types`` are read as text and left to be converted.
    """
    files = _Files(fetched.paths, "newline_delimited" if fetched.format == "jsonl" else "auto", fetched.compression)
    if fetched.records:
        files = _Files([_extracted(fetched)], "newline_delimited", "none")
    if source.fields:
        files = _Files([_picked(connection, source, files)], "newline_delimited", "none")
    return _typed(connection, source, files, tolerant=tolerant)


def pointer(dotted: str) -> str:
    """A dotted path as a JSON pointer: ``geometry.coordinates.0`` names the first element of a list.

    Source: RFC 6901.
    """
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in dotted.split("."))


def _typed(connection: duckdb.DuckDBPyConnection, source: Source, files: _Files, *, tolerant: bool) -> Scan:
    _require_objects(connection, files)
    # Depth 2: the types of the record's own values, no further. Sample -1: of all records.
    inferring = files.read("read_json", maximum_depth="2", sample_size="-1", map_inference_threshold="-1")
    inferred = describe(connection, inferring)
    _refuse_lookalikes(connection, inferred, files)
    promised = {source.origin_of(target) if not source.fields else target: target for target in source.types}
    untyped = frozenset(promised.values()) if tolerant else frozenset()
    types = {column.name: _read_as(column, source, promised.get(column.name), untyped) for column in inferred}
    expression = files.read("read_json", columns=sql.struct(types))
    return Scan(expression, describe(connection, expression), mapped=bool(source.fields), untyped=untyped)


def _read_as(column: Column, source: Source, promised: str | None, untyped: frozenset[str]) -> str:
    if promised in untyped:
        return "VARCHAR"
    if promised is not None:
        return duckdb_type(source.types[promised])
    if column.nested:
        return "JSON"  # read as a struct, a record would gain every key that any other record has
    return "VARCHAR" if column.type == "NULL" else column.type


def _extracted(fetched: Fetched) -> str:
    """Write the records at ``records`` of each document, one a line, and return the file's path."""
    path = Path.cwd() / "records.jsonl"
    try:
        with open(path, "w", encoding="utf-8") as file:
            for document in fetched.paths:
                _refuse_long(document)
                text = Path(document).read_text("utf-8-sig")
                file.writelines(f"{record}\n" for record in records(text, fetched.records))
    except UnicodeDecodeError as error:
        raise PermanentError(f"the source is not UTF-8: {error.reason} at byte {error.start}", code="data") from error
    return str(path)


def _refuse_long(document: str) -> None:
    """Its text has to be in memory, which is not DuckDB's to limit."""
    if Path(document).stat().st_size > MOST_TEXT_BYTES:
        words = f"source.records: the document has more than {MOST_TEXT_BYTES} bytes; load it as JSON Lines"
        raise PermanentError(words, code="memory")


def _picked(connection: duckdb.DuckDBPyConnection, source: Source, files: _Files) -> str:
    """Write one object with the fields alone for each record, and return the file's path."""
    values = [
        f"json_extract(json, {sql.text(pointer(place))}) AS {sql.name(name)}" for name, place in source.fields.items()
    ]
    picked = str(Path.cwd() / "fields.jsonl")
    objects = files.read("read_json_objects")
    connection.execute(f"COPY (SELECT {', '.join(values)} FROM {objects}) TO {sql.text(picked)} (FORMAT json)")  # noqa: S608
    return picked


def _require_objects(connection: duckdb.DuckDBPyConnection, files: _Files) -> None:
    objects = files.read("read_json_objects")
    first = ask.row(connection, f"SELECT json_type(json) FROM {objects} LIMIT 1")  # noqa: S608 - every part is quoted
    if first is None:
        raise NoRecords
    if first[0] != "OBJECT":
        raise PermanentError(f"the records must be objects; the first one is {first[0].lower()}", code="data")


def _refuse_lookalikes(connection: duckdb.DuckDBPyConnection, columns: list[Column], files: _Files) -> None:
    """DuckDB renames ``id`` beside ``ID`` to ``id_1``, and would then look for a key of that name in vain."""
    suspects = {column.name for column in columns if re.search(r"_\d+$", column.name)}
    if not suspects:
        return
    objects = files.read("read_json_objects")
    keys = {row[0] for row in connection.execute(f"SELECT DISTINCT unnest(json_keys(json)) FROM {objects}").fetchall()}  # noqa: S608
    if suspects - keys:
        named = ", ".join(repr(re.sub(r"_\d+$", "", name)) for name in sorted(suspects - keys))
        raise PermanentError(
            f"keys of the records differ in case only ({named}): name the columns in source.fields", code="data"
        )


def _object_limit(path: str) -> int:
    """The reader's buffers are twice as long as one object may be: as the file only where the file is one object."""
    with open(path, "rb") as file:
        is_one_object = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
    return max(_SMALLEST_OBJECT_LIMIT, Path(path).stat().st_size + 1024) if is_one_object else _SMALLEST_OBJECT_LIMIT
