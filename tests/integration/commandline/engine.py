"""A worker in a thread of the test: what is published is done, one message after the other."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from jobs import dispatch, hotpath
from jobs.dispatch import LaneMessage
from workers import turns
from workers.payloads.http.connections import POOL


class Worker:
    """Takes messages as they come. While it is held they wait, as in a broker whose workers are busy."""

    def __init__(self) -> None:
        self._messages: queue.SimpleQueue[LaneMessage | None] = queue.SimpleQueue()
        self._free = threading.Event()
        self._free.set()

    def publish(self, messages: Iterable[LaneMessage]) -> None:
        """Stands for `dispatch.publish`."""
        for message in messages:
            self._messages.put(message)

    def hold(self) -> None:
        """Begin nothing more."""
        self._free.clear()

    def go_on(self) -> None:
        """Take what waits."""
        self._free.set()

    def work(self) -> None:
        """Until `stop`."""
        while (message := self._messages.get()) is not None:
            self._free.wait(60)
            turns.work(
                lanes=message.lanes,
                queue=message.queue,
                single=message.single,
                strict=message.strict,
                published_at=None,
            )
        connection.close()

    def stop(self) -> None:
        """End when what waits is done."""
        self._free.set()
        self._messages.put(None)


@contextmanager
def working(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker for the length of a ``with`` block, instead of the broker's."""
    worker = Worker()
    monkeypatch.setattr(dispatch, "publish", worker.publish)
    thread = threading.Thread(target=worker.work)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join()
        POOL.close()
        hotpath.close()
