"""The reader of a process: it follows the event log while somebody watches, and hands on what it reads.

One thread, and so one connection to the database, however many watch; nobody watching, no thread and no query. A pass is one query
of the event log, two more while ids are missing in it, one of the log lines' end and one of the lines where lines are watched, and
every `PROGRESS_SECONDS` one of the runs that are watched.

Source: docs/adr/0014-live.md
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from jobs.api.live import reading
from jobs.api.live.horizon import Horizon
from jobs.api.live.progress import Pace, Told
from jobs.api.live.subscription import Subscription
from jobs.api.live.topics import Item, Scope, Topic
from jobs.errors import TransientError

MOST_STREAMS = 5_000
"""In a process. More are asked to come again."""

PROGRESS_SECONDS = 1.0
_AWAY = (OperationalError, InterfaceError)

log = structlog.get_logger(__name__)


class Hub:
    """Streams subscribe and leave; `look` is one pass.

    Args:
        follow: Whether a thread of its own makes the passes while anybody watches.
    """

    def __init__(self, *, follow: bool = True) -> None:
        self._follows = follow
        self._lock = threading.Lock()
        self._by_topic: dict[tuple[Scope, int | None], set[Subscription]] = defaultdict(set)
        self._everybody: set[Subscription] = set()
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._forget()

    @property
    def watching(self) -> int:
        """How many streams there are."""
        return len(self._everybody)

    @property
    def handed_on(self) -> int | None:
        """The id of the event up to which everything has been handed on; None while that is not known."""
        return self._events_to

    def subscribe(self, *, topic: Topic, logs: bool = False, wake: Callable[[], None]) -> Subscription:
        """Begin to watch. Whoever does must `leave`.

        Raises:
            TransientError: `MOST_STREAMS` watch already, or the process is ending.
        """
        subscription = Subscription(topic=topic, logs=logs, wake=wake)
        with self._lock:
            if self._over.is_set() or len(self._everybody) >= MOST_STREAMS:
                raise TransientError("too many streams are open here: try again", code="streams")
            self._everybody.add(subscription)
            self._by_topic[topic.scope, topic.id].add(subscription)
            self._let_join(subscription)
            if self._follows and self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="live", daemon=True)
                self._thread.start()
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Watch no longer. May be repeated."""
        with self._lock:
            self._everybody.discard(subscription)
            key = (subscription.topic.scope, subscription.topic.id)
            if key in self._by_topic:
                self._by_topic[key].discard(subscription)
                if not self._by_topic[key]:
                    del self._by_topic[key]

    def close(self) -> None:
        """End all streams: the process is to end. Nobody may subscribe any more."""
        self._over.set()
        with self._lock:
            everybody = list(self._everybody)
        for subscription in everybody:
            subscription.close()

    def look(self) -> None:
        """One pass. A database that cannot be reached is told to all; the next pass goes on where this one could not."""
        try:
            self._look()
        except _AWAY as error:
            log.warning("live.database_away", reason=type(error).__name__)
            connection.close()  # the next pass makes another
            self._tell_away(True)
        else:
            self._tell_away(False)

    def _follow(self) -> None:
        # Not one of the pool's: a pool waits longer and longer between its attempts while the database is away.
        connections[DEFAULT_DB_ALIAS] = unpooled(connections[DEFAULT_DB_ALIAS])
        with contextlib.closing(connection):
            self._pass_by_pass()

    def _pass_by_pass(self) -> None:
        while self._goes_on():
            try:
                self.look()
            except Exception:
                # The thread must not die while streams believe in it.
                log.exception("live.failed")
            self._over.wait(settings.JOBS_LIVE_SECONDS)

    def _goes_on(self) -> bool:
        """Whether anybody watches; when nobody does, whoever comes next finds no thread and begins anew."""
        with self._lock:
            if self._everybody and not self._over.is_set():
                return True
            self._forget()
            self._thread = None
            return False

    def _forget(self) -> None:
        self._events, self._lines = Horizon(), Horizon()
        self._events_to: int | None = None
        self._lines_to: int | None = None
        self._pace = Pace()
        self._progress_at = 0.0
        self._is_away = False

    def _look(self) -> None:
        self._look_at_events()
        if any(subscription.logs for subscription in self._watchers()):
            self._look_at_lines()
        elif self._lines_to is not None:
            self._lines, self._lines_to = Horizon(), None
        if time.monotonic() - self._progress_at >= PROGRESS_SECONDS:
            self._look_at_runs()
            self._progress_at = time.monotonic()

    def _look_at_events(self) -> None:
        horizon, former = self._events, self._events_to
        if horizon.at is None and not horizon.in_doubt:
            top = reading.last_event_id()
            horizon.begin(top=top, writers=reading.writers_of("jobs_event"))
        elif horizon.in_doubt:
            horizon.heard(reading.writers_of("jobs_event"))
        items = [] if former is None else reading.events_after(former)
        if horizon.advance([item.id for item in items]):
            horizon.suspect(top=items[-1].id, writers=reading.writers_of("jobs_event"))
        if horizon.at is not None:
            until = horizon.at if len(items) < reading.BATCH else min(horizon.at, items[-1].id)
            self._hand_on([item for item in items if item.id <= until], until=until, logs=False)

    def _look_at_lines(self) -> None:
        """The lines of the watched runs up to where the log of all lines is complete: what is written to others is not read."""
        horizon, former = self._lines, self._lines_to
        if horizon.in_doubt:
            horizon.heard(reading.writers_of("jobs_log_line"))
        top = reading.last_line_id()
        if horizon.at is None and not horizon.in_doubt:
            horizon.begin(top=top, writers=reading.writers_of("jobs_log_line"))
        elif horizon.advance([top]):
            horizon.suspect(top=top, writers=reading.writers_of("jobs_log_line"))
        if horizon.at is None:
            return
        lines = [] if former is None else self._lines_between(former, horizon.at)
        until = horizon.at if len(lines) < reading.BATCH else lines[-1].id
        self._hand_on(lines, until=until, logs=True)

    def _lines_between(self, after: int, until: int) -> list[Item]:
        run_ids = {subscription.topic.id for subscription in self._watchers() if subscription.logs}
        return reading.lines_of(run_ids, after=after, until=until) if until > after else []

    def _hand_on(self, items: list[Item], *, until: int, logs: bool) -> None:
        """Give them to whom they concern, and note in the same moment how far that went: who comes now sees both or neither."""
        with self._lock:
            for item in items:
                for key in item.topics:
                    for subscription in self._by_topic.get(key, ()):
                        if self._wants(subscription, item, logs):
                            subscription.put(item)
            if logs:
                self._lines_to = until
            else:
                self._events_to = until
            for subscription in self._everybody:
                self._let_join(subscription)

    @staticmethod
    def _wants(subscription: Subscription, item: Item, logs: bool) -> bool:
        return subscription.joined is not None and (subscription.logs or not logs) and subscription.topic.admits(item)

    def _let_join(self, subscription: Subscription) -> None:
        known = self._events_to is not None and (self._lines_to is not None or not subscription.logs)
        if known and subscription.joined is None:
            subscription.join(event_id=self._events_to or 0, line_id=self._lines_to or 0)

    def _look_at_runs(self) -> None:
        run_ids = {each.topic.id for each in self._watchers() if each.topic.scope is Scope.RUN}
        if not run_ids:
            return
        changed = self._pace.changed(reading.progress_of(run_ids), run_ids=run_ids, at=time.monotonic())
        with self._lock:
            for run_id in run_ids:
                for subscription in self._by_topic.get((Scope.RUN, run_id), ()):
                    self._put_progress(
                        subscription, changed.get(run_id) or self._pace.latest(run_id), run_id in changed
                    )

    @staticmethod
    def _put_progress(subscription: Subscription, told: Told | None, is_new: bool) -> None:
        if told is not None and (is_new or not subscription.has_progress):
            subscription.put_progress(told.body, last_event=told.last_event)

    def _watchers(self) -> list[Subscription]:
        with self._lock:
            return list(self._everybody)

    def _tell_away(self, away: bool) -> None:
        if away != self._is_away:
            self._is_away = away
            for subscription in self._watchers():
                subscription.put_away(away)


def unpooled(wrapper: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    """The same database, with a connection of its own."""
    own: BaseDatabaseWrapper = wrapper.copy()
    own.settings_dict["OPTIONS"] = {
        name: value for name, value in own.settings_dict["OPTIONS"].items() if name != "pool"
    }
    return own


HUB = Hub()
"""This process's."""
