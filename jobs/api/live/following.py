"""One stream's way through the log: what it missed is read page by page, then the reader's queue goes on where that ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from django.db import connection

from jobs.api.live import reading
from jobs.api.live.cursors import Cursor
from jobs.api.live.hub import Hub
from jobs.api.live.subscription import Taken
from jobs.api.live.topics import LOG, Gap, Item, Scope, Topic

LATE_LINES_SECONDS = 3.0
"""So long after its end a run's last log lines are waited for: workers write them once a second."""


def gap_of(topic: Topic, cursor: Cursor | None, *, until: int) -> Gap | None:
    """What of a job's events after a cursor lies too far back; ``until``: the log's present end."""
    begin = until - reading.LOOK_BACK
    if topic.scope is not Scope.JOB or cursor is None or cursor.event_id >= begin:
        return None
    return Gap(cursor.event_id, begin)


def begins_now(topic: Topic, cursor: Cursor | None) -> bool:
    """Whether a client that has this is told of the present alone: it asked for no past, and only a run is told whole."""
    return cursor is None and topic.scope is not Scope.RUN


class Follower:
    """Used by one thread or task at a time. Each entry is handed out once, in the order of the ids of its log.

    Args:
        hub: Where to watch.
        topic: Whose events.
        cursor: What the client has; None for a run's beginning, and for the present of a job or a workspace.
        logs: Whether a run's log lines are wanted, too.
        wake: As for `Subscription`.

    Raises:
        TransientError: The hub takes nobody.
    """

    def __init__(self, *, hub: Hub, topic: Topic, cursor: Cursor | None, logs: bool, wake: Callable[[], None]) -> None:
        self._hub, self._topic, self._logs = hub, topic, logs
        self._given = cursor
        self._cursor = cursor or Cursor(0, 0 if logs else None)
        self._line_id = self._cursor.line_id or 0
        self._until: tuple[int, int] | None = None
        self._behind = True
        self._ended_at: float | None = None
        self._gap: Gap | None = None
        self._subscription = hub.subscribe(topic=topic, logs=logs, wake=wake)

    @property
    def cursor(self) -> Cursor:
        """What the client has once it got everything that was handed out."""
        return self._cursor

    @property
    def begins_now(self) -> bool:
        """Whether the client is told of the present alone."""
        return begins_now(self._topic, self._given)

    @property
    def topic(self) -> Topic:
        """What is followed."""
        return self._topic

    @property
    def gap(self) -> Gap | None:
        """What lies too far back to be looked for. Known once `catch_up` was called."""
        return self._gap

    @property
    def behind(self) -> bool:
        """True when `catch_up` is to be called, before `take` gives any entries."""
        return self._behind and self._subscription.joined is not None

    @property
    def following(self) -> bool:
        """True once there is nothing left to catch up with."""
        return not self._behind

    def leave(self) -> None:
        """Watch no longer. May be repeated."""
        self._hub.leave(self._subscription)

    def catch_up(self) -> Sequence[Item]:
        """The next page of what the client missed, in one query; `behind` says whether there may be more.

        Raises:
            django.db.OperationalError: The database cannot be reached. Nothing is lost by it: call again.
        """
        try:
            return self._next_page()
        finally:
            connection.close()  # back to the pool

    def take(self) -> Taken:
        """What the reader handed on since."""
        reached = self._hub.handed_on
        taken = self._subscription.take(entries=not self._behind)
        if self._behind or taken.lagging:
            return replace(taken, items=())
        items = [
            item for item in taken.items if item.id > (self._line_id if item.name == LOG else self._cursor.event_id)
        ]
        for item in items:
            self._pass(item)
        if not items and reached is not None:
            self._move(event_id=reached)
        return replace(taken, items=items)

    def is_over(self, taken: Taken, *, now: float) -> bool:
        """Whether a run has ended and everything of it was handed out. ``now``: seconds of a clock that never goes back."""
        if taken.last_event is None or self._behind or self._cursor.event_id < taken.last_event:
            return False
        self._ended_at = now if self._ended_at is None else self._ended_at
        return not self._logs or now - self._ended_at >= LATE_LINES_SECONDS

    def _pass(self, item: Item) -> None:
        self._move(**{"line_id" if item.name == LOG else "event_id": item.id})

    def _next_page(self) -> Sequence[Item]:
        until_event, until_line = self._limits()
        if self._cursor.event_id < until_event:
            page = reading.events_of(self._topic, after=self._cursor.event_id, until=until_event)
            self._move(event_id=until_event if len(page) < reading.PAGE else page[-1].id)
            return page
        if self._logs and self._line_id < until_line:
            page = reading.lines_of([self._topic.id], after=self._line_id, until=until_line, limit=reading.PAGE)
            self._move(line_id=until_line if len(page) < reading.PAGE else page[-1].id)
            return page
        self._behind = False
        return ()

    def _limits(self) -> tuple[int, int]:
        """From where on the queue has everything. Fixed when it is first known; so is where a client without a cursor begins."""
        if self._until is None:
            assert self._subscription.joined is not None
            self._until = self._subscription.joined
            self._begin(self._until[0])
        return self._until

    def _begin(self, until: int) -> None:
        if self.begins_now:
            self._move(event_id=until)
        self._gap = gap_of(self._topic, self._given, until=until)
        if self._gap is not None:
            self._move(event_id=self._gap.until)

    def _move(self, *, event_id: int = 0, line_id: int = 0) -> None:
        self._line_id = max(self._line_id, line_id)
        self._cursor = Cursor(max(self._cursor.event_id, event_id), self._line_id if self._logs else None)
