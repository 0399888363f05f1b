"""Up to which id a log is complete.

A row gets its id before its transaction commits, so a lower id may become visible after a higher one. Who reads on from the
highest id that they saw loses the late one. So ids are handed on only up to the horizon: below it every id is there or never will
be. An id that is missing below others that are there is waited for as long as somebody may still write it.

Who may: an INSERT locks its table (ROW EXCLUSIVE) before it takes an id, and holds the lock until its transaction ends. So a
missing id belongs to one of the transactions that hold that lock after the higher id was seen; once all of those are over, and the
log was read once more, an id that is still missing was rolled back. Who waits for the lock has taken no id yet, and will get a
higher one. It does not matter what else is open in the database, or how long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Writers = frozenset[str]
"""The transactions that hold the table's lock for writing, by their virtual ids."""


@dataclass(slots=True)
class _Doubt:
    """Ids up to ``top`` that only these may still write."""

    top: int
    writers: Writers


class Horizon:
    """Moves over a log. One pass: `writers` of now where `in_doubt`, then `advance` with what was read after it, then, where that
    says so, `suspect` with the writers of after it."""

    def __init__(self, at: int | None = None) -> None:
        self._at = at
        self._doubt: _Doubt | None = None

    @property
    def at(self) -> int | None:
        """Every id up to this one is there or never will be. None until that is known of the log's present end."""
        return self._at

    @property
    def in_doubt(self) -> bool:
        """True while ids are waited for."""
        return self._doubt is not None

    def begin(self, *, top: int, writers: Writers) -> None:
        """Take the log's end as the beginning: ``top`` was read first, then who was writing."""
        if writers:
            self._doubt = _Doubt(top, writers)
        else:
            self._at = top

    def heard(self, writers: Writers) -> None:
        """Who writes now, asked before the log is read: whoever was writing and is not any more can add nothing to what is read."""
        if self._doubt is not None:
            self._doubt.writers &= writers

    def advance(self, ids: Sequence[int]) -> bool:
        """Move on over the ids that were read, ascending, all that there are from the horizon to the last of them.

        Returns:
            True when one is missing about which nothing is known yet: `suspect` is to be called.
        """
        if self._doubt is not None and not self._doubt.writers:
            self._at, self._doubt = max(self._at or 0, self._doubt.top), None
        if self._at is None:
            return False
        missing = self._go_over(ids)
        if self._doubt is not None and self._at >= self._doubt.top:
            self._doubt = None  # what was missing has come
        return missing and self._doubt is None

    def suspect(self, *, top: int, writers: Writers) -> None:
        """Wait for what is missing below ``top``, the last id that was read, as long as one of these is at work."""
        self._doubt = _Doubt(top, writers)

    def _go_over(self, ids: Sequence[int]) -> bool:
        """To the last id that has all before it; True when there are more behind it."""
        assert self._at is not None
        for each in ids:
            if each > self._at + 1:
                return True
            self._at = max(self._at, each)
        return False
