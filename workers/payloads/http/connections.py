"""Connections that are kept for the next call to the same place, shared by all threads of a process."""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Hashable
from functools import lru_cache

import certifi

from workers.payloads.http.certificates import ClientCertificate
from workers.payloads.http.guard import GuardedStream

MAX_IDLE = 256
MAX_IDLE_SECONDS = 30.0


class Pool:
    """Idle connections by place; the one used last is taken first. Any number of threads may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[Hashable, list[tuple[float, GuardedStream]]] = {}
        self._count = 0
        self._pruned_at = 0.0

    def take(self, place: Hashable, *, max_idle_seconds: float = MAX_IDLE_SECONDS) -> GuardedStream | None:
        """A connection that its server has not closed as far as one can see, or None."""
        oldest = time.monotonic() - max_idle_seconds
        while True:
            with self._lock:
                if not (stack := self._idle.get(place)):
                    return None
                idle_since, connection = stack.pop()
                self._count -= 1
            # Anything to read on an idle connection is its end, or bytes that nobody asked for.
            if idle_since >= oldest and connection.is_idle:
                return connection
            connection.close()

    def give(self, place: Hashable, connection: GuardedStream) -> None:
        """Keep a connection whose last answer was read to its end."""
        now = time.monotonic()
        with self._lock:
            surplus = self._prune(now - MAX_IDLE_SECONDS) if now - self._pruned_at > 1 else []
            if self._count < MAX_IDLE:
                self._idle.setdefault(place, []).append((now, connection))
                self._count += 1
            else:
                surplus.append(connection)
        for one in surplus:
            one.close()

    def close(self) -> None:
        """Close all idle connections; the pool stays usable."""
        with self._lock:
            idle, self._idle, self._count = self._idle, {}, 0
        for stack in idle.values():
            for _, connection in stack:
                connection.close()

    def forget(self) -> None:
        """Begin anew in a forked child: its parent's connections are not its own."""
        self.__init__()  # type: ignore[misc]

    def _prune(self, oldest: float) -> list[GuardedStream]:
        """Take out what has been idle for too long, at most once a second. The caller holds the lock and closes."""
        self._pruned_at = time.monotonic()
        expired = [connection for stack in self._idle.values() for since, connection in stack if since < oldest]
        if expired:
            fresh = {place: [entry for entry in stack if entry[0] >= oldest] for place, stack in self._idle.items()}
            self._idle = {place: stack for place, stack in fresh.items() if stack}
            self._count -= len(expired)
        return expired


POOL = Pool()
os.register_at_fork(after_in_child=POOL.forget)


@lru_cache(maxsize=64)
def tls_context(*, verify: bool, ca: str | None, client: ClientCertificate | None = None) -> ssl.SSLContext:
    """The rules for TLS: the given certificates are trusted, or without any the system's and certifi's; ``client`` is shown.

    Raises:
        ssl.SSLError: The client's certificate cannot be read.
    """
    context = ssl.create_default_context(cadata=ca) if ca else ssl.create_default_context(cafile=certifi.where())
    if not ca:
        context.load_default_certs()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if client:
        client.load(context)
    context.set_alpn_protocols(["http/1.1"])
    return context
