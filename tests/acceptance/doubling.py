"""A broker that delivers every message twice: a proxy before Redis that pushes each message two times."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

QUEUES = (b"default", b"http", b"datasource", b"spark")


class DoublingBroker:
    """Listens on a unix socket. Whatever its clients say goes on to Redis, an LPUSH to a queue with its message twice."""

    def __init__(self, *, socket_path: Path, redis_socket: Path) -> None:
        self.url = f"redis+socket://{socket_path}"
        self.doubled = 0
        self._redis_socket = redis_socket
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(socket_path))
        self._listener.listen(64)
        self._ended = threading.Event()

    def serve(self) -> None:
        """Accept clients until `close`."""
        while not self._ended.is_set():
            with contextlib.suppress(OSError):
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._redis_socket))
                for pump in (self._requests, _answers):
                    threading.Thread(target=pump, args=(client, server), daemon=True).start()

    def close(self) -> None:
        """Take no more clients."""
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError), client.makefile("rb") as stream:
            while command := _read_command(stream):
                server.sendall(_encode(self._double(command)))
        _close(client, server)

    def _double(self, command: list[bytes]) -> list[bytes]:
        if command[0].upper() != b"LPUSH" or command[1] not in QUEUES:
            return command
        self.doubled += 1
        return [*command, *command[2:]]


def _read_command(stream: BinaryIO) -> list[bytes]:
    """The next command: an array of bulk strings. Empty at the end.

    Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
    """
    head = stream.readline()
    return [stream.read(int(stream.readline()[1:]) + 2)[:-2] for _ in range(int(head[1:]))] if head else []


def _encode(command: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in command)


def _answers(client: socket.socket, server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := server.recv(65536):
            client.sendall(data)
    _close(client, server)


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextlib.contextmanager
def doubling_broker(*, folder: Path, redis_socket: Path) -> Iterator[DoublingBroker]:
    """Have the proxy for the length of a ``with`` block."""
    broker = DoublingBroker(socket_path=folder / "doubling.sock", redis_socket=redis_socket)
    thread = threading.Thread(target=broker.serve, daemon=True)
    thread.start()
    try:
        yield broker
    finally:
        broker.close()
        thread.join()
        (folder / "doubling.sock").unlink()
