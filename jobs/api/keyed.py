"""``Idempotency-Key``: a POST that is sent twice does its work once, and is answered alike."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import strict_json
from jobs.api.callers import person_of
from jobs.documents.requests import MAX_IDEMPOTENCY_KEY
from jobs.errors import FieldError, KeyReusedError, ValidationError
from jobs.models import KeptAnswer, Workspace
from jobs.services import kept_answers
from jobs.services.kept_answers import AskedBy

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEPT_HEADERS = ("Location", "ETag")
_NO_PART_OF_IT = ("wait",)
"""Query parameters that say how to answer, and not what to do."""


class UnderWayError(APIException):
    """Another request with this key has not been answered yet."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = f"a request with this {HEADER} is under way: ask again in a moment"
    problem = "request-under-way"
    wait = 1
    """Seconds; becomes Retry-After."""


def answer_once(
    request: Request, *, workspace: Workspace, work: Callable[[], Response], may_keep: bool = True
) -> Response:
    """Do what a request asks for, or give the answer that its key has had.

    Only what succeeds is kept: what was refused has changed nothing, and its key is free.

    Args:
        request: A POST. Without the header it is simply done.
        workspace: Of the address.
        work: Does it, and answers. With the header it runs in a transaction, and must not wait for what comes after that.
        may_keep: False for answers that hold a secret.

    Raises:
        KeyReusedError: The key had an answer to another request.
        UnderWayError: The first request with it has not been answered.
        ValidationError: The header is no key, or this answer is not kept.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return work()
    _check(key, may_keep)
    asked = AskedBy(workspace, person_of(request), key)
    wanted = kept_answers.Request(request.method or "", request.path, _digest(request))
    with transaction.atomic():
        if not kept_answers.take_key(asked):
            raise UnderWayError
        now = dt.datetime.now(dt.UTC)
        kept = kept_answers.find_answer(asked, now=now)
        if kept is not None:
            return _again(kept, wanted)
        answer = work()
        kept_answers.keep_answer(
            asked,
            wanted,
            status=answer.status_code,
            headers={name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers},
            body=_rendered(answer.data),
            until=now + dt.timedelta(hours=settings.JOBS_IDEMPOTENCY_HOURS),
        )
    return answer


def refuse_key(request: Request) -> None:
    """For addresses that keep no answers at all: say so, rather than do twice what the caller takes for done once.

    Raises ValidationError for a POST with the header.
    """
    if request.method == "POST" and HEADER in request.headers:
        raise ValidationError([FieldError(HEADER, "no answer is kept here: leave the header out")])


def _again(kept: KeptAnswer, wanted: kept_answers.Request) -> Response:
    if (kept.method, kept.path) != (wanted.method, wanted.path):
        raise KeyReusedError(
            f"this {HEADER} was used for {kept.method} {kept.path}: another request takes a key of its own"
        )
    if kept.digest != wanted.digest:
        raise KeyReusedError(f"this {HEADER} was used with another body: another request takes a key of its own")
    data = json.loads(kept.body) if kept.body else None
    return Response(data, status=kept.status, headers=kept.headers | {REPLAYED: "true"})


def _check(key: str, may_keep: bool) -> None:
    problems = strict_json.problems(key)
    if problems or len(key) > MAX_IDEMPOTENCY_KEY or not key.strip():
        expected = f"expected 1 to {MAX_IDEMPOTENCY_KEY} characters, not only spaces"
        raise ValidationError([FieldError(HEADER, problems[0].message if problems else expected)])
    if not may_keep:
        raise ValidationError([FieldError(HEADER, "this answer holds a secret, and is not kept: leave the header out")])


def _digest(request: Request) -> str:
    query = sorted((name, request.query_params.getlist(name)) for name in request.query_params)
    asked = [[name, values] for name, values in query if name not in _NO_PART_OF_IT]
    canonical = json.dumps([asked, request.data], sort_keys=True, separators=(",", ":"))
    # With the site's key, for a body may hold a secret, which must not be guessed from what is kept.
    return salted_hmac("jobs.kept-answer", canonical, algorithm="sha256").hexdigest()


def _rendered(data: Any) -> str:
    """As it is sent, and so as it is sent again."""
    return "" if data is None else JSONRenderer().render(data).decode()
