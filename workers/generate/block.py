"""Some records, column by column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Block:
    """Records ``first`` (0 for the dataset's first) to below ``first + count``: a list of values for each field, in order."""

    first: int
    count: int
    columns: list[list[Any]]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The records one by one."""
        return zip(*self.columns, strict=True)

    def singles(self) -> Iterator[Block]:
        """The same records, a block each."""
        for number, row in enumerate(self.rows()):
            yield Block(self.first + number, 1, [[value] for value in row])
