"""A source's first rows, for people to look at."""

from __future__ import annotations

import json
from typing import Any

from workers.ingest.fetch.fetched import Channel
from workers.ingest.plain import clean, plain
from workers.ingest.reading import opened
from workers.ingest.spec import Source

JSON = Any

MAX_CELL_CHARACTERS = 1000
MAX_BYTES = 512 * 1024
"""Of all rows as JSON; the rest is left out. A result of a child may have twice as much."""


def first_rows(source: Source, *, rows: int, memory_limit_mb: int, channel: Channel) -> dict[str, JSON]:
    """Read the first rows, after fields and types were applied.

    Args:
        source: Resolved already.
        rows: The most to show.
        memory_limit_mb: DuckDB's.
        channel: For log lines.

    Returns:
        ``{"columns": [{"name", "type"}], "rows": [{column: value}], "cut"}``, columns in the table's order. ``cut`` is true when a
        value or rows were left out to keep the answer small.
    """
    with opened(source, memory_limit_mb=memory_limit_mb, channel=channel, limit=rows) as reading:
        columns = [{"name": clean(column.name), "type": column.type} for column in reading.columns]
        shown = [record for batch in reading.batches(rows) for record in batch.to_pylist()][:rows]
    kept, cut = _within_bounds(shown)
    return {"columns": columns, "rows": kept, "cut": cut}


def _within_bounds(records: list[dict[str, JSON]]) -> tuple[list[dict[str, JSON]], bool]:
    kept: list[dict[str, JSON]] = []
    cut, size = False, 0
    for record in records:
        whole = {clean(name): plain(value) for name, value in record.items()}
        short = {name: _short(value) for name, value in whole.items()}
        size += len(json.dumps(short))
        if size > MAX_BYTES:
            return kept, True
        cut = cut or short != whole
        kept.append(short)
    return kept, cut


def _short(value: JSON) -> JSON:
    text = value if isinstance(value, str) else json.dumps(value)
    return value if len(text) <= MAX_CELL_CHARACTERS else f"{text[: MAX_CELL_CHARACTERS - 1]}…"
