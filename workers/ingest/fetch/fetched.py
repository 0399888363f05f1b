"""What fetching leaves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Channel(Protocol):
    """What of `workers.child_main.Channel` a load needs."""

    def log(self, level: str, message: str) -> None: ...
    def progress(self, *, current: float, total: float | None = None, unit: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """Local files and how to read them.

    Args:
        paths: Absolute.
        format: csv, json, jsonl or parquet.
        compression: none or gzip, which DuckDB reads by itself.
        records: As in `workers.ingest.spec.Source`.
        source_bytes: What was read from the source: of files their size as stored.
        is_empty: Known to hold no rows, so that the columns' types are not known.
    """

    paths: list[str]
    format: str
    compression: str
    records: str
    source_bytes: int
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Since:
    """Where an incremental load begins: only rows whose ``column`` lies beyond ``value`` are wanted (or, for a merge, not
    before it). ``value`` is a Python value of the column's type. Fetching more than that is allowed."""

    column: str
    value: Any
    including: bool


class Allowance:
    """How much may be read yet: at most so many rows, for at most so long; of files, so many bytes. 0 is no limit."""

    def __init__(self, *, rows: int, seconds: float, size: int = 0) -> None:
        self._rows = rows
        self.bytes = size
        self._until = time.monotonic() + seconds if seconds else None

    def used_up(self, rows: int) -> bool:
        """Whether no more is to be read after so many rows."""
        return bool(self._rows and rows >= self._rows) or (self._until is not None and time.monotonic() >= self._until)


def lookup(record: Any, path: str) -> Any:
    """What lies at a dotted path of parsed JSON; None where nothing does. "" is the whole."""
    for step in path.split(".") if path else ():
        if isinstance(record, Mapping):
            record = record.get(step)
        elif isinstance(record, list) and step.isdecimal() and int(step) < len(record):
            record = record[int(step)]
        else:
            return None
    return record
