"""What an attempt may take in all, and errors behind which there is a time limit.

Each answer has a time limit of its own. That is not enough: a server that sends a byte now and then keeps each of them, and holds
the thread for ever. So connections are cut when the attempt's time is over, whatever waits for them.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Annotated

from pydantic import BeforeValidator

from jobs.documents.basis import Duration
from jobs.durations import parse_ms
from jobs.errors import PermanentError, TransientError
from sinks.base import Parcel, Record

DEFAULT = "15m"
_LEAST_MS, _MOST_MS = 1000.0, 6 * 3_600_000.0
_present = threading.local()


def _now() -> float:
    return time.monotonic()


def _timeout(value: object) -> object:
    if not isinstance(value, str | int | float) or not _LEAST_MS <= parse_ms(value) <= _MOST_MS:
        raise ValueError("expected between 1 second and 6 hours")
    return value


AttemptTimeout = Annotated[Duration, BeforeValidator(_timeout)]
"""Of an attempt in all, as a person writes it."""


class Limit:
    """The time of one attempt. Made by `limited`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = _now() + seconds
        self._lock = threading.Lock()
        self._cut = False
        self._held: dict[int, socket.socket] = {}

    @property
    def left(self) -> float:
        """Seconds; never less than 0."""
        return max(0.0, self._until - _now())

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self._cut or self.left == 0

    def error(self) -> TransientError:
        """What to say when it is over."""
        return TransientError(f"the attempt took longer than its {self.seconds:g} s in all (timeout)", code="timeout")

    def check(self) -> None:
        """Raises TransientError (``timeout``): it is over."""
        if self.is_over:
            raise self.error()

    def of(self, parcel: Parcel) -> Parcel:
        """The parcel; no record of it is read any more when the time is over."""
        return replace(parcel, records=lambda: self._watched(parcel.records))

    def hold(self, connection: socket.socket) -> None:
        """Cut this connection, too, when the time is over: what waits for it then fails. To say so once is enough."""
        with self._lock:
            inode = os.fstat(connection.fileno()).st_ino
            if inode not in self._held:
                # TLS may take the descriptor away from the socket, and who closes it lets another one have its number.
                self._held[inode] = socket.socket(fileno=os.dup(connection.fileno()))
            if self._cut:
                _shut(self._held.values())

    def cut(self) -> None:
        """It is over."""
        with self._lock:
            self._cut = True
            _shut(self._held.values())

    def release(self) -> None:
        """Let go of the connections, which others may go on to use."""
        with self._lock:
            for each in self._held.values():
                each.close()
            self._held.clear()

    def _watched(self, read: Callable[[], Iterator[Record]]) -> Iterator[Record]:
        for record in read():
            self.check()
            yield record


@contextmanager
def limited(seconds: float) -> Iterator[Limit]:
    """Limit what this thread does here, and cut the connections that it made or used by `hold` when it takes longer.

    Within another one this one alone counts: what tidies up after an attempt has a time of its own.

    Raises:
        TransientError: It took longer, and failed (``timeout``). What was done all the same is done, and what is wrong for good
            is said.
    """
    limit, outer = Limit(seconds), present()
    timer = threading.Timer(seconds, limit.cut)
    timer.daemon = True
    _present.limit = limit
    timer.start()
    try:
        yield limit
    except Exception as error:
        if limit.is_over and not isinstance(error, PermanentError):
            raise limit.error() from error
        raise
    finally:
        timer.cancel()
        _present.limit = outer
        limit.release()


def present() -> Limit | None:
    """The limit of what this thread does."""
    limit: Limit | None = getattr(_present, "limit", None)
    return limit


def check() -> None:
    """Raises TransientError (``timeout``): the time of what this thread does is limited, and over."""
    if limit := present():
        limit.check()


def hold(connection: socket.socket) -> None:
    """Cut a connection that this thread uses when its time is over, if that is limited. Raises TransientError: it is over."""
    check()
    if limit := present():
        limit.hold(connection)


def seconds_of(timeout: str | float) -> float:
    """Of an `AttemptTimeout`."""
    return parse_ms(timeout) / 1000


def code_of(error: BaseException, *, otherwise: str) -> str:
    """``timeout`` where a time limit stands behind an error, whatever a library has made of it; ``otherwise`` for any other."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, TimeoutError):
            return "timeout"
        behind = behind.__cause__ or behind.__context__
    return otherwise


def _shut(connections: Iterable[socket.socket]) -> None:
    for each in connections:
        with suppress(OSError):  # its other end was faster
            each.shutdown(socket.SHUT_RDWR)
