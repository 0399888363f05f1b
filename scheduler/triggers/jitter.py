"""Spreads fires that fall due together, by a delay that is the same whenever and wherever it is asked for."""

from __future__ import annotations

import datetime as dt
from hashlib import blake2b

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_MILLISECOND = dt.timedelta(milliseconds=1)
_DRAW_BITS = 64


def jittered(*, nominal: dt.datetime, following: dt.datetime | None, jitter: dt.timedelta, key: str) -> dt.datetime:
    """When a fire really happens that is due at its nominal time.

    The nominal time stays the fire's name; only its execution moves. Equal arguments give equal answers in every process, and the
    delays of different keys and nominal times are spread evenly.

    Args:
        nominal: Aware UTC datetime, as the trigger says it.
        following: The next nominal time of the same schedule, or None when there is none.
        jitter: The longest delay, exclusive; zero or negative for none.
        key: What is the same for all fires of one schedule, such as its id.

    Returns:
        Aware UTC datetime: the nominal time or a whole number of milliseconds later, before ``nominal + jitter`` and before the
        following nominal time.

    Source: the jitter of Temporal's schedule specifications.
    """
    room = jitter if following is None else min(jitter, following - nominal)
    steps = -(-room // _MILLISECOND)  # Rounded up: a room of half a millisecond has place for a delay of none.
    return nominal + (_draw(nominal, key) * steps >> _DRAW_BITS) * _MILLISECOND if steps > 1 else nominal


def _draw(nominal: dt.datetime, key: str) -> int:
    name = f"{(nominal - _EPOCH) // _MICROSECOND} {key}"
    return int.from_bytes(blake2b(name.encode(), digest_size=_DRAW_BITS // 8).digest(), "big")
