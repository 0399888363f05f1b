"""Records as a Parquet file, a row group at a time: no more than one is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from sinks.content.drain import Drain
from sinks.content.rows import COLUMNS

ROWS = 10_000
TEXT_BYTES = 16 * 1024 * 1024
"""Of results and errors in one row group, about."""

_WHOLE = {"run": pa.int64(), "position": pa.int64(), "attempts": pa.int32()}
_TIMES = ("started_at", "ended_at")
SCHEMA = pa.schema(
    [(name, pa.timestamp("us", tz="UTC") if name in _TIMES else _WHOLE.get(name, pa.string())) for name in COLUMNS]
)


def parquet(rows: Iterable[tuple[Any, ...]], *, compression: Literal["none", "gzip", "zstd"]) -> Iterator[bytes]:
    """The file in pieces; one without rows has its columns, too."""
    drain = Drain()
    with pq.ParquetWriter(drain, SCHEMA, compression=compression) as writer:
        for group in _groups(rows):
            writer.write_table(_table(group))
            yield drain.take()
    yield drain.take()


def _table(group: list[tuple[Any, ...]]) -> pa.Table:
    columns = [pa.array(column, field.type) for column, field in zip(zip(*group, strict=True), SCHEMA, strict=True)]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _groups(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    held: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        held.append(row)
        size += sum(len(value) for value in row[-2:] if value)
        if len(held) >= ROWS or size >= TEXT_BYTES:
            yield held
            held, size = [], 0
    if held:
        yield held
