"""How often a caller may call, or who is nobody from one address: counted in Redis, one round trip a request, told in each answer.

Off unless JOBS_API_RATE says otherwise. A store that cannot be reached lets everybody through: a limit is there to keep the system
usable, and would not if it were its weakest part. Source of the headers: draft-ietf-httpapi-ratelimit-headers.
"""

from __future__ import annotations

import math
import threading
import time
from functools import cache
from typing import Any, NamedTuple

import redis
import structlog
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from jobs.api.callers import caller_of
from jobs.api.client_address import client_address

TIMEOUT_SECONDS = 0.25
"""A store that is slower than this is away, for `AWAY_SECONDS`: callers do not wait for it."""
AWAY_SECONDS = 5.0

_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}
"""

log = structlog.get_logger(__name__)


class Limit(NamedTuple):
    """So many requests in so many seconds; the time begins with the first of them."""

    requests: int
    seconds: int


class Standing(NamedTuple):
    """How it stands with a caller after a request: how many more it may send, and when it may send as many as ever."""

    limit: Limit
    left: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """As they are told."""
        return {
            "RateLimit-Policy": f'"caller";q={self.limit.requests};w={self.limit.seconds}',
            "RateLimit": f'"caller";r={self.left};t={self.reset_seconds}',
        }


class Counter:
    """Counts in one Redis. Says nothing while that is away, and says so once."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS)
        self._count = self._redis.register_script(_COUNT)
        self._away_until = 0.0
        self._is_away = False
        self._changing = threading.Lock()

    def count(self, caller: str, limit: Limit) -> tuple[int, int] | None:
        """How many requests the caller has sent with this one, and in how many milliseconds that is forgotten; None: unknown."""
        if time.monotonic() < self._away_until:
            return None
        try:
            count, left = self._count(keys=[f"jobs:api-rate:{caller}"], args=[limit.seconds * 1000])
        except redis.RedisError as error:
            self._note(str(error))
            return None
        self._note(None)
        return int(count), max(int(left), 0)

    def _note(self, reason: str | None) -> None:
        with self._changing:
            was_away, self._is_away = self._is_away, reason is not None
            self._away_until = time.monotonic() + AWAY_SECONDS if reason else 0.0
        if reason is not None and not was_away:
            log.warning("api.rate_limit_unknown", reason=reason)
        if reason is None and was_away:
            log.info("api.rate_limit_known_again")


class CallerRate(BaseThrottle):
    """REST framework's throttle: for each token, each person with a session, and of what is nobody's each address."""

    standing: Standing | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        """False when it is one too many. Leaves with the request what its answer tells."""
        limit = limit_of(settings.JOBS_API_RATE)
        if limit is None:
            return True
        counted = counter(settings.JOBS_API_RATE_STORE).count(_counted_for(request), limit)
        if counted is None:
            return True
        count, left_ms = counted
        self.standing = Standing(limit, max(limit.requests - count, 0), math.ceil(left_ms / 1000))
        request.rate_standing = self.standing  # type: ignore[attr-defined]
        return count <= limit.requests

    def wait(self) -> float | None:
        """Seconds until it may be sent again."""
        return None if self.standing is None else max(self.standing.reset_seconds, 1)


def rate_headers(request: Request) -> dict[str, str]:
    """What is told about the rate; nothing where none was counted."""
    standing: Any = getattr(request, "rate_standing", None)
    return {} if standing is None else standing.headers()


def _counted_for(request: Request) -> str:
    return caller_of(request) if request.user.is_authenticated else f"address:{client_address(request) or ''}"


@cache
def limit_of(setting: tuple[int, int] | None) -> Limit | None:
    """The setting's limit; None for no limit."""
    return None if setting is None else Limit(*setting)


@cache
def counter(url: str) -> Counter:
    """This process's counter in that Redis."""
    return Counter(url)
