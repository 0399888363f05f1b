"""A port on loopback that speaks TLS, before a server on loopback that does not."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl

from tests.integration.sinks.relay import Address, Relay

_CHUNK = 65_536
_SSL_REQUEST = 8
"""Bytes in which a client of PostgreSQL asks for TLS, before it begins. Source: PostgreSQL, message formats."""


class Encrypting(Relay):
    """Decrypts what it hands on, and encrypts the answers.

    Args:
        to: As `Relay` takes it.
        context: Shows the certificate.
        postgresql: Whether a client asks for TLS first.
    """

    def __init__(self, to: Address, *, context: ssl.SSLContext, postgresql: bool = False) -> None:
        super().__init__(to)
        self._context, self._postgresql = context, postgresql

    @property
    def url(self) -> str:
        """For HTTP."""
        return f"https://127.0.0.1:{self.port}"

    def _hand_on(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):  # the client does not trust us, or is gone
            if self._postgresql:
                near.recv(_SSL_REQUEST, socket.MSG_WAITALL)
                near.sendall(b"S")
            encrypted = self._context.wrap_socket(near, server_side=True)
            self._open.append(encrypted)
            _pump(encrypted, far)
        with contextlib.suppress(OSError):
            far.shutdown(socket.SHUT_RDWR)

    def _hand_back(self, far: socket.socket, near: socket.socket) -> None:
        """The same thread does it: two must not use one encrypted connection."""


def _pump(near: ssl.SSLSocket, far: socket.socket) -> None:
    while True:
        readable = [near] if near.pending() else select.select([near, far], [], [])[0]
        for each in readable:
            data = each.recv(_CHUNK)
            if not data:
                near.shutdown(socket.SHUT_RDWR)
                return
            (far if each is near else near).sendall(data)
