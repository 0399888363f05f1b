"""A server that says a little now and then, and never comes to an end: each byte is in time, the whole never is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def dripping(drop: bytes, *, seconds: float = 0.02) -> Iterator[int]:
    """One that sends ``drop`` over and over again, whatever it is asked; its port."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection, suppress(OSError):
                    while not over.wait(seconds):
                        connection.sendall(drop)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            thread.join()
