"""Whether somebody who watches still may: asked again and again, and once for all streams of the same caller."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import APIException

from jobs.api.base import WorkspaceView
from jobs.api.permissions import is_owner
from jobs.errors import JobsError


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands now.

    Args:
        refusal: The reason for which they may not watch any more; None while they may.
        is_owner: Whether they may read what is for owners alone; None where that could not be found out.
    """

    refusal: str | None = None
    is_owner: bool | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    at: float
    answer: asyncio.Task[Standing]


class Rechecks:
    """Remembers, for a moment, what was found about each caller and workspace."""

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}

    async def standing(self, *, key: str, check: Callable[[], Standing]) -> Standing:
        """How a caller stands.

        Args:
            key: The same for streams for which the answer is the same.
            check: Asks the database, in a thread.
        """
        now = time.monotonic()
        fresh_seconds = settings.JOBS_LIVE_CHECK_SECONDS / 4
        self._asked = {each: asked for each, asked in self._asked.items() if now - asked.at < fresh_seconds}
        if key not in self._asked:
            self._asked[key] = _Asked(now, asyncio.create_task(asyncio.to_thread(check)))
        return await asyncio.shield(self._asked[key].answer)


def caller_key(request: HttpRequest, *, workspace: str) -> str:
    """The same for requests with the same credentials to the same workspace; tells nothing about the credentials."""
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    words = "\0".join((request.headers.get("Authorization", ""), session, workspace))
    return hashlib.sha256(words.encode(errors="surrogatepass")).hexdigest()


def find_standing(*, view: type[WorkspaceView], request: HttpRequest, arguments: Mapping[str, object]) -> Standing:
    """Do anew what let the request in: who it is from, and whether they may.

    A database that cannot be reached refuses nobody: the next check will tell.
    """
    try:
        return _let_in(view, _anew(request), arguments)
    except (OperationalError, InterfaceError):
        return Standing()
    except (APIException, JobsError) as error:
        return Standing(refusal=str(error))
    finally:
        connection.close()  # back to the pool


def _let_in(view_class: type[WorkspaceView], request: HttpRequest, arguments: Mapping[str, object]) -> Standing:
    view = view_class()
    view.setup(request, **arguments)
    view.request = view.initialize_request(request, **arguments)
    view.perform_authentication(view.request)
    view.check_permissions(view.request)
    return Standing(is_owner=is_owner(view.request, view.access))


def _anew(request: HttpRequest) -> HttpRequest:
    """The request as it came, with a session that is read again."""
    fresh = copy.copy(request)
    for remembered in ("_cached_user", "_acached_user"):
        fresh.__dict__.pop(remembered, None)
    SessionMiddleware(_nothing).process_request(fresh)
    AuthenticationMiddleware(_nothing).process_request(fresh)
    return fresh


def _nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
