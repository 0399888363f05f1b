"""A file that whoever wrote into it empties."""

from __future__ import annotations

import io
from typing import Any


class Drain(io.RawIOBase):
    """What libraries that want a file write into; it cannot go back."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._written = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any, /) -> int:
        """Keep the bytes until they are taken."""
        size = memoryview(data).nbytes
        self._held += data
        self._written += size
        return size

    def tell(self) -> int:
        """How much was written in all."""
        return self._written

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = bytes(self._held)
        self._held.clear()
        return taken
