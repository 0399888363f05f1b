"""Access tokens by OAuth 2.0 client credentials: fetched when needed, kept while they are good, by all threads of a process."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from workers.payloads.http.guard import Guard

MAX_KEPT = 256
EARLY_SECONDS = 30.0
"""A token is fetched anew so long before its end, or a tenth of its life where that is less: the call itself takes time."""
UNSAID_SECONDS = 300.0
"""How long a token is taken for good of which the server does not say it (RFC 6749, section 5.1)."""


class Fetched(NamedTuple):
    """What a token server gave. ``expires_seconds`` is None when it did not say."""

    token: str
    expires_seconds: float | None


class Client(NamedTuple):
    """Whose token: the same for all calls that may share one. With a new secret it is another client."""

    workspace: str
    token_url: str
    client_id: str
    secret_digest: str
    scope: str
    audience: str


def digest(secret: str) -> str:
    """What stands for a secret in a `Client`."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(slots=True)
class _Kept:
    token: str = field(default="", repr=False)
    good_until: float = -math.inf
    lock: threading.Lock = field(default_factory=threading.Lock)


class Tokens:
    """Tokens by client. Of several threads that need the same new one, one fetches it."""

    def __init__(self) -> None:
        self._kept: dict[Client, _Kept] = {}
        self._lock = threading.Lock()

    def get(self, client: Client, *, fetch: Callable[[], Fetched], guard: Guard) -> tuple[str, bool]:
        """A token that is good, and whether it had been kept from an earlier call. Raises what ``fetch`` and the guard raise."""
        kept = self._entry(client)
        with _locked(kept.lock, guard):
            if kept.good_until > time.monotonic():
                return kept.token, True
            fetched = fetch()
            kept.token, kept.good_until = fetched.token, time.monotonic() + _good_seconds(fetched.expires_seconds)
            return kept.token, False

    def forget(self, client: Client, token: str) -> None:
        """Do not give out this token again: a server has refused it."""
        kept = self._entry(client)
        if kept.token == token:
            kept.good_until = -math.inf

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()

    def _entry(self, client: Client) -> _Kept:
        with self._lock:
            kept = self._kept.pop(client, None) or _Kept()
            self._kept[client] = kept  # The one used last comes last.
            if len(self._kept) > MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            return kept


TOKENS = Tokens()


@contextmanager
def _locked(lock: threading.Lock, guard: Guard) -> Iterator[None]:
    """Wait no longer for another thread's fetch than the call may take."""
    while not lock.acquire(timeout=guard.patience(until=math.inf, missed="")):
        pass
    try:
        yield
    finally:
        lock.release()


def _good_seconds(expires_seconds: float | None) -> float:
    life = UNSAID_SECONDS if expires_seconds is None else expires_seconds
    return life - min(EARLY_SECONDS, life / 10)
