"""A worker, or a beat, says every few seconds that it is there, and hears whether it is to take nothing new.

A worker that drains stays: it stops fetching messages from all its queues, ends the payloads at work, and hands its lanes back,
as it does when it is shut down; then it waits until it may go on. What Celery's own ``cancel_consumer`` does goes through the
broker, and nobody can see it afterwards; this is a row, so that whoever looks sees it.
"""

from __future__ import annotations

import atexit
import datetime as dt
import os
import socket
import threading
from pathlib import Path
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, connection

from jobs import __version__, hotpath
from jobs.services import fleet
from workers import stopping
from workers.identity import worker_name

EVERY_SECONDS = 2.0
FAREWELL_SECONDS = 3.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

log = structlog.get_logger(__name__)


class Presence:
    """What one process says of itself, and what it was told.

    Args:
        kind: ``worker`` or ``beat``.
        node: What Celery calls it.
        worker: Celery's worker, for what a beat has not.
    """

    def __init__(self, *, kind: str, node: str, worker: Any = None) -> None:
        self.kind, self.node, self._worker = kind, node, worker
        self.name, self.pid = worker_name(), os.getpid()
        self.started_at = dt.datetime.now(dt.UTC)
        self.queues: list[str] = [] if worker is None else sorted(worker.app.amqp.queues.consume_from)
        self._draining = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self.loop, name="presence", daemon=True)

    def said(self) -> fleet.Said:
        """As it stands now."""
        children, pool = _children(self.pid), getattr(self._worker, "pool_cls", None)
        return fleet.Said(
            name=self.name,
            kind=self.kind,
            node=self.node[:200],
            host=socket.gethostname(),
            pid=self.pid,
            pool="" if pool is None else str(getattr(pool, "__module__", pool)).rpartition(".")[2],
            slots=0 if self._worker is None else int(self._worker.concurrency or 0),
            queues=self.queues,
            children=[f"{socket.gethostname()}:{child}" for child in children],
            version=__version__,
            memory_bytes=_memory_bytes([self.pid, *children]),
            started_at=self.started_at,
        )

    def tell(self) -> None:
        """Say it once, and do what is wished."""
        now = dt.datetime.now(dt.UTC)
        draining = fleet.announce(said=self.said(), now=now)
        fleet.forget_the_silent(now=now)
        if draining != self._draining:
            stopping.drain(draining)
            self._draining = draining
            log.info("worker.draining" if draining else "worker.going_on", worker=self.name)
        if self._worker is not None:
            self._see_to_queues()

    def farewell(self) -> None:
        """Take it back, when the process ends. A child that was forked has nothing to take back."""
        if os.getpid() != self.pid:
            return
        self._over.set()
        if self._thread.is_alive():  # It might say once more that it is there.
            self._thread.join(FAREWELL_SECONDS)
        try:
            fleet.say_farewell(name=self.name, started_at=self.started_at)
        except (*hotpath.RETRYABLE, OperationalError, InterfaceError):
            log.warning("presence.not_taken_back", worker=self.name)

    def loop(self) -> None:
        """Until the process ends."""
        while not self._over.is_set():
            try:
                self.tell()
            except (*hotpath.RETRYABLE, OperationalError, InterfaceError) as error:
                log.warning("presence.database_unavailable", reason=str(error).strip())
            except Exception:  # Whatever it is: it must go on saying so, or nobody could have it take work again.
                log.exception("presence.failed")
            connection.close()  # The pool's, between two times.
            self._over.wait(EVERY_SECONDS)

    def start(self) -> None:
        """In a thread of this process."""
        atexit.register(self.farewell)
        self._thread.start()

    def _see_to_queues(self) -> None:
        """Have the worker fetch from its queues, or from none. Looked at each time, for what it is told while it reconnects to the
        broker may be lost."""
        consumer = self._worker.consumer
        fetching = getattr(consumer, "task_consumer", None)
        if fetching is None or stopping.is_final():
            return
        # By the worker's own event loop: its connection to the broker belongs to no other thread.
        act = consumer.cancel_task_queue if self._draining else consumer.add_task_queue
        for queue in self.queues:
            if fetching.consuming_from(queue) == self._draining:
                consumer.call_soon(act, queue)


def start_worker(*, sender: Any, **_: object) -> None:
    """Connected to Celery's worker_ready, whose sender is the consumer."""
    Presence(kind="worker", node=str(sender.hostname), worker=sender.controller).start()


def start_beat(**_: object) -> None:
    """Connected to Celery's beat_init."""
    Presence(kind="beat", node=f"beat@{socket.gethostname()}").start()


def _children(pid: int) -> list[int]:
    """The processes that a pool has forked; none where the system does not say."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _memory_bytes(pids: list[int]) -> int | None:
    """What they hold in memory together, pages that forked ones share counted for each; None where the system does not say."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError, ValueError):
            if pid == pids[0]:
                return None
    return pages * _PAGE_BYTES
