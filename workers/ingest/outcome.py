"""What a load reports: its counters, which also stay with the destination so that a repeated attempt reports the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from jobs.errors import PermanentError
from workers.ingest.columns import Column
from workers.ingest.fetch.fetched import Fetched
from workers.ingest.incremental import Window
from workers.ingest.planning import Plan
from workers.ingest.spec import LoadSpec
from workers.ingest.staging import Rejects
from workers.ingest.writing import Written

JSON = Any

MOST_REJECTED_BYTES = 256 * 1024
MOST_TOLD_BYTES = 704 * 1024
"""Of the columns and their changes, as JSON: with the rejected rows it fits into what a child may tell (1 MiB)."""


def check_told(planned: Plan, columns: Sequence[Column]) -> None:
    """Refuse before anything is written what could not be told afterwards.

    Args:
        planned: The load.
        columns: Of the source, all that there are.

    Raises:
        PermanentError: The names of the columns are too long, taken together (code ``result_size``).
    """
    size = len(json.dumps([{column.name: column.type for column in columns}, planned.told]))
    if size > MOST_TOLD_BYTES:
        raise PermanentError(
            f"the load would change the table's columns in {len(planned.told):,} places, which take {size:,} bytes to tell; at most"
            f" {MOST_TOLD_BYTES:,} are kept: load in smaller steps, or give the columns shorter names in source.fields",
            code="result_size",
        )


def outcome(spec: LoadSpec, fetched: Fetched, planned: Plan, written: Written, window: Window) -> dict[str, JSON]:
    """The result of `workers.ingest.load.run`, but for the time it took."""
    rejects = planned.rejects
    loaded = written.new + written.updated
    result = {
        "rows": {
            "input": loaded if planned.input is None else planned.input,
            "new": written.new,
            "updated": written.updated,
            "deleted": written.deleted,
            "skipped": rejects.skipped + written.unchanged,
            "failed": rejects.failed,
            "output": loaded,
        },
        "destination": spec.target.kind,
        "table": spec.target.described,
        "columns": written.columns,
        "schema_changes": planned.told,
        "source_bytes": fetched.source_bytes,
        "output_bytes": written.bytes,
        "_cursor": planned.reached,
        "_rejected": _bounded(rejects),
    }
    if spec.cursor:
        reached = planned.reached
        result["cursor"] = {
            "column": spec.cursor.column,
            "from": window.begins.value if window.begins else None,
            "to": reached["value"] if reached else None,
        }
    return result


def _bounded(rejects: Rejects) -> list[dict[str, JSON]]:
    kept: list[dict[str, JSON]] = []
    room = MOST_REJECTED_BYTES
    for row in rejects.rows:
        room -= len(json.dumps(row))
        if room < 0:
            break
        kept.append(row)
    return kept
