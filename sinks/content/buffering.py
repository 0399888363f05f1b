"""Pieces of any size, gathered into what the other side is handed at once. The next piece is asked for when that was taken.

So there is never more in memory than one buffer and one piece, and a slow sink slows down what reads the records.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a buffer is handed on, whichever comes first.

    Args:
        size_bytes: It holds so much.
        pieces: It holds so many pieces; None for any number.
        seconds: Its first piece came so long ago, looked at when another comes; None for any time.
    """

    size_bytes: int
    pieces: int | None = None
    seconds: float | None = None


def buffered(
    pieces: Iterable[bytes], *, limits: Limits, clock: Callable[[], float] = time.monotonic
) -> Iterator[bytes]:
    """Buffers of whole pieces, in order; none is empty."""
    held, count, since = bytearray(), 0, 0.0
    for piece in pieces:
        since = since if count else clock()
        held += piece
        count += 1
        if held and _is_full(limits, len(held), count, clock() - since):
            yield bytes(held)
            held, count = bytearray(), 0
    if held:
        yield bytes(held)


def parts(pieces: Iterable[bytes], *, size_bytes: int) -> Iterator[bytes]:
    """Parts of exactly this size, the last one excepted, as multipart uploads have them; none is empty."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= size_bytes:
            with memoryview(held) as view:  # sliced itself, it would be copied twice
                part = bytes(view[:size_bytes])
            del held[:size_bytes]
            yield part
    if held:
        yield bytes(held)


def _is_full(limits: Limits, size: int, count: int, age: float) -> bool:
    return (
        size >= limits.size_bytes
        or (limits.pieces is not None and count >= limits.pieces)
        or (limits.seconds is not None and age >= limits.seconds)
    )
