"""JSON documents and JSON Lines: types are inferred from every record; what is nested keeps its own JSON."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from jobs.errors import PermanentError
from workers.ingest import sql
from workers.ingest.columns import Column, duckdb_type
from workers.ingest.json_records import records
from workers.ingest.scan import Scan, describe
from workers.ingest.spec import Source

_SMALLEST_OBJECT_LIMIT = 16 * 1024 * 1024


def scan(connection: duckdb.DuckDBPyConnection, source: Source) -> Scan:
    """The records with their columns.

    What ``records`` and ``fields`` ask for is first written to a file of lines in the working directory, so that types are
    inferred for it alone.
    """
    path, layout = source.path, "newline_delimited" if source.format == "jsonl" else "auto"
    if source.records:
        path, layout = _extracted(source), "newline_delimited"
    if source.fields:
        path, layout = _picked(connection, source, path, layout), "newline_delimited"
    return _typed(connection, source, path, layout)


def pointer(dotted: str) -> str:
    """A dotted path as a JSON pointer: ``geometry.coordinates.0`` names the first element of a list.

    Source: RFC 6901.
    """
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in dotted.split("."))


def _typed(connection: duckdb.DuckDBPyConnection, source: Source, path: str, layout: str) -> Scan:
    options = {
        "format": sql.text(layout),
        "maximum_object_size": str(_object_limit(path, layout)),
        "compression": "'none'",
    }
    _require_objects(connection, path, options)
    # Depth 2: the types of the record's own values, no further. Sample -1: of all records.
    inferring = sql.call(
        "read_json", path, **options, maximum_depth="2", sample_size="-1", map_inference_threshold="-1"
    )
    inferred = describe(connection, inferring)
    _refuse_lookalikes(connection, inferred, path, options)
    types = {column.name: _read_as(column, source) for column in inferred}
    expression = sql.call("read_json", path, **options, columns=sql.struct(types))
    return Scan(expression, describe(connection, expression), mapped=bool(source.fields))


def _read_as(column: Column, source: Source) -> str:
    if column.name in source.types:
        return duckdb_type(source.types[column.name])
    if column.nested:
        return "JSON"  # read as a struct, a record would gain every key that any other record has
    return "VARCHAR" if column.type == "NULL" else column.type


def _extracted(source: Source) -> str:
    """Write the records at ``source.records``, one a line, and return the file's path."""
    path = Path.cwd() / "records.jsonl"
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(
                f"{record}\n" for record in records(Path(source.path).read_text("utf-8-sig"), source.records)
            )
    except UnicodeDecodeError as error:
        raise PermanentError(f"the source is not UTF-8: {error.reason} at byte {error.start}", code="data") from error
    return str(path)


def _picked(connection: duckdb.DuckDBPyConnection, source: Source, path: str, layout: str) -> str:
    """Write one object with the fields alone for each record, and return the file's path."""
    objects = sql.call(
        "read_json_objects", path, format=sql.text(layout), maximum_object_size=str(_object_limit(path, layout))
    )
    values = [
        f"json_extract(json, {sql.text(pointer(place))}) AS {sql.name(name)}" for name, place in source.fields.items()
    ]
    picked = str(Path.cwd() / "fields.jsonl")
    connection.execute(f"COPY (SELECT {', '.join(values)} FROM {objects}) TO {sql.text(picked)} (FORMAT json)")  # noqa: S608
    return picked


def _require_objects(connection: duckdb.DuckDBPyConnection, path: str, options: dict[str, str]) -> None:
    objects = sql.call("read_json_objects", path, **options)
    first = connection.execute(f"SELECT json_type(json) FROM {objects} LIMIT 1").fetchone()  # noqa: S608 - every part is quoted
    if first is None:
        raise PermanentError(
            "the source holds no records, so its columns are unknown; nothing was changed", code="data"
        )
    if first[0] != "OBJECT":
        raise PermanentError(f"the records must be objects; the first one is {first[0].lower()}", code="data")


def _refuse_lookalikes(
    connection: duckdb.DuckDBPyConnection, columns: list[Column], path: str, options: dict[str, str]
) -> None:
    """DuckDB renames ``id`` beside ``ID`` to ``id_1``, and would then look for a key of that name in vain."""
    suspects = {column.name for column in columns if re.search(r"_\d+$", column.name)}
    if not suspects:
        return
    objects = sql.call("read_json_objects", path, **options)
    keys = {row[0] for row in connection.execute(f"SELECT DISTINCT unnest(json_keys(json)) FROM {objects}").fetchall()}  # noqa: S608
    if suspects - keys:
        named = ", ".join(repr(re.sub(r"_\d+$", "", name)) for name in sorted(suspects - keys))
        raise PermanentError(
            f"keys of the records differ in case only ({named}): name the columns in source.fields", code="data"
        )


def _object_limit(path: str, layout: str) -> int:
    """The reader's buffers are twice as long as one object may be: as the file only where the file is one object."""
    with open(path, "rb") as file:
        begins = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        is_one_object = begins == b"{" and layout == "auto"
    return max(_SMALLEST_OBJECT_LIMIT, Path(path).stat().st_size + 1024) if is_one_object else _SMALLEST_OBJECT_LIMIT
