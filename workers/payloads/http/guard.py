"""What keeps a call from outliving its time: a deadline, and a stream that looks at it before every wait."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SLICE_SECONDS = 0.25
"""The longest wait in one piece; so long does a call take to notice that it was cancelled."""


class CallTimeoutError(Exception):
    """The call ran out of one of its times. The message says of which, without the call itself.

    No OSError on purpose: urllib3 and http.client translate those, and this one must arrive as it is.
    """


class CallCancelledError(Exception):
    """The attempt was told to stop."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The limits of one call.

    Args:
        cancelled: Set when the call is to stop.
        total_seconds: For everything: looking up the name, connecting, redirects, the body.
        connect_seconds: For each connection: the name, the address, the TLS handshake.
        read_seconds: The longest silence of the other side.
        deadline: The instant of time.monotonic() at which the total is used up.
    """

    cancelled: threading.Event
    total_seconds: float
    connect_seconds: float
    read_seconds: float
    deadline: float

    def patience(self, *, until: float, missed: str) -> float:
        """How many seconds to wait in one piece, at most `SLICE_SECONDS`.

        Args:
            until: The instant of time.monotonic() at which the present step must be done.
            missed: What to say when it is not.

        Raises:
            CallTimeoutError: The step's or the call's time is over.
            CallCancelledError: The call is to stop.
        """
        if self.cancelled.is_set():
            raise CallCancelledError("the attempt was told to stop")
        left = min(self.deadline, until) - time.monotonic()
        if left > 0:
            return min(left, SLICE_SECONDS)
        raise CallTimeoutError(missed if until < self.deadline else f"not finished within {self.total_seconds:g} s")


class GuardedStream:
    """A connected socket, plain or TLS, with the few methods that http.client uses; no wait outlasts the guard.

    The guard is that of the call under way: set it before each call on a connection that is used again.
    """

    def __init__(self, *, sock: socket.socket, guard: Guard) -> None:
        self.guard = guard
        self._sock = sock
        self._patience = -1.0
        self._readers = 0
        self._closing = False

    def sendall(self, data: bytes) -> None:
        """Send everything, piece by piece."""
        view = memoryview(data)
        while view:
            view = view[self._patiently(self._sock.send, view) :]

    def recv_into(self, buffer: memoryview) -> int:
        """Read what there is, at least one byte; 0 at the end."""
        return self._patiently(self._sock.recv_into, buffer)

    def makefile(self, mode: str, *args: object, **kwargs: object) -> io.BufferedReader:
        """A buffered reader, as http.client wants one per response."""
        self._readers += 1
        return io.BufferedReader(_Reader(self), 16_384)

    def settimeout(self, seconds: float | None) -> None:
        """Do nothing: the guard says how long to wait, not urllib3."""

    def fileno(self) -> int:
        """The socket's descriptor, for select."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close the socket once no reader needs it: http.client closes a connection before it reads the last body."""
        self._closing = True
        self._close_if_unused()

    def reader_closed(self) -> None:
        """Note that one reader of makefile is done."""
        self._readers -= 1
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self._closing and self._readers == 0:
            self._sock.close()

    def _patiently(self, operation: Callable[[Any], int], argument: memoryview) -> int:
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


class _Reader(io.RawIOBase):
    """What `GuardedStream.makefile` buffers."""

    def __init__(self, stream: GuardedStream) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._stream.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._stream.reader_closed()
