"""Delivering to sinks: who holds a sink makes its deliveries, some at once, until nothing is due or its turn is over.

Messages only wake this. The deliveries are made by threads of this module's own, so that a sink that hangs holds up neither a
place of the worker's pool nor any other sink: at most `MOST_SINKS` at once, and each attempt has a time limit.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress

import structlog
from django.conf import settings

from jobs import hotpath
from jobs.durations import seconds
from jobs.errors import LaneLost
from sinks import claims, registry
from sinks.base import OpenSink, SinkKind
from sinks.claims import Begun, Held
from sinks.services import expanding
from sinks.states import DeliveryState
from workers import stopping
from workers.attempts_at_sinks import Ended, abandon, attempt, lost_with_its_worker, opened
from workers.identity import worker_name
from workers.persistence import until_answered
from workers.sink_surroundings import SinkSurroundings

MOST_SINKS = 8
"""That one process delivers to at once."""
CONCURRENCY = 8
"""Attempts at one sink at once, unless its deliveries are ordered."""
AHEAD = 3 * CONCURRENCY
"""Begun beyond that, so that no thread waits for the database."""
TURN_SECONDS = 10.0
"""Then another sink may have its turn."""

log = structlog.get_logger(__name__)


class Deliverers:
    """The threads of this process that deliver."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        """Held for moments: nobody asks the database meanwhile, or all threads would wait for it with whoever does."""
        self._busy: set[int] = set()
        self._looking = 0
        self._pool: ThreadPoolExecutor | None = None

    def look(self) -> None:
        """Begin with as many sinks that are owed something as there are threads free. Returns when the database has answered."""
        with self._lock:
            free = MOST_SINKS - len(self._busy)
        if free <= 0 or stopping.asked():
            return
        for sink in claims.due_sinks(limit=MOST_SINKS + free, ordered=registry.ordered()):
            if sink.gone:
                claims.bury(sink_id=sink.sink_id, limit=1000)
            elif sink.sink_id is not None:
                self._begin(sink.sink_id)

    def wait(self) -> None:
        """Until no thread is at work; for tests and for a worker that stops."""
        while True:
            with self._lock:
                if not self._busy and not self._looking:
                    return
            time.sleep(0.01)

    def _begin(self, sink_id: int) -> None:
        """Somebody else may have begun with it, or taken the last thread, since the database was asked: then it has to wait."""
        with self._lock:
            if sink_id in self._busy or len(self._busy) >= MOST_SINKS:
                return
            if self._pool is None:
                self._pool = ThreadPoolExecutor(MOST_SINKS, thread_name_prefix="sink")
            self._busy.add(sink_id)
            self._pool.submit(self._turn, sink_id)

    def _turn(self, sink_id: int) -> None:
        made = 0
        try:
            made = deliver_to(sink_id=sink_id)
        except (
            Exception
        ):  # Whatever it is: the thread goes on with other sinks, and the sweep sends somebody to this one.
            log.exception("sink.turn_failed", sink=sink_id)
        finally:
            with self._lock:
                self._busy.discard(sink_id)
                self._looking += 1
        try:
            if made:  # or the sweep looks: a sink with which nothing could be done is still due
                with suppress(*hotpath.RETRYABLE):  # then the sweep does, too
                    self.look()
        finally:
            with self._lock:
                self._looking -= 1


deliverers = Deliverers()
"""This process's."""


def deliver_to(*, sink_id: int) -> int:
    """Make a sink's deliveries until none is due, its turn is over, or it is taken from us.

    Returns:
        How many attempts were made; 0 when somebody else holds the sink, too.
    """
    held = claims.take_sink(sink_id=sink_id, worker=worker_name(), lease=_lease())
    if held is None:
        return 0
    kind = registry.get(held.kind)
    if kind is None:
        log.error("sink.unknown_kind", sink=sink_id, kind=held.kind)
        return 0  # its lease runs out, and somebody with a newer version takes it
    try:
        with _kept(held) as lost:
            return _Turn(held, kind, lost).work()
    except LaneLost:
        log.warning("sink.lost", sink=sink_id)
        return 0
    except Exception:  # Whatever it is, it may come again at once: not before the sink has rested.
        until_answered(lambda: claims.rest_sink(held=held))
        raise
    finally:
        until_answered(lambda: claims.leave_sink(held=held))


