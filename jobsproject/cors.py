"""Letting pages of other sites call the API: off unless JOBS_CORS_ORIGINS names them. Source: the Fetch standard, CORS protocol.

Without credentials: such a page sends a token, never the session of whoever looks at it.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
SENT = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID"
READ = "Deprecation, ETag, Idempotent-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, Sunset"
PREFLIGHT_SECONDS = 600


class CorsMiddleware:
    """Answers a browser's question whether a page may call, and says so in the answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Concerns what lies under /api/ alone."""
        if not settings.JOBS_CORS_ORIGINS or not request.path.startswith("/api/"):
            return self._get_response(request)
        origin = request.headers.get("Origin", "")
        allowed = origin in settings.JOBS_CORS_ORIGINS
        asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = _preflight() if asks and allowed else self._get_response(request)
        patch_vary_headers(response, ["Origin"])
        if allowed:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = READ
        return response


def _preflight() -> HttpResponse:
    headers = {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": SENT,
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }
    return HttpResponse(status=204, headers=headers)
