"""Long polls: an answer as soon as there is something to say, for where a stream cannot pass."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError

from jobs.api.live.cursors import Cursor
from jobs.api.live.following import Follower
from jobs.api.live.hub import HUB
from jobs.api.live.streams import following
from jobs.api.live.topics import Item, Topic

MOST_SECONDS = 60

MOST_HERE = 4
"""So many threads of a process may wait: the others are for everybody else. The next is answered at once, with what there is."""

START_SECONDS = 5.0
"""So long it may take to find out where things stand: a moment, where nobody holds up the event log."""

_here = threading.BoundedSemaphore(MOST_HERE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What there was, by id; nothing when the time was up. ``cursor``: where that leaves the client; None for one who has none,
    where it could not be found out."""

    items: Sequence[Item]
    cursor: Cursor | None


async def poll(*, topic: Topic, cursor: Cursor | None, seconds: float) -> Answer:
    """Wait for entries, at most so long. A database that is away is waited for, too."""
    until = time.monotonic() + seconds
    async with following(topic=topic, cursor=cursor) as (follower, woken):
        while True:
            woken.clear()
            answer = None
            with suppress(OperationalError, InterfaceError):
                answer = await asyncio.to_thread(_turn, follower) if follower.behind else _turn(follower)
            left = _left(until, follower)
            if answer is not None or left <= 0:
                return answer or _nothing(follower, cursor)
            if not follower.behind:
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), left)


def poll_here(*, topic: Topic, cursor: Cursor | None, seconds: float) -> Answer:
    """The same in the caller's thread, which it holds meanwhile; of which there may be `MOST_HERE`.

    Raises:
        django.db.OperationalError: The database cannot be reached.
    """
    if not _here.acquire(blocking=False):
        return _poll_here(topic, cursor, 0)
    try:
        return _poll_here(topic, cursor, seconds)
    finally:
        _here.release()


def _poll_here(topic: Topic, cursor: Cursor | None, seconds: float) -> Answer:
    woken = threading.Event()
    until = time.monotonic() + seconds
    follower = Follower(hub=HUB, topic=topic, cursor=cursor, logs=False, wake=woken.set)
    try:
        while True:
            woken.clear()
            answer = _turn(follower)
            left = _left(until, follower)
            if answer is not None or left <= 0:
                return answer or _nothing(follower, cursor)
            if not follower.behind:
                woken.wait(left)
    finally:
        follower.leave()


def _left(until: float, follower: Follower) -> float:
    """How many seconds there still are; somewhat more before it is known where things stand."""
    return until - time.monotonic() + (0 if follower.following else START_SECONDS)


def _nothing(follower: Follower, given: Cursor | None) -> Answer:
    return Answer((), follower.cursor if follower.following else given)


def _turn(follower: Follower) -> Answer | None:
    """The next entries, if there are any yet."""
    if follower.behind:
        items = follower.catch_up()
        if items or follower.behind:
            return Answer(items, follower.cursor) if items else None
    # Also where nothing was missed: of what came meanwhile nobody is told again.
    taken = follower.take()
    over = taken.lagging or taken.closed
    return Answer(taken.items, follower.cursor) if taken.items or over else None
