"""Size and checksum of bytes on their way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator


class Measured:
    """Passes bytes on, and knows what they came to."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._digest.update(piece)
            self.size_bytes += len(piece)
            yield piece

    @property
    def sha256(self) -> str:
        """In hexadecimal, of what has passed so far."""
        return self._digest.hexdigest()
