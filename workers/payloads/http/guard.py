"""What keeps a call from outliving its time: a deadline, and a stream that looks at it before every wait."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from urllib3.util.wait import wait_for_read

from workers.deadline import Deadline

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")

SLICE_SECONDS = 0.25
"""The longest wait in one piece; so long does a call take to notice that it was told to stop."""


class CallTimeoutError(Exception):
    """The call ran out of one of its times. The message says of which, without the call itself.

    No OSError on purpose: those are taken for a connection that broke, and this one must arrive as it is.
    """


class CallCancelledError(Exception):
    """The attempt was told to stop."""


@dataclass(slots=True)
class Guard:
    """The limits of one call.

    Args:
        cancelled: Set when the call is to stop: what is not sent yet is not sent, and what is has ``grace_seconds`` to be answered.
        lost: Set when nobody wants the answer any more: no grace.
        connect_seconds: For each connection: the name, the address, the TLS handshake.
        read_seconds: The longest silence of the other side; infinite for as long as the attempt has.
        timer: The attempt's, which it may extend while the call goes on.
        total_seconds: For everything: looking up the name, connecting, redirects, the body; infinite likewise.
        total_until: The instant of time.monotonic() at which the total is used up.
    """

    cancelled: threading.Event
    lost: threading.Event
    connect_seconds: float
    read_seconds: float
    timer: Deadline
    total_seconds: float = math.inf
    total_until: float = math.inf
    grace_seconds: float = 0.0
    is_sent: bool = field(default=False, init=False)
    """Whether the other side may have the request. The client says so, for each of a call's requests."""
    _told_at: float = field(default=math.inf, init=False)

    def patience(self, *, until: float, missed: str) -> float:
        """How many seconds to wait in one piece, at most `SLICE_SECONDS`.

        Args:
            until: The instant of time.monotonic() at which the present step must be done.
            missed: What to say when it is not.

        Raises:
            CallTimeoutError: The step's or the call's time is over.
            CallCancelledError: The call is to stop.
        """
        now = time.monotonic()
        if self.cancelled.is_set():
            self._obey(now)
        of_attempt = self.timer.remaining()
        left = min(self.total_until - now, until - now, of_attempt)
        if left > 0:
            return min(left, SLICE_SECONDS)
        if of_attempt <= min(self.total_until, until) - now:
            raise CallTimeoutError(self.timer.missed())
        raise CallTimeoutError(missed if until < self.total_until else f"not finished within {self.total_seconds:g} s")

    def _obey(self, now: float) -> None:
        self._told_at = min(self._told_at, now)
        if self.lost.is_set() or not self.is_sent:
            raise CallCancelledError("the attempt was told to stop")
        if now - self._told_at >= self.grace_seconds:
            raise CallCancelledError(f"the attempt was told to stop, and had no answer {self.grace_seconds:g} s later")


class GuardedStream:
    """A connected socket, plain or TLS; no wait on it outlasts the guard.

    The guard is that of the call under way: set it before each call on a connection that is used again.
    """

    def __init__(self, *, sock: socket.socket, guard: Guard) -> None:
        self.guard = guard
        self._sock = sock
        self._patience = -1.0

    def sendall(self, data: bytes) -> None:
        """Send everything, piece by piece."""
        view = memoryview(data)
        while view:
            view = view[self._patiently(self._sock.send, view) :]

    def recv(self, size: int) -> bytes:
        """Read what there is, at least one byte and at most ``size``; nothing at the end."""
        return self._patiently(self._sock.recv, size)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to read: neither the end, nor bytes that nobody asked for."""
        return not wait_for_read(self._sock, timeout=0.0)

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def _patiently(self, operation: Callable[[_Argument], _Result], argument: _Argument) -> _Result:
        silence = self.guard.read_seconds
        silent_until = time.monotonic() + silence
        while True:
            self._wait_at_most(self.guard.patience(until=silent_until, missed=f"nothing came for {silence:g} s"))
            try:
                return operation(argument)
            except TimeoutError:
                continue

    def _wait_at_most(self, seconds: float) -> None:
        """Set the socket's time-out only where it changes: it costs a system call."""
        if seconds != self._patience:
            self._sock.settimeout(seconds)
            self._patience = seconds
