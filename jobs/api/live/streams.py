"""An SSE stream: what a client missed, what happens from then on, and what else it must be told."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from django.conf import settings
from django.db import InterfaceError, OperationalError

from jobs.api.live import sse
from jobs.api.live.cursors import Cursor
from jobs.api.live.following import Follower
from jobs.api.live.hub import HUB
from jobs.api.live.rechecks import Standing
from jobs.api.live.topics import Topic
from jobs.errors import TransientError

HEARTBEAT_SECONDS = 15.0
"""Less than the shortest time after which proxies give a silent connection up (nginx: 60 s; some load balancers: 20 s)."""

RETRY_MS = 2_000
AWAY_SECONDS = 1.0
_AWAY = (OperationalError, InterfaceError)

Recheck = Callable[[], Awaitable[Standing]]
"""Asks whether the caller may still watch, and what."""


async def stream(*, topic: Topic, cursor: Cursor | None, logs: bool, recheck: Recheck) -> AsyncIterator[bytes]:
    """Serve a stream until its client goes, its run has ended, its caller may not watch any more, or the process ends.

    Args:
        topic: Whose events.
        cursor: What the client has; None for none.
        logs: Whether a run's log lines are wanted.
        recheck: Asked every JOBS_LIVE_CHECK_SECONDS.
    """
    async with following(topic=topic, cursor=cursor, logs=logs) as (follower, woken):
        yield sse.retry(milliseconds=RETRY_MS)
        serving = _Serving(follower, woken, recheck)
        while not serving.over:
            # At once: each part by itself would be a write to the socket, for each of hundreds of clients.
            if parts := await serving.parts():
                yield b"".join(parts)


class _Serving:
    """The state of one stream. `parts` is one turn."""

    def __init__(self, follower: Follower, woken: asyncio.Event, recheck: Recheck) -> None:
        self._follower, self._woken, self._recheck = follower, woken, recheck
        self._away = False
        self._told_gap = False
        # Not all that were opened at once are to be checked at once.
        self._check_at = time.monotonic() + settings.JOBS_LIVE_CHECK_SECONDS * random.uniform(0.8, 1)  # noqa: S311
        self.over = False

    async def parts(self) -> list[bytes]:
        """What is to be sent next; waits until there is something."""
        if time.monotonic() >= self._check_at:
            return await self._check()
        if self._follower.behind:
            return await self._catch_up()
        return self._take() or await self._wait()

    async def _check(self) -> list[bytes]:
        self._check_at = time.monotonic() + settings.JOBS_LIVE_CHECK_SECONDS
        found = await self._recheck()
        if found.refusal is not None:
            return self._end("closed", {"detail": found.refusal})
        if found.is_owner not in (None, self._follower.topic.by_owner):
            return self._end("closing", {"detail": "what you may read here has changed: come again"})
        return []

    async def _catch_up(self) -> list[bytes]:
        start = self._follower.cursor
        try:
            items = await asyncio.to_thread(self._follower.catch_up)
        except (*_AWAY, TransientError):
            told = self._tell_away(True)
            await asyncio.sleep(AWAY_SECONDS)
            return told
        gap = self._tell_gap()
        parts = [*self._tell_away(False), *gap, *sse.frames(items, start=start)]
        if not self._follower.following:
            return parts
        # Who is cut off before the first event has a place to go on from, too.
        return [*parts, sse.place(self._follower.cursor), *([sse.ready()] if self._follower.begins_now else [])]

    def _take(self) -> list[bytes]:
        self._woken.clear()
        start = self._follower.cursor
        taken = self._follower.take()
        parts = self._tell_away(taken.away)
        parts += sse.frames(taken.items, start=start)
        if taken.progress is not None:
            parts.append(sse.frame("progress", taken.progress))
        if taken.lagging:
            parts += self._end("lagging", {"detail": "you read too slowly: come again with the id of your last event"})
        elif taken.closed:
            parts += self._end("closing", {"detail": "this server is being stopped: come again"})
        elif self._follower.is_over(taken, now=time.monotonic()):
            parts += self._end("end", {"detail": "the run has ended"})
        return parts

    async def _wait(self) -> list[bytes]:
        if self._follower.behind:
            return []  # It may be told so just before the last turn looked, and waited for in vain.
        seconds = min(HEARTBEAT_SECONDS, max(0.0, self._check_at - time.monotonic()))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
            return []
        return [sse.heartbeat(self._follower.cursor)] if self._follower.following else [b": still here\n\n"]

    def _tell_gap(self) -> list[bytes]:
        gap = self._follower.gap
        if gap is None or self._told_gap:
            return []
        self._told_gap = True
        return [sse.gap(gap)]

    def _tell_away(self, away: bool) -> list[bytes]:
        if away == self._away:
            return []
        self._away = away
        if away:
            return [sse.notice("away", {"detail": "the database cannot be reached: what happens meanwhile follows"})]
        return [sse.notice("back", {"detail": "the database can be reached again"})]

    def _end(self, name: str, body: dict[str, str]) -> list[bytes]:
        self.over = True
        return [sse.notice(name, body)]


@asynccontextmanager
async def following(
    *, topic: Topic, cursor: Cursor | None, logs: bool = False
) -> AsyncIterator[tuple[Follower, asyncio.Event]]:
    """A follower and what is set when there may be something for it, for the length of a ``with`` block."""
    loop, woken = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(woken.set)

    follower = Follower(hub=HUB, topic=topic, cursor=cursor, logs=logs, wake=wake)
    try:
        yield follower, woken
    finally:
        follower.leave()
