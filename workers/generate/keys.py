"""The primary keys of a dataset, kept in a file for the datasets that refer to them."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from random import Random
from typing import IO, Any

_MAX_PLACES = 1_000_000


class Keys:
    """Written block by block, then read: one after the other and from the front again, or at random."""

    def __init__(self) -> None:
        # Values of all kinds go in and come back; nobody else can reach the file, which has no name.
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the keys
        self._places: list[int] = []

    def add(self, values: list[Any]) -> None:
        """The keys of the next records. At most a million blocks."""
        if values:
            assert len(self._places) < _MAX_PLACES
            self._places.append(self._file.seek(0, 2))
            pickle.dump(values, self._file, pickle.HIGHEST_PROTOCOL)

    def in_order(self) -> Iterator[Any]:
        """All keys, again and again."""
        number = 0
        while True:
            yield from self._read(number % len(self._places))
            number += 1

    def at_random(self, random: Random, count: int) -> list[Any]:
        """Keys drawn from some records that lie together, others for each call: so no more than those are in memory."""
        return random.choices(self._read(random.randrange(len(self._places))), k=count)

    def close(self) -> None:
        """Forget them."""
        self._file.close()

    def _read(self, number: int) -> list[Any]:
        self._file.seek(self._places[number])
        found: list[Any] = pickle.load(self._file)  # noqa: S301 - written above
        return found
