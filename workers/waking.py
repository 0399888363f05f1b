"""A worker that fetches nothing while it is busy must look again as soon as it is not.

With ``worker_disable_prefetch`` Celery's event loop stops asking Redis while every slot is taken. When a thread finishes,
nothing wakes the loop: it looks again at its next timer, up to a second later, so that a full worker starts one message a
second and slot (60 messages on 2 slots took 24 s). So each task that ends wakes it.
"""

from __future__ import annotations

from typing import Any

from celery import bootsteps
from celery.concurrency.thread import TaskPool
from celery.signals import task_postrun
from celery.worker import state

LOOK_AGAIN_SECONDS = 0.002
"""A task says that it has ended a moment before Celery frees its slot."""


class Waking(bootsteps.StartStopStep):
    """Wakes the worker's event loop when a thread is free again. A prefork pool's loop hears of it by itself; gevent has none."""

    requires = ("celery.worker.components:Hub", "celery.worker.components:Pool")

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._hub: Any = None

    def start(self, worker: Any) -> None:
        """Begin to wake."""
        if isinstance(worker.pool, TaskPool):
            self._hub = worker.hub
            task_postrun.connect(self._wake)

    def _wake(self, *, task_id: str, **_: object) -> None:
        """Called by the thread that worked the task."""
        self._hub.call_soon(self._look, task_id)

    def _look(self, task_id: str) -> None:
        """Called by the loop, which fetches what there is room for after each call."""
        if task_id in state.requests:
            self._hub.call_later(LOOK_AGAIN_SECONDS, self._look, task_id)
