"""The Celery beat that fires schedules: ``celery -A jobsproject beat``. Any number of them may run side by side.

Each claims what is due (scheduler/services/firing.py). The operators' own periodic tasks of django-celery-beat cannot be shared so:
one beat at a time sends those, the one that holds the lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import structlog
from celery.beat import SchedulingError
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django_celery_beat.schedulers import DatabaseScheduler
from kombu.exceptions import OperationalError as BrokerError

from jobs import hotpath, memory
from scheduler import claims
from scheduler.selectors.beats import LEADER_KEY
from scheduler.services import backfills, endings, firing, waiting

log = structlog.get_logger(__name__)

AWAY = (*hotpath.RETRYABLE, psycopg.InterfaceError, OperationalError, InterfaceError)
SHORTEST_WAIT_SECONDS = 0.02
"""Between looks while something is overdue that others have locked."""


MOST_BATCHES = 100
"""Of one step, before the others have their turn, however much there is to do."""

FEW = 200
"""Schedules that are fired without much ado. If there are so many, there may be very many."""
BACKFILL_SECONDS = 0.5
"""Of one pass, for backfills."""
HANDS = 2
"""Threads that fire while very many schedules are due: while PostgreSQL works for one, another computes. More gain nothing."""

BROKER_PAUSE_SECONDS = 15.0
"""Before the periodic tasks are tried again with a broker that took none: one that hangs costs seconds each time, in which no
schedule fires."""
NEVER_LED = 0
"""Terms are counted from one."""

Guard = Callable[[str, Callable[[], object]], object]


def look(*, guard: Guard = lambda _what, action: action()) -> bool:
    """One pass: deal with runs that ended, fire what waited, fire what is due, until nothing is left; go on with backfills, until
    something else is due.

    Args:
        guard: Calls each of these steps, which it is given with the step's name, and returns what the step does.

    Returns:
        Whether backfills may have more to do at once.
    """
    guard("endings", endings.settle)
    guard("waiting", waiting.fire_waiting)
    guard("schedules", _fire_due)
    return bool(guard("backfills", _work_off))


def _fire_due() -> None:
    if firing.fire_due(take=FEW) < FEW:
        return
    with ThreadPoolExecutor(HANDS, thread_name_prefix="firing") as hands:
        for hand in [hands.submit(_fire_many) for _ in range(HANDS)]:
            hand.result()


def _fire_many() -> None:
    """In a thread of its own."""
    try:
        _until_done(firing.fire_due, firing.BATCH)
    finally:
        connections.close_all()


def _work_off() -> int:
    """A fire that comes due meanwhile waits for one batch at the most; so do the periodic tasks for `BACKFILL_SECONDS`."""
    until = time.monotonic() + BACKFILL_SECONDS
    return backfills.work_off(pressing=lambda: time.monotonic() > until or _something_is_due())


def _something_is_due() -> bool:
    with hotpath.connection() as connection:
        return claims.seconds_to_next(connection) == 0


def _until_done(step: Callable[[], int], batch: int) -> None:
    for _ in range(MOST_BATCHES):
        if step() < batch:
            return


class Leadership:
    """A lock that one beat holds at a time, for as long as its session lives: the server ends that of a beat that stands still.
    ``terms``: how often it was taken."""

    KEY = LEADER_KEY
    LEASE_SECONDS = 30
    """Silence after which another beat may lead."""

    def __init__(self) -> None:
        self.terms = 0
        self._connection: psycopg.Connection[Any] | None = None

    def held(self) -> bool:
        """Whether it is ours; try to take it if nobody has it. Raises psycopg.OperationalError when the database is away."""
        if self._connection is not None and self._answers():
            return True
        connection = hotpath.connect()
        connection.execute(f"SET idle_session_timeout = '{self.LEASE_SECONDS}s'")
        row = connection.execute("SELECT pg_try_advisory_lock(%s) AS taken", (self.KEY,)).fetchone()
        if row is not None and row.taken:
            self._connection = connection
            self.terms += 1
            return True
        connection.close()
        return False

    def release(self) -> None:
        """Let another beat have it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _answers(self) -> bool:
        assert self._connection is not None
        try:
            self._connection.execute("SELECT 1")
        except psycopg.OperationalError:
            self.release()
            return False
        return True


