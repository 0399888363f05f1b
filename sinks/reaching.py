"""Connections that sinks make by themselves: only to addresses that were looked at, by the same call that names them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from sinks import time_limits

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
    failed = OSError("there is no address")
    for address in addresses:
        try:
            made = socket.create_connection((address, port), timeout_seconds / len(addresses))
        except OSError as error:
            failed = error
            continue
        made.settimeout(timeout_seconds)
        for option in options or ():
            made.setsockopt(*option)
        time_limits.hold(made)
        return made
    raise failed
