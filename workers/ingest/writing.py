"""What a destination is told, and what it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import duckdb

from jobs.errors import TransientError
from workers.ingest.columns import Column
from workers.ingest.fetch.fetched import Channel
from workers.ingest.source import Query
from workers.ingest.spec import LoadSpec

JSON = Any


@dataclass(frozen=True, slots=True)
class Seen:
    """What a destination knew before the source was read.

    Args:
        columns: The table's columns and their types; None when there is no table.
        outcome: What a load with our key has left behind; None when there was none.
        state_key: The load that wrote the stream's state; "" when there is none of our generation.
        reached: That state's cursor.
    """

    columns: Mapping[str, str] | None = None
    outcome: JSON = None
    state_key: str = ""
    reached: JSON = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a load did to the table. ``columns`` maps names to the destination's types, in order."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    bytes: int | None = None
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seal:
    """What goes into the destination with the rows, in one commit: the cursor that they reach, and the load's outcome."""

    reached: JSON
    outcome: JSON


@dataclass(frozen=True, slots=True)
class Rows:
    """What is to be written.

    Args:
        reader: The DuckDB connection that `query` is for.
        add: Columns that the table shall gain first.
        seal: From what was written to what is kept of it.
        most: How many rows there are, where that is known.
    """

    reader: duckdb.DuckDBPyConnection
    query: Query
    add: list[Column]
    seal: Callable[[Written], Seal]
    channel: Channel
    most: int | None = None


class Destination(Protocol):
    """A kind of destination.

    `load` writes all rows or, whenever and however it ends, none; and is told again when it was told before: it raises
    AlreadyLoaded then. It raises TransientError when another load of the stream was faster than this one.
    """

    def look(self, spec: LoadSpec) -> Seen: ...
    def type_of(self, column: Column) -> str: ...
    def load(self, spec: LoadSpec, seen: Seen, rows: Rows) -> Written: ...


class AlreadyLoaded(Exception):
    """The load's key is there: an attempt that was taken for dead has committed. ``outcome`` is what it left behind."""

    def __init__(self, outcome: JSON) -> None:
        super().__init__("loaded by another attempt")
        self.outcome = outcome


def is_recorded(spec: LoadSpec) -> bool:
    """Whether the load leaves its key and its state: a replace that is done twice is as good as one done once."""
    return spec.write != "replace"


def check_not_overtaken(seen: Seen, now: Seen) -> None:
    """Refuse to write what was read from where the stream no longer is. Called behind the table's lock."""
    if now.outcome is not None:
        raise AlreadyLoaded(now.outcome)
    if now.state_key != seen.state_key:
        raise TransientError("another load of this datasource has ended meanwhile", code="overtaken")
