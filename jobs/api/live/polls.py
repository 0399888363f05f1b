"""Long polls: an answer as soon as there is something to say, for where a stream cannot pass."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, connection

from jobs.api.live.cursors import Cursor
from jobs.api.live.following import Follower
from jobs.api.live.glance import glance
from jobs.api.live.hub import HUB
from jobs.api.live.streams import following
from jobs.api.live.topics import Gap, Item, Topic
from jobs.services.places import waiting_place

MOST_SECONDS = 60

START_SECONDS = 5.0
"""So long it may take to find out where things stand: a moment, where nobody holds up the event log."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What there was, by id; nothing when the time was up. ``cursor``: where that leaves the client; None for one who has none,
    where it could not be found out. ``gap``: what was left out before them."""

    items: Sequence[Item]
    cursor: Cursor | None
    gap: Gap | None = None


async def poll(*, topic: Topic, cursor: Cursor | None, seconds: float) -> Answer:
    """Wait for entries, at most so long. A database that is away is waited for, too; not for 0 seconds."""
    if not seconds:
        return await asyncio.to_thread(_glanced, topic, cursor)
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
    """The same in the caller's thread, which it holds meanwhile; where no place is left for that, with what there is.

    Raises:
        django.db.OperationalError: The database cannot be reached.
    """
    if not seconds:
        return Answer(*glance(topic=topic, cursor=cursor))
    with waiting_place() as has_place:
        return _poll_here(topic, cursor, seconds) if has_place else Answer(*glance(topic=topic, cursor=cursor))


def _glanced(topic: Topic, cursor: Cursor | None) -> Answer:
    try:
        return Answer(*glance(topic=topic, cursor=cursor))
    finally:
        connection.close()  # back to the pool


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
    """Who is still behind keeps the place that it came with, and is told of a gap when that is passed."""
    return Answer((), follower.cursor, follower.gap) if follower.following else Answer((), given)


def _turn(follower: Follower) -> Answer | None:
    """The next entries, if there are any yet."""
    if follower.behind:
        items = follower.catch_up()
        if items or follower.behind:
            return Answer(items, follower.cursor, follower.gap) if items else None
    # Also where nothing was missed: of what came meanwhile nobody is told again.
    taken = follower.take()
    over = taken.lagging or taken.closed
    return Answer(taken.items, follower.cursor, follower.gap) if taken.items or over else None
