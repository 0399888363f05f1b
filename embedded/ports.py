"""Free ports on loopback."""

from __future__ import annotations

import socket

from embedded.errors import StartError


def wanted_port(text: str) -> int:
    """Read PORT.

    Raises:
        StartError: It is no port, or somebody listens there.
    """
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise StartError(f"PORT must be a number from 1 to 65535, not {text!r}")
    if not is_free(int(text)):
        raise StartError(f"port {text} is in use; choose another one: make up PORT={free_port()}")
    return int(text)


def free_port(*, preferred: int = 0) -> int:
    """The preferred port when it is free, else any free one."""
    if 0 < preferred < 65536 and is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """True when we could listen there."""
    with socket.socket() as probe:
        # As the web server does: connections of an earlier one that are only waiting to expire do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
