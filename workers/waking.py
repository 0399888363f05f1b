"""A worker that fetches nothing while it is busy must look again as soon as it is not.

With ``worker_disable_prefetch`` Celery's event loop stops asking Redis while every slot is taken. When a thread finishes,
nothing wakes the loop: it looks again at its next timer, up to a second later, so that a full worker starts one message a
second and slot (60 messages on 2 slots took 24 s). So while anything is at work the loop gets a timer that ticks.
"""

from __future__ import annotations

from typing import Any

from celery import bootsteps
from celery.signals import task_received
from celery.worker import state

TICK_SECONDS = 0.01


class Ticking(bootsteps.StartStopStep):
    """Turns the worker's event loop over every 10 ms while it has work. Pools without such a loop, gevent's say, need none."""

    requires = ("celery.worker.components:Hub",)

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._hub: Any = None
        self._ticks = False

    def start(self, worker: Any) -> None:
        """Begin to tick with the next message."""
        self._hub = worker.hub
        if self._hub is not None:
            task_received.connect(self._begin)

    def _begin(self, **_: object) -> None:
        if not self._ticks:
            self._ticks = True
            self._hub.call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._ticks = len(state.reserved_requests) > 0
        if self._ticks:
            self._hub.call_later(TICK_SECONDS, self._tick)
