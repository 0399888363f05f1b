"""Which addresses the child may connect to while it fetches what a URL names."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from jobs.errors import PermanentError, TransientError
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


def addresses(host: str, *, allow: Sequence[str]) -> list[str]:
    """Look a host up, once, for libraries in C: Python does not see what they connect to.

    Returns:
        Its addresses; none for no host, and for a folder of unix sockets, which whoever takes such a host decides about.

    Raises:
        PermanentError: One of them may not be connected to; code ``egress_refused``.
        TransientError: There is none; code ``destination``.
    """
    if not host or host.startswith(("/", "@")):
        return []
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransientError(f"the host {host} cannot be looked up", code="destination") from error
    networks = tuple(ipaddress.ip_network(network) for network in allow)
    unique = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in unique:
        if reason := why_refused(address, allow=networks):
            raise _refusal(address, reason)
    return unique


def pinned(conninfo: str, *, allow: Sequence[str]) -> str:
    """A connection string of libpq with the addresses that were looked at; certificates stay the host's. Raises as `addresses`."""
    host = str(conninfo_to_dict(conninfo).get("host") or "")
    found = addresses(host, allow=allow)
    return make_conninfo(conninfo, **libpq(host, found)) if found else conninfo


def libpq(host: str, found: Sequence[str]) -> dict[str, str]:
    """Options of libpq by which it tries these addresses of one host, one after the other."""
    return {"host": ",".join([host] * len(found)), "hostaddr": ",".join(found)} if found else {}


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect" or not _rules:
        return
    sock, address = arguments
    host, reason = str(address), "a unix socket"
    if isinstance(address, tuple):
        host, reason = str(address[0]), why_refused(str(address[0]), allow=_rules[-1])
    if reason:
        sock.close()  # libraries close it for an OSError only, which they would take for one that may pass
        raise _refusal(host, reason)


def _refusal(host: str, reason: str) -> PermanentError:
    return PermanentError(
        f"{host} ({reason}) is not open to datasources; "
        "whoever runs this deployment can allow a network with JOBS_EGRESS_ALLOW",
        code="egress_refused",
    )