class Waker:
    """Waits until a time comes, or until somebody saves a schedule."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] | None = None

    def listen(self) -> None:
        """From now on hear of what is saved. Raises psycopg.OperationalError when the database is away."""
        if self._connection is None:
            connection = hotpath.connect()
            connection.execute("LISTEN jobs_schedules")
            self._connection = connection

    def wait(self, seconds: float) -> None:
        """Return after so many seconds, or sooner. Raises psycopg.OperationalError when the database is away."""
        self.listen()
        assert self._connection is not None
        try:
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass
        except psycopg.OperationalError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class JobScheduler(DatabaseScheduler):  # type: ignore[misc]  # django-celery-beat publishes no types
    """Fires schedules, and for one beat at a time django-celery-beat's periodic tasks too."""

    LEADER_CHECK_SECONDS = 5.0
    MOST_SENT = 100

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._leadership = Leadership()
        self._waker = Waker()
        self._leads = False
        self._term = NEVER_LED
        self._theirs_at = 0.0
        self._leader_checked_at = float("-inf")
        super().__init__(*args, **kwargs)
        memory.keep_what_is_loaded()  # a burst of fires causes many collections, which took a quarter of its time

    def setup_schedule(self) -> None:
        """Nothing yet: whoever leads reads the periodic tasks, when it begins to lead. A database that is away must not end us."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One turn of beat's loop; returns the seconds until the next. It waits here, where new schedules can wake it."""
        more = look(guard=self._guarded)
        self._guarded("periodic_tasks", self._lead)
        try:
            self._waker.listen()  # before the look at what is next, or what is saved between the two is not heard of
            self._waker.wait(SHORTEST_WAIT_SECONDS if more else self._pause())
        except AWAY as error:
            log.warning("beat.database_unavailable", reason=str(error).strip())
            return float(settings.JOBS_BEAT_SECONDS)
        return 0.0

    def close(self) -> None:
        """Write what the periodic tasks have done, and let another beat lead."""
        if self._leads:
            super().close()
        self._leadership.release()
        self._waker.close()

    def _guarded(self, what: str, action: Callable[[], object]) -> object:
        """Whatever fails, the beat goes on: what it did not do now it finds again. Returns what the action does, or None."""
        try:
            return action()
        except AWAY as error:
            close_old_connections()
            log.warning("beat.database_unavailable", doing=what, reason=str(error).strip())
        except (BrokerError, OSError) as error:
            log.warning("beat.broker_unavailable", doing=what, reason=str(error).strip())
        except Exception:
            log.exception("beat.failed", doing=what)
        return None

    def _pause(self) -> float:
        """Seconds until something is due, and never longer than a beat."""
        with hotpath.connection() as connection:
            due = claims.seconds_to_next(connection)
        theirs = self._theirs_at - time.monotonic() if self._leads else float("inf")
        longest = float(settings.JOBS_BEAT_SECONDS)
        return max(SHORTEST_WAIT_SECONDS, min(longest, theirs, longest if due is None else due))

    def _lead(self) -> None:
        """Send the operators' periodic tasks, if this is the beat that does; keep at once which were sent: who leads next reads it.

        Whether it still leads is asked before each time, for a beat whose session ended has a successor.
        """
        now = time.monotonic()
        if now < (self._theirs_at if self._leads else self._leader_checked_at + self.LEADER_CHECK_SECONDS):
            return
        self._leader_checked_at, self._leads = now, False
        if not self._leadership.held():
            return
        if self._leadership.terms != self._term:
            self._begin_to_lead()
        self._leads = True
        self._theirs_at = now + BROKER_PAUSE_SECONDS  # no sooner again, should the broker be away
        self.producer  # noqa: B018 - the broker is asked for before a task is taken for sent
        wait = self._send_theirs()
        self._theirs_at = time.monotonic() + min(wait, self.max_interval)

    def _send_theirs(self) -> float:
        """Celery's own turn sends one task that is due; so several turns. Seconds until the next is due.

        Raises:
            kombu.exceptions.OperationalError: The broker did not take one: it is due still.
        """
        wait = 0.0
        for _ in range(self.MOST_SENT):
            if not self._leadership.held() or self._leadership.terms != self._term:
                break  # we stood still meanwhile, and another beat may have sent them
            wait = super().tick()
            self.sync()
            if wait > 0:
                break
        return wait

    def should_sync(self) -> bool:
        """Never in between: what was not sent must not be written as sent."""
        return False

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send one task. Celery's own would log that the broker is away, and take the task for sent.

        Raises:
            kombu.exceptions.OperationalError: The broker did not take it. All tasks are read anew before the next try.
        """
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            if not isinstance(error.__context__, (BrokerError, OSError, *self.connection.connection_errors)):
                log.exception("beat.task_not_sent", task=entry.name)  # its own fault: the others must be sent
                return
            self._term = NEVER_LED  # what the entry was told of its being sent is in memory only
            self._dirty.clear()
            self.__dict__.pop("producer", None)
            raise BrokerError(f"{entry.name} was not sent: {error}") from error

    def _ensure_connected(self) -> Any:
        """A broker that is away must not keep the schedules waiting."""
        return self.connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)

    def _begin_to_lead(self) -> None:
        """Read the periodic tasks anew: another beat sent them until now."""
        self._dirty.clear()
        self._heap = None
        self._initial_read = True
        super().setup_schedule()
        self._term = self._leadership.terms
        log.info("beat.leads")
