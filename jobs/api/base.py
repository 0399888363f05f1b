"""What all views of the API share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.contrib.auth.models import User
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from jobs.api.parsers import StrictJSONParser
from jobs.api.permissions import NEEDED, HasRole, HasScope
from jobs.models import Role, Scope, Workspace
from jobs.selectors.access import Access


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
    # Without OPTIONS: REST framework would describe the view to whoever asks.
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]


class AccountView(JSONView):
    """A view about the caller, whatever workspaces they are in. ``scopes``: what a method takes of a token, when reading is not
    `READ` or writing not `ADMIN`."""

    permission_classes = (IsAuthenticated, HasScope)
    scopes: Mapping[str, Scope] = {}

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
    access: Access

    @property
    def workspace(self) -> Workspace:
        """The workspace of the address, of which the caller is a member."""
        return self.access.workspace

    @property
    def actor(self) -> str:
        """The caller, as the event log names them."""
        return str(self.request.user.get_username())
