"""A port on loopback before a server: that shall fall silent or hang up when a test says so, or that listens on a socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

Address = str | tuple[str, int]
_CHUNK = 65_536


class Relay:
    """Hands on bytes in both directions.

    Args:
        to: The path of a socket, or host and port.
        host: Where it listens.
        answers: What becomes of answers on their way; one of the same length.

    Attributes:
        connections: How many were made.
        refusing: Whether new connections are closed at once.
        stop_at: Bytes on their way to the server: a connection that brings them stays open, and hands on nothing more.
        stopped: Set when that has happened.
    """

    def __init__(
        self, to: Address, *, host: str = "127.0.0.1", answers: Callable[[bytes], bytes] = lambda data: data
    ) -> None:
        self._to, self._answers = to, answers
        self._listening = socket.create_server((host, 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.connections = 0
        self.refusing = False
        self.stop_at: bytes | None = None
        self.stopped = threading.Event()

    @classmethod
    def before(cls, url: str) -> Relay:
        """Before an HTTP server; ``relay.url`` is it then."""
        parts = urlsplit(url)
        return cls((parts.hostname or "", parts.port or 80))

    @property
    def port(self) -> int:
        """Where to connect to."""
        return int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        """For HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Reset every connection that is open; new ones are taken."""
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def pass_everything(self) -> None:
        """Do no longer what a test wanted."""
        self.stop_at, self.refusing = None, False

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        for thread in self._threads:
            thread.join()
        for each in self._open:
            each.close()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._listening.accept()
                self.connections += 1
                if self.refusing:
                    near.close()
                    continue
                far = socket.socket(socket.AF_UNIX if isinstance(self._to, str) else socket.AF_INET)
                far.connect(self._to)
                self._open += [near, far]
                self._start(self._hand_on, near, far)
                self._start(self._hand_back, far, near)

    def _hand_on(self, near: socket.socket, far: socket.socket) -> None:
        before = b""
        with contextlib.suppress(OSError):
            while data := near.recv(_CHUNK):
                if self.stop_at and self.stop_at in before + data:
                    self.stopped.set()
                    while near.recv(_CHUNK):
                        pass  # until whoever sends it is gone
                    break
                before = data[-100:]
                far.sendall(data)
        _end(near, far)

    def _hand_back(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(_CHUNK):
                near.sendall(self._answers(data))
        _end(near, far)


def _end(*ends: socket.socket) -> None:
    for each in ends:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
