"""From where to where an incremental load reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workers.ingest import state
from workers.ingest.fetch.fetched import Since
from workers.ingest.spec import LoadSpec
from workers.ingest.state import Reached
from workers.ingest.writing import Seen

JSON = Any


@dataclass(frozen=True, slots=True)
class Window:
    """Where a load begins.

    Args:
        reached: How far the loads before it came; None when there was none.
        begins: Where this one begins: that, less the lag; None for everything.
        including: Whether rows that are exactly there come again: a merge writes over them, an append would double them.
    """

    reached: Reached | None = None
    begins: Reached | None = None
    including: bool = False

    @classmethod
    def of(cls, spec: LoadSpec, seen: Seen) -> Window:
        """The window of a load, from what the destination has and what we know.

        The destination's state was committed with its rows, so it goes before ours, which is written after it. Where there
        is no table, nothing was reached, whatever we know: it was dropped.
        """
        if spec.cursor is None:
            return cls()
        reached = Reached.from_json(seen.reached)
        if not seen.state_key and (seen.columns is not None or spec.target.kind == "files"):
            reached = Reached.from_json(spec.cursor.reached)
        if reached is not None:
            return cls(reached, reached.before(spec.cursor.lag), spec.write == "merge")
        begins = state.initial(spec.cursor.initial) if spec.cursor.initial else None
        return cls(None, begins, including=True)

    def since(self, spec: LoadSpec) -> Since | None:
        """What a source may be asked for; None when it cannot know the column as the result has it.

        Text least of all: a database orders it by its collation, DuckDB by its bytes. A REST service's parameter is its own affair.
        """
        if spec.cursor is None or self.begins is None or spec.cursor.column in spec.source.types:
            return None
        if spec.source.sql and self.begins.type == "VARCHAR":
            return None
        column = spec.source.origin_of(spec.cursor.column)
        return Since(column=column, value=self.begins.to_python(), including=self.including)

    @property
    def reached_json(self) -> JSON:
        """`reached` as JSON-ready data."""
        return self.reached.to_json() if self.reached else None
