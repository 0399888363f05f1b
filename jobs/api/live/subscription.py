"""What the reader hands to one stream: a bounded queue, and the latest word on a run's progress."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jobs.api.live.topics import Item, Topic

MOST_WAITING = 1_000
"""Entries that a stream may leave waiting. It is then cut off, and comes again with the id of the last that it got."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What there was since the last time.

    Args:
        items: Entries, by id.
        progress: Only the latest; None where nothing changed.
        last_event: Once the run has ended, the id of its last event.
        lagging: Too much was left waiting; nothing more comes.
        closed: The process is ending; nothing more comes.
        away: The database cannot be reached.
    """

    items: Sequence[Item]
    progress: str | None
    last_event: int | None
    lagging: bool
    closed: bool
    away: bool


class Subscription:
    """One stream's place with the reader. Filled by the reader's thread, emptied by whoever serves the stream.

    Args:
        topic: Whose events.
        logs: Whether the lines of its run's log are wanted, too.
        wake: Called, from the reader's thread, when there is something to take. It must not block, and may be called too often.
    """

    def __init__(self, *, topic: Topic, logs: bool, wake: Callable[[], None]) -> None:
        self.topic = topic
        self.logs = logs
        self._wake = wake
        self._lock = threading.Lock()
        self._items: deque[Item] = deque()
        self._progress: str | None = None
        self._last_event: int | None = None
        self._lagging = self._closed = self._away = False
        self._joined: tuple[int, int] | None = None
        self.has_progress = False

    @property
    def joined(self) -> tuple[int, int] | None:
        """The ids of the event and of the log line from which on everything comes through the queue; None until that is known."""
        return self._joined

    def join(self, *, event_id: int, line_id: int) -> None:
        """Say from where on."""
        self._joined = (event_id, line_id)
        self._wake()

    def put(self, item: Item) -> None:
        """Hand over an entry. The one that is too many takes the others with it.

        Whoever has left some waiting was woken for those.
        """
        with self._lock:
            is_first = not self._items
            if len(self._items) >= MOST_WAITING:
                self._lagging = True
                self._items.clear()
            if not self._lagging:
                self._items.append(item)
        if is_first or self._lagging:
            self._wake()

    def put_progress(self, body: str, *, last_event: int | None) -> None:
        """Hand over how far the run is, in place of what was not taken yet; ``last_event``: once it has ended."""
        with self._lock:
            self._progress, self._last_event, self.has_progress = body, last_event, True
        self._wake()

    def put_away(self, away: bool) -> None:
        """Say whether the database is away."""
        self._away = away
        self._wake()

    def close(self) -> None:
        """Say that there will be nothing more: the process ends."""
        self._closed = True
        self._wake()

    def take(self, *, entries: bool = True) -> Taken:
        """What there is; without ``entries`` those are left for later."""
        with self._lock:
            items, progress = list(self._items) if entries else [], self._progress
            if entries:
                self._items.clear()
            self._progress = None
        return Taken(items, progress, self._last_event, self._lagging, self._closed, self._away)
