"""``python -m benchmarks.apps.ingest_dlt``: the same load by dlt on its fastest path, DuckDB's reader and Arrow tables.

Standard input has ``{"path", "url", "folder"}`` as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import dlt
from dlt.sources.filesystem import filesystem, read_csv_duckdb

from benchmarks.apps.peak import peak_rss_kb


def main(*, path: Path, url: str, folder: str) -> int:
    """Load the file into ``bench_dlt.rows``; returns the rows that dlt counted."""
    destination = dlt.destinations.postgres(url)
    pipeline = dlt.pipeline("bench", pipelines_dir=folder, destination=destination, dataset_name="bench_dlt")
    files = filesystem(bucket_url=path.parent.as_uri(), file_glob=path.name)
    rows = (files | read_csv_duckdb(use_pyarrow=True)).with_name("rows")
    pipeline.run(rows, write_disposition="replace")
    trace = pipeline.last_trace
    assert trace is not None and trace.last_normalize_info is not None  # noqa: PT018 - one statement, for mypy
    return int(trace.last_normalize_info.row_counts["rows"])


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    rows = main(path=Path(asked["path"]), url=asked["url"], folder=asked["folder"])
    print(peak_rss_kb(), rows)
