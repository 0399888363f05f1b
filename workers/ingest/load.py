"""One load, start to end: the module that `workers.child` runs for the datasource kind."""

from __future__ import annotations

import importlib
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import duckdb

from workers.child_main import Channel
from workers.ingest import engine
from workers.ingest.failures import explained
from workers.ingest.fetch.fetched import Fetched, Since
from workers.ingest.fetch.fetching import fetch
from workers.ingest.incremental import Window
from workers.ingest.outcome import check_told, outcome
from workers.ingest.planning import Plan, nothing, plan
from workers.ingest.scan import NoRecords
from workers.ingest.source import open_source
from workers.ingest.spec import LoadSpec
from workers.ingest.writing import AlreadyLoaded, Destination, Rows, Seal, Seen, Written

JSON = Any

_DESTINATIONS = {
    "postgresql": "workers.ingest.postgresql",
    "duckdb": "workers.ingest.duckdb_file",
    "files": "workers.ingest.files_out",
    "sqlalchemy": "workers.ingest.database_out",
}
"""By name, for the child loads what its own load needs: SQLAlchemy and boto3 would cost every child 50 MB and half a second."""


def run(*, spec: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Load the source's rows.

    Args:
        spec: `LoadSpec.to_json`.
        channel: For log lines and progress.

    Returns:
        ``{"rows": {"input", "new", "updated", "deleted", "skipped", "failed", "output"}, "destination", "table", "columns":
        {name: type}, "schema_changes", "source_bytes", "output_bytes", "duration_ms", "_cursor", "_rejected"}``, and with a
        cursor ``"cursor": {"column", "from", "to"}``. The last two are for `workers.payloads.datasource`, which keeps them.

    Raises:
        PermanentError: The data or the job is wrong; the table is as it was.
        TransientError: The source or the destination cannot be reached or would not have it now; the table is as it was, unless
            the connection broke during the commit: then another attempt finds out.
    """
    started = time.monotonic()
    wanted = LoadSpec.from_json(spec)
    with explained():
        try:
            result = _load(wanted, channel)
        except AlreadyLoaded as loaded:
            channel.log("warning", "an earlier attempt's commit had arrived: nothing was added again")
            result = dict(loaded.outcome)
    duration_ms = round((time.monotonic() - started) * 1000)
    channel.log("info", f"{result['rows']['output']} rows into {wanted.target.described} in {duration_ms} ms")
    return {**result, "duration_ms": duration_ms}


def _load(spec: LoadSpec, channel: Channel) -> dict[str, JSON]:
    destination = _destination(spec)
    seen = destination.look(spec)
    if seen.outcome is not None:
        raise AlreadyLoaded(seen.outcome)
    window = Window.of(spec, seen)
    fetched = _fetched(spec, window.since(spec), channel)
    try:
        if not fetched.is_empty or spec.write == "replace":
            return _write(spec, seen, fetched, window, channel)
    except NoRecords:
        if spec.write == "replace":
            raise
    channel.log("info", "the source has no rows to load")
    return outcome(spec, fetched, nothing(window), Written(), window)


def _fetched(spec: LoadSpec, since: Since | None, channel: Channel) -> Fetched:
    source = spec.source
    fetched = fetch(source, folder=Path.cwd(), since=since, limited=not spec.cursor, channel=channel)
    what = f" as {source.format}" if source.format else ""
    channel.log("info", f"reading {source.described}{what}, {fetched.source_bytes} bytes")
    return fetched


def _write(spec: LoadSpec, seen: Seen, fetched: Fetched, window: Window, channel: Channel) -> dict[str, JSON]:
    destination = _destination(spec)
    attach = spec.target.path if spec.target.kind == "duckdb" else ""
    with engine.connect(paths=fetched.paths, memory_limit_mb=spec.memory_limit_mb, attach=attach) as reader:
        planned = _plan(reader, spec, seen, fetched, window, channel)

        def seal(written: Written) -> Seal:
            return Seal(planned.reached, outcome(spec, fetched, planned, written, window))

        rows = Rows(reader, planned.query, planned.add, seal, channel, most=planned.count)
        written = destination.load(spec, seen, rows)
        if not planned.query.columns:
            written = replace(written, columns=dict(seen.columns or {}))
    for change in planned.told:
        channel.log("info", change)
    return outcome(spec, fetched, planned, written, window)


def _plan(  # noqa: PLR0917
    reader: duckdb.DuckDBPyConnection, spec: LoadSpec, seen: Seen, fetched: Fetched, window: Window, channel: Channel
) -> Plan:
    if fetched.is_empty and spec.source.sql and seen.columns:
        channel.log("info", "the source has no rows: the table is emptied, and keeps its columns")
        return nothing(window)
    query = open_source(reader, spec.source, fetched, tolerant=spec.most_rejected > 0)
    inferred = ", ".join(f"{column.name} {column.type}" for column in query.columns)
    channel.log("info", f"{len(query.columns)} columns: {inferred}")
    type_of = _destination(spec).type_of
    planned = plan(reader, query, spec, columns=seen.columns, type_of=type_of, window=window)
    check_told(planned, query.columns)
    return planned


def _destination(spec: LoadSpec) -> Destination:
    return cast(Destination, importlib.import_module(_DESTINATIONS[spec.target.kind]))
