"""Errors of the API as problem details, application/problem+json. Source: RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views import defaults
from rest_framework.exceptions import APIException, NotAuthenticated, UnsupportedMediaType
from rest_framework.response import Response

from jobs.errors import (
    ConflictError,
    FieldError,
    ForbiddenError,
    GoneError,
    KeyReusedError,
    NotFoundError,
    OutOfDateError,
    TransientError,
    ValidationError,
)
from jobsproject.problems import KINDS, kind_of, type_of

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5

_CHANGED = "Something that this depends on was changed or deleted meanwhile: read it again."
_UNSTORABLE = "A value cannot be stored."
_AWAY = "The database cannot be reached: try again."

_KINDS: Sequence[tuple[type[Exception], str, str]] = (
    (ValidationError, "invalid-input", "The request was refused, and changed nothing."),
    (NotFoundError, "not-found", ""),
    (GoneError, "gone", ""),
    (KeyReusedError, "key-reused", ""),
    (OutOfDateError, "out-of-date", ""),
    (ConflictError, "conflict", ""),
    (Http404, "not-found", "There is nothing at this address."),
    (ForbiddenError, "forbidden", ""),
    (PermissionDenied, "forbidden", ""),
    (RequestDataTooBig, "body-too-large", "The body is too large."),
    (SuspiciousOperation, "invalid-input", "The request was refused."),
    (UnreadablePostError, "invalid-input", "The body could not be read."),
    (IntegrityError, "changed-meanwhile", _CHANGED),
    (DataError, "invalid-input", _UNSTORABLE),
    (TransientError, "unavailable", ""),
    (OperationalError, "unavailable", _AWAY),
    (InterfaceError, "unavailable", _AWAY),
)
"""Exception, kind of problem, and what is said; empty for the exception's own words. The first that fits counts."""

log = structlog.get_logger(__name__)


def problem_details(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Turn whatever a view raised into a problem: REST framework's EXCEPTION_HANDLER."""
    if isinstance(exc, APIException):
        return _response(exc.status_code, _detail(exc), kind=getattr(exc, "problem", None), headers=_headers(exc))
    for family, kind, words in _KINDS:
        if isinstance(exc, family):
            code = KINDS[kind].status
            errors = exc.errors if isinstance(exc, ValidationError) else []
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if code == 503 else {}
            if code in (409, 503) and words:
                log.warning("api.database_error", status=code, reason=type(exc).__name__)
            return _response(code, words or str(exc), kind=kind, errors=errors, headers=headers)
    log.error("api.failed", view=type(context.get("view")).__name__, exc_info=exc)
    return _response(500, "This is an error of the system, and it was logged.")


def problem(code: int, detail: str, errors: Sequence[FieldError] = (), *, kind: str | None = None) -> dict[str, Any]:
    """The body of a problem. ``errors`` has one entry for each thing wrong with the input; ``field`` is a dotted path.

    ``kind`` is a word of `jobsproject.problems`; None for what the status says by itself.
    """
    word = kind or kind_of(code)
    return {
        "type": type_of(word),
        "title": KINDS[word].title,
        "status": code,
        "detail": detail,
        "errors": [{"field": error.field, "message": error.message} for error in errors],
    }


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400."""
    return _outside_views(request, 400, "The request was refused.") or defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return _outside_views(request, 403, "This is not allowed.") or defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return _outside_views(request, 404, "There is nothing at this address.") or defaults.page_not_found(
        request, exception
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500."""
    return _outside_views(request, 500, "This is an error of the system, and it was logged.") or defaults.server_error(
        request
    )


def _outside_views(request: HttpRequest, code: int, detail: str) -> HttpResponse | None:
    """A problem for what went wrong under /api/ before a view was reached; None elsewhere."""
    if not request.path.startswith("/api/"):
        return None
    return JsonResponse(problem(code, detail), status=code, content_type=CONTENT_TYPE)


def _response(
    code: int,
    detail: str,
    *,
    kind: str | None = None,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = problem(code, detail, errors, kind=kind)
    return Response(body, status=code, headers=headers, content_type=CONTENT_TYPE)


def _detail(exc: APIException) -> str:
    if isinstance(exc, NotAuthenticated):
        return "This needs a token: send the header Authorization, with Bearer and the token."
    if isinstance(exc, UnsupportedMediaType):
        return f"{exc.detail} Send the body as JSON, with the header Content-Type: application/json."
    return str(exc.detail) if isinstance(exc.detail, str) else str(exc.default_detail)


def _headers(exc: APIException) -> dict[str, str]:
    """REST framework leaves what a 401 or a 429 must say on the exception."""
    found = {"WWW-Authenticate": getattr(exc, "auth_header", None), "Retry-After": getattr(exc, "wait", None)}
    return {name: str(value) for name, value in found.items() if value}
