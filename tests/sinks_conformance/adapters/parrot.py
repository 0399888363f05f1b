"""Somebody who repeats whatever he is told, as an error of Redis."""

from __future__ import annotations

import socketserver
import threading
from contextlib import suppress
from typing import Self


class Parrot:
    """Listens at ``port``, on loopback."""

    def __enter__(self) -> Self:
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):
            while data := self.request.recv(65_536):
                self.request.sendall(b"-ERR " + b"." * 460 + b" ".join(data.split()) + b"\r\n")
