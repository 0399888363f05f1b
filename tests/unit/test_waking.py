"""A worker whose slots were all taken looks for messages again when one is free."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from celery.concurrency.solo import TaskPool as SoloPool
from celery.concurrency.thread import TaskPool as ThreadPool
from celery.signals import task_postrun
from celery.worker import state
from kombu.asynchronous import Hub

from workers.waking import Waking

TASK = "the-task"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """An event loop that waits for a socket to which nobody writes."""
    reading, writing = socket.socketpair()
    hub = Hub()
    hub.add_reader(reading, lambda: None)
    yield hub
    hub.close()
    reading.close()
    writing.close()


@pytest.fixture
def waking(hub: Hub) -> Iterator[None]:
    """The step, at work in a worker with a pool of threads."""
    worker = SimpleNamespace(hub=hub, pool=ThreadPool(1))
    step = Waking(worker)
    step.start(worker)
    yield
    task_postrun.disconnect(step._wake)
    worker.pool.stop()


def end_a_task() -> None:
    """As a thread of the pool does it."""
    thread = threading.Thread(target=lambda: task_postrun.send(sender=None, task_id=TASK))
    thread.start()
    thread.join()


@pytest.mark.usefixtures("waking")
class TestATaskEnds:
    def test_the_loop_looks_until_celery_has_freed_the_slot(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(state.requests, TASK, object())
        loop = hub.create_loop()
        hub.call_soon(end_a_task)
        next(loop)
        next(loop)
        assert hub.timer.queue, "it looks again"
        del state.requests[TASK]
        while hub.timer.queue:
            next(loop)

    def test_a_slot_that_is_free_is_looked_at_once(self, hub: Hub) -> None:
        loop = hub.create_loop()
        hub.call_soon(end_a_task)
        next(loop)
        next(loop)
        assert not hub.timer.queue


def test_pools_whose_loop_hears_of_it_by_itself_are_left_alone(hub: Hub) -> None:
    before = list(task_postrun.receivers or ())
    worker = SimpleNamespace(hub=hub, pool=SoloPool(1))
    Waking(worker).start(worker)
    assert list(task_postrun.receivers or ()) == before
