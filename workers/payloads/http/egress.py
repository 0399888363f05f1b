"""Opening connections to permitted addresses only.

The name is looked up once, each answer is checked, and the socket connects to the checked address itself. So a DNS
server that answers differently the second time (rebinding) has no second time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from urllib3.util.wait import wait_for_write

from workers.addresses import IPNetwork, why_refused
from workers.payloads.http.guard import CallTimeoutError, Guard, GuardedStream
from workers.payloads.http.proxies import Proxy, open_tunnel

Candidate = tuple[int, Any]
"""Address family and socket address, as getaddrinfo gives them."""


def refusal(*, host: str, address: str, reason: str, what: str) -> str:
    """What is told of an address that may not be reached. ``what`` wanted to go there: payloads, or deliveries."""
    return (
        f"{host} is at {address} ({reason}), and this deployment does not let {what} go there; "
        "whoever runs it can allow a network with JOBS_EGRESS_ALLOW"
    )


class EgressError(Exception):
    """A host has no address that may be reached. ``address`` is the first that was refused, ``reason`` why."""

    def __init__(self, *, host: str, address: str, reason: str) -> None:
        super().__init__(refusal(host=host, address=address, reason=reason, what="payloads"))
        self.host, self.address, self.reason = host, address, reason


def open_stream(
    *,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    allow: Sequence[IPNetwork],
    guard: Guard,
    proxy: Proxy | None = None,
) -> GuardedStream:
    """Connect to a permitted address of a host, and shake hands if there is a TLS context.

    Through a proxy it is the proxy's address that must be permitted, and the host's too as far as it can be told here: a name
    that has no address here is left to the proxy.

    Raises:
        EgressError: No address of the host, or of the proxy, is permitted.
        ProxyError: The proxy would not connect us.
        OSError: The name has no address, nobody accepts the connection, or the certificate is not good.
        CallTimeoutError, CallCancelledError: As `Guard.patience`.
    """
    until = time.monotonic() + guard.connect_seconds
    if proxy is None:
        sock = _reach(host, port, allow, guard, until)
    else:
        _refuse_known(host, port, allow, guard, until)
        sock = _reach(proxy.host, proxy.port, allow, guard, until)
    try:
        if proxy and tls:
            open_tunnel(stream=GuardedStream(sock=sock, guard=guard), proxy=proxy, host=host, port=port)
        return GuardedStream(sock=_secured(sock, host, tls, guard, until) if tls else sock, guard=guard)
    except BaseException:
        sock.close()
        raise


def _reach(host: str, port: int, allow: Sequence[IPNetwork], guard: Guard, until: float) -> socket.socket:
    return _connect_to_any(_permitted(host, _look_up(host, port, guard, until), allow), guard, until)


def _refuse_known(host: str, port: int, allow: Sequence[IPNetwork], guard: Guard, until: float) -> None:
    """Refuse what a proxy must not be asked for, as far as it can be told without it. Raises EgressError."""
    with contextlib.suppress(OSError, UnicodeError):
        _permitted(host, _look_up(host, port, guard, until), allow)


def _look_up(host: str, port: int, guard: Guard, until: float) -> list[Candidate]:
    """Resolve in a thread of its own: getaddrinfo knows no time-out, and a dead name server takes half a minute."""
    answer: Future[list[Candidate]] = Future()
    threading.Thread(target=_ask, args=(answer, host, port), name="resolve", daemon=True).start()
    while True:
        patience = guard.patience(until=until, missed=f"{host} was not found within {guard.connect_seconds:g} s")
        try:
            return answer.result(timeout=patience)
        except TimeoutError:
            continue


def _ask(answer: Future[list[Candidate]], host: str, port: int) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answer.set_result([(entry[0], entry[4]) for entry in found if entry[0] in (socket.AF_INET, socket.AF_INET6)])
    except (OSError, UnicodeError) as error:
        answer.set_exception(error)


def _permitted(host: str, candidates: list[Candidate], allow: Sequence[IPNetwork]) -> list[Candidate]:
    reasons = [why_refused(str(address[0]), allow=allow) for _, address in candidates]
    permitted = [candidate for candidate, reason in zip(candidates, reasons, strict=True) if not reason]
    if permitted:
        return permitted
    if not candidates:
        raise socket.gaierror(socket.EAI_NONAME, f"{host} has no address")
    raise EgressError(host=host, address=str(candidates[0][1][0]), reason=reasons[0])


def _connect_to_any(candidates: list[Candidate], guard: Guard, until: float) -> socket.socket:
    """Try one address after the other; each may take its share of the time that is left."""
    failure: OSError | CallTimeoutError | None = None
    for tried, candidate in enumerate(candidates):
        now = time.monotonic()
        try:
            return _connect(candidate, guard, now + (until - now) / (len(candidates) - tried))
        except (OSError, CallTimeoutError) as error:
            failure = error
    raise failure or OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))


def _connect(candidate: Candidate, guard: Guard, until: float) -> socket.socket:
    family, address = candidate
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setblocking(False)
        failed = sock.connect_ex(address)
        while failed in (errno.EINPROGRESS, errno.EWOULDBLOCK):
            patience = guard.patience(until=until, missed=f"no connection within {guard.connect_seconds:g} s")
            if wait_for_write(sock, patience):
                failed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            raise OSError(failed, os.strerror(failed))
        return sock
    except BaseException:
        sock.close()
        raise


def _secured(sock: socket.socket, host: str, tls: ssl.SSLContext, guard: Guard, until: float) -> ssl.SSLSocket:
    """Shake hands under the host's name, whatever address was taken: the certificate must be for the name."""
    secured = tls.wrap_socket(sock, server_hostname=host.rstrip("."), do_handshake_on_connect=False)
    try:
        while True:
            secured.settimeout(
                guard.patience(until=until, missed=f"no TLS handshake within {guard.connect_seconds:g} s")
            )
            try:
                secured.do_handshake()
                return secured
            except TimeoutError:
                continue
    except BaseException:
        secured.close()
        raise
