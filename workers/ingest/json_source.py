"""JSON documents and JSON Lines: types are inferred from every record; what is nested keeps its own JSON."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from jobs.errors import PermanentError
from workers.ingest import sql
from workers.ingest.columns import Column, duckdb_type
from workers.ingest.scan import Scan, describe
from workers.ingest.spec import Source

_STAGED = "records.jsonl"
_SMALLEST_OBJECT_LIMIT = 16 * 1024 * 1024


def scan(connection: duckdb.DuckDBPyConnection, source: Source) -> Scan:
    """The records with their columns.

    With ``records`` or ``fields`` the wanted values are first written to a file of flat records in the working directory,
    so that types are inferred for them alone.
    """
    if not source.records and not source.fields:
        return _typed(connection, source, source.path, _layout(source))
    staged = _stage(connection, source)
    return _typed(connection, source, staged, "newline_delimited", mapped=True)


def pointer(dotted: str) -> str:
    """A dotted path as a JSON pointer: ``geometry.coordinates.0`` names the first element of a list.

    Source: RFC 6901.
    """
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in dotted.split("."))


def _layout(source: Source) -> str:
    return "newline_delimited" if source.format == "jsonl" else "auto"


def _typed(connection: duckdb.DuckDBPyConnection, source: Source, path: str, layout: str, *, mapped: bool = False) -> Scan:
    options = {"format": sql.text(layout), "maximum_object_size": str(_object_limit(path)), "compression": "'none'"}
    _require_objects(connection, path, options)
    # Depth 2: the types of the record's own values, no further. Sample -1: of all records.
    inferring = sql.call("read_json", path, **options, maximum_depth="2", sample_size="-1", map_inference_threshold="-1")
    inferred = describe(connection, inferring)
    _refuse_lookalikes(connection, inferred, path, options)
    types = {column.name: _read_as(column, source) for column in inferred}
    expression = sql.call("read_json", path, **options, columns=sql.struct(types))
    return Scan(expression, describe(connection, expression), mapped)


def _read_as(column: Column, source: Source) -> str:
    if column.name in source.types:
        return duckdb_type(source.types[column.name])
    if column.nested:
        return "JSON"  # read as a struct, a record would gain every key that any other record has
    return "VARCHAR" if column.type == "NULL" else column.type


def _stage(connection: duckdb.DuckDBPyConnection, source: Source) -> str:
    """Write one flat object a record and return the file's path."""
    records = _records(connection, source)
    fields = source.fields or {key: None for key in _keys(connection, records)}
    values = [
        f"json_extract(record, {sql.text(pointer(path) if path is not None else pointer_to_key(column))}) AS {sql.name(column)}"
        for column, path in fields.items()
    ]
    path = str(Path.cwd() / _STAGED)
    connection.execute(f"COPY (SELECT {', '.join(values)} FROM {records}) TO {sql.text(path)} (FORMAT json)")  # noqa: S608
    return path


def pointer_to_key(key: str) -> str:
    """The JSON pointer to one key of an object, dots and all."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _records(connection: duckdb.DuckDBPyConnection, source: Source) -> str:
    """A table expression with one JSON column, ``record``."""
    limit = str(_object_limit(source.path))
    if not source.records:
        objects = sql.call("read_json_objects", source.path, format=sql.text(_layout(source)), maximum_object_size=limit)
        return f"(SELECT json AS record FROM {objects})"  # noqa: S608 - every part is quoted
    whole = sql.call("read_json_objects", source.path, format="'unstructured'", maximum_object_size=limit)
    place = sql.text(pointer(source.records))
    found = connection.execute(f"SELECT json_type(json, {place}), json_keys(json) FROM {whole} LIMIT 1").fetchone()  # noqa: S608
    kind, keys = found or (None, None)
    if kind == "ARRAY":
        return f"(SELECT unnest(CAST(json_extract(json, {place}) AS JSON[])) AS record FROM {whole})"  # noqa: S608
    if kind == "OBJECT":
        return f"(SELECT json_extract(json, {place}) AS record FROM {whole})"  # noqa: S608
    top = f"the file's own keys are {', '.join(keys[:30])}" if keys else "the file holds no object at its top"
    raise PermanentError(f"source.records: there is no list of records at {source.records!r}; {top}", code="data")


def _keys(connection: duckdb.DuckDBPyConnection, records: str) -> list[str]:
    """The keys of all records, in the order in which the file first has them."""
    rows = connection.execute(
        f"SELECT json_keys(record), min(position) FROM (SELECT record, row_number() OVER () AS position FROM {records}) "  # noqa: S608
        "WHERE json_type(record) = 'OBJECT' GROUP BY 1 ORDER BY 2"
    ).fetchall()
    keys = list(dict.fromkeys(key for row in rows for key in row[0]))
    if not keys:
        raise PermanentError("the source holds no records, so its columns are unknown; nothing was changed", code="data")
    return keys


def _require_objects(connection: duckdb.DuckDBPyConnection, path: str, options: dict[str, str]) -> None:
    objects = sql.call("read_json_objects", path, **options)
    first = connection.execute(f"SELECT json_type(json) FROM {objects} LIMIT 1").fetchone()  # noqa: S608 - every part is quoted
    if first is None:
        raise PermanentError("the source holds no records, so its columns are unknown; nothing was changed", code="data")
    if first[0] != "OBJECT":
        raise PermanentError(f"the records must be objects; the first one is {first[0].lower()}", code="data")


def _refuse_lookalikes(connection: duckdb.DuckDBPyConnection, columns: list[Column], path: str, options: dict[str, str]) -> None:
    """DuckDB renames ``id`` beside ``ID`` to ``id_1``, and would then look for a key of that name in vain."""
    suspects = {column.name for column in columns if re.search(r"_\d+$", column.name)}
    if not suspects:
        return
    objects = sql.call("read_json_objects", path, **options)
    keys = {row[0] for row in connection.execute(f"SELECT DISTINCT unnest(json_keys(json)) FROM {objects}").fetchall()}  # noqa: S608
    if suspects - keys:
        named = ", ".join(repr(re.sub(r"_\d+$", "", name)) for name in sorted(suspects - keys))
        raise PermanentError(f"keys of the records differ in case only ({named}): name the columns in source.fields", code="data")


def _object_limit(path: str) -> int:
    """One document may be as long as its file."""
    return max(_SMALLEST_OBJECT_LIMIT, Path(path).stat().st_size + 1024)
