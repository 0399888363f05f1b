"""Looks for what no index knows: each reads so many rows at most, and says where it broke off."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

LOOK = 20_000
"""So many rows are looked through for one page: some tens of milliseconds."""


class Found(list[T]):
    """A page of what was found, which may have fewer entries than there are, or none.

    ``until`` is where the look was broken off: what the page that follows is to come after. None when the entries are as many as
    were asked for, and when nothing is left to look through.
    """

    def __init__(self, entries: Iterable[T] = (), *, until: int | None = None) -> None:
        super().__init__(entries)
        self.until = until
