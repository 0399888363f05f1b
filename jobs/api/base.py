"""What all views of the API share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

from django.contrib.auth.models import User
from django.http.response import HttpResponseBase
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from jobs.api.described.operation import heeds_if_match
from jobs.api.keyed import answer_once, refuse_key
from jobs.api.limiting import CallerRate, rate_headers
from jobs.api.parsers import StrictJSONParser
from jobs.api.permissions import NEEDED, HasRole, HasScope
from jobs.api.preconditions import refuse_condition
from jobs.api.tags import tag
from jobs.errors import NotFoundError
from jobs.models import Role, Scope, Workspace
from jobs.selectors.access import Access

REFUSALS = (AuthenticationFailed, NotAuthenticated, PermissionDenied, NotFoundError)
"""401, 403, and 404 for a workspace that the caller is not in."""

SMALL_BODY_BYTES = 256 * 1024
"""For what takes a note or a list of ids."""


class AlwaysJSON(BaseContentNegotiation):
    """Answers in JSON whatever Accept says, as RFC 9110 allows: nobody is helped by a 406 in place of an answer."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        """The parser of the body's media type; None makes a 415."""
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first renderer."""
        return renderers[0], renderers[0].media_type


class JSONView(APIView):
    """JSON in, JSON out."""

    parser_classes = (StrictJSONParser,)
    content_negotiation_class = AlwaysJSON
    throttle_classes: tuple[type[BaseThrottle], ...] = (CallerRate,)
    # Without OPTIONS: REST framework would describe the view to whoever asks.
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    largest_body_bytes: int | None = None
    """The longest body that this address takes; None for what DATA_UPLOAD_MAX_MEMORY_SIZE says."""
    standing_headers: Mapping[str, str] = MappingProxyType({})
    """Headers of each answer, whatever it is."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let the caller in, or not: what is refused counts for the rate as well, or refusals could be had without end."""
        try:
            super().initial(request, *args, **kwargs)
        except REFUSALS:
            self.check_throttles(request)  # REST framework counts only what it has let in.
            raise

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add what each answer tells."""
        final = super().finalize_response(request, response, *args, **kwargs)
        for name, value in (rate_headers(request) | dict(self.standing_headers)).items():
            final.headers[name] = value
        return final


class AccountView(JSONView):
    """A view about the caller, whatever workspaces they are in. ``scopes``: what a method takes of a token, when reading is not
    `READ` or writing not `ADMIN`. Keys of POSTs belong to a workspace, and so there are none here."""

    permission_classes = (IsAuthenticated, HasScope)
    scopes: Mapping[str, Scope] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Once the caller is let in: refuse a key, and a condition."""
        super().initial(request, *args, **kwargs)
        refuse_key(request)
        refuse_condition(request)

    @property
    def user(self) -> User:
        """The caller."""
        return cast(User, self.request.user)

    @property
    def actor(self) -> str:
        """The caller, as the event log names them."""
        return str(self.request.user.get_username())


class WorkspaceView(JSONView):
    """A view under ``/workspaces/{workspace}/``.

    ``roles``: what a method takes, when reading is not for viewers or writing not for editors. ``scopes``: what it takes of a
    token, when that is not what goes with the role; see `jobs.api.permissions`.
    """

    permission_classes = (IsAuthenticated, HasRole)
    roles: Mapping[str, Role] = NEEDED
    scopes: Mapping[str, Scope] = {}
    keeps_answers = True
    """False where the answer to a POST holds a secret: such a POST takes no Idempotency-Key."""
    access: Access

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Once the caller is let in: let a POST with an Idempotency-Key work once, and let what waits wait behind it."""
        super().initial(request, *args, **kwargs)
        method = (request.method or "").lower()
        if not heeds_if_match(type(self), method):
            refuse_condition(request)
        handler = getattr(self, method, None)
        if handler is not None:
            setattr(self, method, functools.partial(self._handle, handler))

    def settle(self, request: Request, answer: Response) -> Response:
        """What is answered in the end. Runs after the commit of what was done, and also for an answer that is given again.

        Views that wait for what they have started do it here; they find what that is in the answer.
        """
        return answer

    def conclude(self, answer: Response) -> HttpResponseBase:
        """Answer with something else than JSON, made of what would be answered."""
        return answer

    def _handle(
        self, handler: Callable[..., HttpResponseBase], request: Request, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        work: Callable[[], Any] = functools.partial(handler, request, *args, **kwargs)
        if request.method == "POST":
            work = functools.partial(
                answer_once, request, workspace=self.workspace, work=work, may_keep=self.keeps_answers
            )
        answer: HttpResponseBase = work()
        if not isinstance(answer, Response):
            return answer
        settled = self.settle(request, answer)
        tag(request, settled)
        return self.conclude(settled)

    @property
    def workspace(self) -> Workspace:
        """The workspace of the address, of which the caller is a member."""
        return self.access.workspace

    @property
    def actor(self) -> str:
        """The caller, as the event log names them."""
        return str(self.request.user.get_username())
