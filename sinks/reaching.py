"""Connections that sinks make by themselves: only to addresses that were looked at, by the same call that names them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import TypeVar

from sinks import time_limits

T = TypeVar("T")
Permit = Callable[[str, int], Sequence[str]]
"""`sinks.base.Surroundings.permit`."""


def connect(
    *,
    host: str,
    port: int,
    permit: Permit,
    timeout_seconds: float,
    options: Sequence[tuple[int, int, int]] | None = None,
) -> socket.socket:
    """Connect to the first of a host's addresses that answers.

    Args:
        host: A name or an address.
        port: Where it listens.
        permit: Which of its addresses may be reached.
        timeout_seconds: For all of them together; it stays the connection's own time limit.
        options: Of the socket, as `socket.socket.setsockopt` takes them.

    Raises:
        OSError: None answers; what the last one said.
        TransientError: The time of the attempt is over (`sinks.time_limits`).
        PermanentError, TransientError: As ``permit`` does.
    """
    addresses = permit(host, port)

    def attempt(address: str) -> socket.socket:
        return socket.create_connection((address, port), timeout_seconds / len(addresses))

    made = first_to_answer(addresses=addresses, attempt=attempt)
    made.settimeout(timeout_seconds)
    for option in options or ():
        made.setsockopt(*option)
    time_limits.hold(made)
    return made


def first_to_answer(*, addresses: Sequence[str], attempt: Callable[[str], T]) -> T:
    """What comes of the first address at which an attempt does not fail with an OSError.

    Raises:
        OSError: It does at all of them; what the last one said.
    """
    failed = OSError("there is no address")
    for address in addresses:
        try:
            return attempt(address)
        except OSError as error:
            failed = error
    raise failed
