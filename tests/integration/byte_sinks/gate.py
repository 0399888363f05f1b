"""Stands before a server and passes bytes on, until a test wants it to stop in the middle of something."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_CHUNK = 65_536


class Gate:
    """A port on loopback that leads to another. ``stop_at``: bytes of a request at which nothing more is passed on."""

    def __init__(self, behind: str) -> None:
        url = urlsplit(behind)
        self._behind = (url.hostname or "", url.port or 80)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.stop_at: bytes | None = None
        self.stopped = threading.Event()

    def serve(self) -> None:
        """Until it is closed."""
        with suppress(OSError):
            while True:
                inside, _ = self._server.accept()
                outside = socket.create_connection(self._behind)
                threading.Thread(target=self._pass_requests, args=(inside, outside), daemon=True).start()
                threading.Thread(target=self._pass, args=(outside, inside), daemon=True).start()

    def close(self) -> None:
        """Accept nothing more."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _pass_requests(self, inside: socket.socket, outside: socket.socket) -> None:
        with inside, outside, suppress(OSError):
            while data := inside.recv(_CHUNK):
                if self.stop_at and self.stop_at in data:
                    self.stopped.set()
                    while inside.recv(_CHUNK):
                        pass  # until whoever sends it is gone
                    return
                outside.sendall(data)

    def _pass(self, outside: socket.socket, inside: socket.socket) -> None:
        with suppress(OSError):
            while data := outside.recv(_CHUNK):
                inside.sendall(data)


@contextmanager
def gate(behind: str) -> Iterator[Gate]:
    """One that is open."""
    made = Gate(behind)
    thread = threading.Thread(target=made.serve)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join()
