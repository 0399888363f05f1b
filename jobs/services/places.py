"""The places for requests that wait: each holds a thread of the web process, and threads are to be left for everybody else.

One budget for all that waits: for a run's end, a long poll, the answer of a worker. What gets no place is answered at once, as if
it had asked for no wait. A command waits in a process of its own, and needs none.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings

from jobs import acting


class Places:
    """So many at once as the caller says."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._taken = 0

    @property
    def taken(self) -> int:
        """How many wait now."""
        return self._taken

    @contextmanager
    def place(self, *, most: int) -> Iterator[bool]:
        """Hold a place for the length of a ``with`` block; False where ``most`` are taken already."""
        with self._changing:
            has = self._taken < most
            self._taken += has
        try:
            yield has
        finally:
            with self._changing:
                self._taken -= has


@contextmanager
def waiting_place() -> Iterator[bool]:
    """Hold one of this process's `JOBS_API_WAITERS` places; False where there is none left. Whoever holds one gets no second, and
    outside a request none is needed: then it is True."""
    if _holds.get() or not acting.in_request():
        yield True
        return
    with _PLACES.place(most=settings.JOBS_API_WAITERS) as has:
        held = _holds.set(has)
        try:
            yield has
        finally:
            _holds.reset(held)


_PLACES = Places()
_holds: ContextVar[bool] = ContextVar("holds_place", default=False)