class _Turn:
    """One turn at one sink. It is over when its time is, when the sink rests, was changed or lost, and when the worker stops.

    Then nothing is begun any more, what has not started is put back, and what is under way is written down: whether that may be
    written is for the database to say.
    """

    def __init__(self, held: Held, kind: SinkKind, lost: threading.Event) -> None:
        self._held, self._kind, self._lost = held, kind, lost
        self._surroundings = SinkSurroundings(workspace_id=held.workspace_id, sink=held.name)
        self._until = time.monotonic() + TURN_SECONDS
        self._ended = False
        self._under_way: dict[Future[Ended | None], Begun] = {}
        self._sink: OpenSink | None = None
        self._alone = True
        self._expanded = True

    def work(self) -> int:
        """Begin what is due, settle what has ended; how many attempts were made."""
        with self._opened() as sink, ThreadPoolExecutor(self._threads, thread_name_prefix="delivery") as pool:
            self._sink = sink
            try:
                return self._work(pool, sink)
            finally:
                self._ended = True  # after an error: what waits for a thread does not start

    def _work(self, pool: ThreadPoolExecutor, sink: OpenSink) -> int:
        made = 0
        while True:
            for begun in self._begin():
                self._under_way[pool.submit(self._attempt, begun, sink)] = begun
            if self._is_over:
                self._put_back([future for future in self._under_way if future.cancel()])
            if not self._under_way:
                return made
            made += self._settle()

    @property
    def _threads(self) -> int:
        return 1 if self._held.on_trial else CONCURRENCY

    @property
    def _is_over(self) -> bool:
        return self._ended or self._lost.is_set() or stopping.asked() or time.monotonic() > self._until

    def _attempt(self, begun: Begun, sink: OpenSink) -> Ended | None:
        """None where it came too late to start."""
        if self._is_over:
            return None
        return attempt(begun, held=self._held, kind=self._kind, sink=sink, clean=self._surroundings.clean)

    @contextmanager
    def _opened(self) -> Iterator[OpenSink]:
        sink = opened(configuration=self._held.configuration, kind=self._kind, surroundings=self._surroundings)
        try:
            yield sink
        finally:
            try:
                sink.close()
            except Exception:  # whatever it is: what was delivered is delivered
                log.exception("sink.not_closed", sink=self._held.sink_id)

    @property
    def _room(self) -> int:
        """For so many more attempts."""
        most = 1 if self._alone or self._held.on_trial else CONCURRENCY + AHEAD
        return 0 if self._is_over else most - len(self._under_way)

    def _begin(self) -> list[Begun]:
        """More attempts, as far as there is room; none once the turn is over.

        First of all one by one those that were lost with a worker: one may be what killed it, and shall not take others with it.
        """
        if self._room <= 0:
            return []
        begun = self._due()
        if self._alone and not begun:
            self._alone = False
            begun = self._due()
        while not begun and self._expanded and self._room > 0:
            self._expanded = until_answered(lambda: expanding.expand(held=self._held, kind=self._kind))
            begun = self._due()
        return begun

    def _due(self) -> list[Begun]:
        """Begin what is due; what is found lost is settled as that."""
        while found := until_answered(self._first):
            if lost := [each for each in found if each.lost]:
                self._write([self._lost_with_its_worker(each) for each in lost])
            begun = [each for each in found if not each.lost]
            if begun or self._is_over:
                return begun
        return []

    def _lost_with_its_worker(self, begun: Begun) -> Ended:
        """Where it is given up, what it has left is taken away first: should this worker die at it, it is found lost again.

        Only by who still holds the sink: what another has begun since, or made, is not what it has left.
        """
        ended = lost_with_its_worker(begun)
        given_up = ended.settled.state == DeliveryState.DEAD
        if given_up and self._sink is not None and until_answered(self._renewed):
            abandon(begun, held=self._held, kind=self._kind, sink=self._sink, clean=self._surroundings.clean)
        return ended

    def _renewed(self) -> bool:
        return claims.renew_sink(held=self._held, lease=_lease())

    def _first(self) -> list[Begun]:
        return claims.begin_deliveries(
            held=self._held,
            limit=max(self._room, 0),
            alone=self._alone,
            ordered=self._kind.ordered,
            under_way=[begun.id for begun in self._under_way.values()],
        )

    def _put_back(self, futures: Iterable[Future[Ended | None]]) -> None:
        """They never started."""
        idle = [self._under_way.pop(future) for future in futures]
        if idle:
            until_answered(lambda: claims.put_back(held=self._held, begun=idle))

    def _settle(self) -> int:
        """Write down what has ended. Where deliveries are ordered, those behind it may have to be made yet."""
        done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        ended = [each for future in done if (each := future.result()) is not None]
        self._put_back([future for future in done if future.result() is None])
        for future in done:
            self._under_way.pop(future, None)
        if ended:
            self._write(ended)
            self._expanded |= self._kind.ordered
        return len(ended)

    def _write(self, ended: Sequence[Ended]) -> None:
        gone = next((each.gone for each in ended if each.gone), "")
        settled = [each.settled for each in ended]
        over = until_answered(lambda: claims.settle_deliveries(held=self._held, settled=settled, gone=gone))
        if over is None:
            self._lost.set()
            log.warning("sink.lost", sink=self._held.sink_id, deliveries=len(settled))
        self._ended |= over is not False


@contextmanager
def _kept(held: Held) -> Iterator[threading.Event]:
    """Keep the sink's lease; the event is set when it is lost."""
    over, lost = threading.Event(), threading.Event()

    def keep() -> None:
        while not over.wait(settings.JOBS_LEASE_SECONDS / 3):
            with suppress(*hotpath.RETRYABLE):
                if not claims.renew_sink(held=held, lease=_lease()):
                    lost.set()
                    return

    thread = threading.Thread(target=keep, name="keep-sink", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        over.set()
        thread.join()


def _lease() -> dt.timedelta:
    return seconds(settings.JOBS_LEASE_SECONDS)
