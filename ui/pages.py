"""What all pages share: who is let in, what every template is told, and how errors become pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, cast

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views import View

from jobs.errors import NotFoundError
from jobs.models import Role, Workspace
from jobs.selectors.access import Access, get_access
from ui import navigation, places, preferences

WRITING = Role.EDITOR
"""What a POST takes, where its view names no role; a GET takes a viewer. As in the API."""


def is_htmx(request: HttpRequest) -> bool:
    """True when a part of a page is asked for by a page that is there already."""
    return request.headers.get("HX-Request") == "true"


class AccountPage(View):
    """A page for whoever is logged in, whatever workspaces they are in.

    A subclass says ``template`` and ``area`` (the name in `ui.navigation` of the entry that is marked), and implements `get`, and
    `post` if it takes any. It answers with `page`, or with `part` for what htmx puts into a page.
    """

    template: str = ""
    area: str = ""
    access: Access | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let in who may, and answer 404 for what is not there."""
        if not request.user.is_authenticated:
            return self._to_login(request)
        self.now = dt.datetime.now(dt.UTC)
        try:
            self.let_in()
            return super().dispatch(request, *args, **kwargs)
        except NotFoundError as error:
            raise Http404(str(error)) from error

    def let_in(self) -> None:
        """Raise PermissionDenied, or NotFoundError, for who may not."""

    @property
    def user(self) -> User:
        """The caller."""
        return cast(User, self.request.user)

    @property
    def actor(self) -> str:
        """The caller, as the event log names them."""
        return str(self.user.get_username())

    def page(self, *, template: str = "", status: int = 200, **context: Any) -> HttpResponse:
        """The whole page. The template gets ``context``, and what `frame` tells."""
        return render(self.request, template or self.template, self.frame() | context, status=status)

    def part(self, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """A part of one, for htmx: the same without the navigation."""
        return render(self.request, template, self._told() | context, status=status)

    def frame(self) -> dict[str, Any]:
        """What the frame and every template are told: ``workspace``, ``may``, ``area``, ``now``, and the navigation."""
        role = self.access.role if self.access else None
        slug = self.access.workspace.slug if self.access else None
        return self._told() | {
            "sections": navigation.sections(slug=slug, role=role),
            "accesses": places.accesses_of(self.request, self.user),
            "theme": preferences.theme_of(self.request),
        }

    def _told(self) -> dict[str, Any]:
        return {
            "workspace": self.access.workspace if self.access else None,
            "may": places.May(self.access.role if self.access else None),
            "area": self.area,
            "now": self.now,
        }

    @staticmethod
    def _to_login(request: HttpRequest) -> HttpResponseBase:
        if is_htmx(request):  # a redirect would put the login page into the middle of another one
            return HttpResponse(status=401, headers={"HX-Refresh": "true"})
        return redirect_to_login(request.get_full_path())


class WorkspacePage(AccountPage):
    """A page below ``/ui/w/<workspace>/``.

    ``roles``: what a method takes, when reading is not for viewers or writing not for editors. 404 for a workspace that the caller
    is not in, 403 for too little a role.
    """

    roles: Mapping[str, Role] = {}
    access: Access

    def let_in(self) -> None:
        """Find the caller's place, and see whether it suffices for the method."""
        self.access = get_access(user=self.user, slug=self.kwargs["workspace"])
        places.remember(self.request, self.workspace.slug)
        if not self.access.allows(self.role_for(self.request.method or "GET")):
            raise PermissionDenied

    def role_for(self, method: str) -> Role:
        """What a method takes."""
        asked = "GET" if method in ("HEAD", "OPTIONS") else method
        return self.roles.get(asked, Role.VIEWER if asked == "GET" else WRITING)

    @property
    def workspace(self) -> Workspace:
        """The workspace of the address."""
        return self.access.workspace

    def may(self, role: Role) -> bool:
        """Whether the caller has that role there."""
        return self.access.allows(role)
