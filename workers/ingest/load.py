"""One load, start to end: the module that `workers.child` runs for the datasource kind."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from workers.child_main import Channel
from workers.ingest import duckdb_file, engine, postgresql
from workers.ingest.failures import explained
from workers.ingest.source import open_source
from workers.ingest.spec import LoadSpec

_DESTINATIONS = {"postgresql": postgresql.load, "duckdb": duckdb_file.load}


def run(*, spec: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Load the file.

    Args:
        spec: `LoadSpec.to_json`.
        channel: For log lines and progress.

    Returns:
        ``{"rows": {"input", "output"}, "destination", "table", "columns": {name: type}, "source_bytes", "duration_ms"}``.

    Raises:
        PermanentError: The data or the job is wrong; the table is as it was.
        TransientError: The destination cannot be reached or would not have it now; the table is as it was, unless
            the connection broke during the commit: then another attempt finds out.
    """
    started = time.monotonic()
    wanted = LoadSpec.from_json(spec)
    with explained():
        source_bytes = Path(wanted.source.path).stat().st_size
        channel.log("info", f"reading {Path(wanted.source.path).name} as {wanted.source.format}, {source_bytes} bytes")
        with engine.connect(wanted) as reader:
            query = open_source(reader, wanted.source)
            inferred = ", ".join(f"{column.name} {column.type}" for column in query.columns)
            channel.log("info", f"{len(query.columns)} columns: {inferred}")
            loaded = _DESTINATIONS[wanted.target.kind](reader=reader, query=query, spec=wanted, channel=channel)
    if loaded.loaded_before:
        channel.log("warning", "an earlier attempt's commit had arrived: nothing was added again")
    duration_ms = round((time.monotonic() - started) * 1000)
    channel.log("info", f"{loaded.rows_written} rows into {_described(wanted)} in {duration_ms} ms")
    return {
        "rows": {"input": loaded.rows_read, "output": loaded.rows_written},
        "destination": wanted.target.kind,
        "table": _described(wanted),
        "columns": loaded.columns,
        "source_bytes": source_bytes,
        "duration_ms": duration_ms,
    }


def _described(spec: LoadSpec) -> str:
    return f"{spec.target.schema}.{spec.target.table}" if spec.target.schema else spec.target.table
