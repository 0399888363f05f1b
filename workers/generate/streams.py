"""Streams of random numbers: each field of each block of records has its own, so that nothing depends on who was asked first."""

from __future__ import annotations

import hashlib
from random import Random


def stream(seed: int, *place: str | int) -> Random:
    """The stream of one place (dataset, field, block, ...) under a seed; the same in every process and version of Python."""
    text = "\x1f".join(map(str, (seed, *place)))
    return Random(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest()))  # noqa: S311 - made-up data


def seed_of(text: str) -> int:
    """A seed from any text, below 2**53: a number that JSON keeps whole wherever it is read."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 11
