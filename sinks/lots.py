"""What is handed over some at a time: in lots that are bounded by how many they hold and by how large that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
MOST_BYTES = 4 * 1024 * 1024
"""Of a lot, about: a worker holds several at once, and what is made of them."""


def lots(
    *, items: Iterable[Item], most: int, size_of: Callable[[Item], int], most_bytes: int = MOST_BYTES
) -> Iterator[list[Item]]:
    """The items in their order; none is read before the lot in front of it was taken.

    Args:
        items: Any number; of none there is no lot.
        most: So many in a lot.
        size_of: An item's size in bytes.
        most_bytes: The item with which a lot comes to this is its last one; so each holds one at least.
    """
    held: list[Item] = []
    size = 0
    for item in items:
        held.append(item)
        size += size_of(item)
        if len(held) >= most or size >= most_bytes:
            yield held
            held, size = [], 0
    if held:
        yield held
