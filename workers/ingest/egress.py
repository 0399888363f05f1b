"""Which addresses the child may connect to while it fetches what a URL names."""

from __future__ import annotations

import contextlib
import ipaddress
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from jobs.errors import PermanentError
from workers.addresses import IPNetwork, why_refused

_rules: list[tuple[IPNetwork, ...]] = []
_hooked: list[bool] = []


@contextlib.contextmanager
def only(allow: Sequence[str]) -> Iterator[None]:
    """Let Python's sockets connect to public addresses and to those networks alone, in every thread, until it is left.

    It looks at the address that a socket connects to, after the name was looked up; so it holds for each library, each
    redirect, and for a name that changes its address. An audit hook stays for as long as the process lives, which is why it
    is not set before it is needed.

    Raises:
        PermanentError: From inside the connecting call; code ``egress_refused``.
    """
    if not _hooked:
        sys.addaudithook(_look)
        _hooked.append(True)
    _rules.append(tuple(ipaddress.ip_network(network) for network in allow))
    try:
        yield
    finally:
        _rules.pop()


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect" or not _rules:
        return
    sock, address = arguments
    host, reason = str(address), "a unix socket"
    if isinstance(address, tuple):
        host, reason = str(address[0]), why_refused(str(address[0]), allow=_rules[-1])
    if reason:
        sock.close()  # libraries close it for an OSError only, which they would take for one that may pass
        raise PermanentError(
            f"{host} ({reason}) is not open to datasources; "
            "whoever runs this deployment can allow a network with JOBS_EGRESS_ALLOW",
            code="egress_refused",
        )
