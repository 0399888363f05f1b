"""A port on loopback before a server that listens on a unix socket, or that shall fall silent when a test says so."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

_Address = str | tuple[str, int]


class Relay:
    """Hands on bytes in both directions, until it is cut. ``connections`` counts those that were made."""

    def __init__(self, to: _Address, *, host: str = "127.0.0.1") -> None:
        self._to = to
        self._listening = socket.create_server((host, 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.connections = 0

    @property
    def port(self) -> int:
        """Where to connect to."""
        return int(self._listening.getsockname()[1])

    def cut(self) -> None:
        """Reset every connection that is open; new ones are taken."""
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Relay:
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
                far = socket.socket(socket.AF_UNIX if isinstance(self._to, str) else socket.AF_INET)
                far.connect(self._to)
                self._open += [near, far]
                self._start(_hand_on, near, far)
                self._start(_hand_on, far, near)


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
