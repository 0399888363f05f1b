"""Which values there were, in bounded memory: beyond a limit they go to a file."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any

IN_MEMORY = 1_000_000
"""Values that are remembered in memory, about 100 MB; above that SQLite remembers them in a file of the working directory."""


class Seen:
    """Remembers values by 64 bits of their hash. Two values that share them are taken for one, and one of them is made anew: with
    ten million values that happens once in 370,000 datasets, and costs a try."""

    def __init__(self, *, in_memory: int = IN_MEMORY) -> None:
        self._limit = in_memory
        self._hashes: set[int] = set()
        self._file: sqlite3.Connection | None = None

    def add(self, value: Any) -> bool:
        """True when the value is new."""
        key = int.from_bytes(hashlib.blake2b(repr(value).encode(), digest_size=8).digest(), signed=True)
        if key in self._hashes or (self._file is not None and not self._add_to_file(key)):
            return False
        if self._file is None:
            self._hashes.add(key)
            if len(self._hashes) >= self._limit:
                self._move_to_file()
        return True

    def close(self) -> None:
        """Forget them."""
        if self._file is not None:
            self._file.close()

    def _add_to_file(self, key: int) -> bool:
        assert self._file is not None
        return self._file.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,)).rowcount == 1

    def _move_to_file(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)  # a private file that SQLite removes by itself
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute("PRAGMA cache_size = -65536")
        self._file.execute("BEGIN")
        self._file.execute("CREATE TABLE seen (key INTEGER PRIMARY KEY) WITHOUT ROWID")
        self._file.executemany("INSERT INTO seen VALUES (?)", ((key,) for key in sorted(self._hashes)))
        self._hashes = set()
