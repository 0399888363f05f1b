"""What every format offers."""

from __future__ import annotations

from io import BufferedIOBase
from typing import Protocol

from workers.generate.block import Block

Stream = BufferedIOBase
"""Where the bytes go: written once, from the front, never read."""


class Writer(Protocol):
    """Writes records in one format as they come, without keeping them."""

    def write(self, block: Block) -> None:
        """The next records."""

    def close(self) -> None:
        """Write what ends the file. The stream stays open. Called once, also when there were no records."""
