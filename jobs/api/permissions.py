"""Who may call what: the one place that decides.

A view says for each method which role it takes (``roles``) and, where `default_scope` does not fit, which scope a caller with a
token needs (``scopes``). Somebody who is logged in has no scopes, and needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

from django.contrib.auth.models import User
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from jobs.api.authentication import place_of
from jobs.models import ApiToken, Role, Scope
from jobs.selectors.access import Access, access_at, get_access

if TYPE_CHECKING:
    from jobs.api.base import AccountView, WorkspaceView

NEEDED = {"POST": Role.EDITOR, "PUT": Role.EDITOR, "PATCH": Role.EDITOR, "DELETE": Role.EDITOR}
"""The role for a method, where its view names none; reading takes a viewer."""

READING = ("GET", "HEAD")
_SCOPES = {Role.VIEWER: Scope.READ, Role.OPERATOR: Scope.RUN, Role.EDITOR: Scope.WRITE}


class Needs(NamedTuple):
    """What a method of a view takes."""

    role: Role
    scope: Scope


def default_scope(method: str, role: Role) -> Scope:
    """The scope for a method that takes a role, where its view names none: `ADMIN` for owners alone, else `READ` for reading."""
    if role == Role.OWNER:
        return Scope.ADMIN
    return Scope.READ if method in READING else _SCOPES[role]


def needs(view: WorkspaceView | type[WorkspaceView], method: str) -> Needs:
    """What a view takes for a method: HEAD as GET."""
    asked = "GET" if method == "HEAD" else method
    role = view.roles.get(asked) or NEEDED.get(asked, Role.VIEWER)
    return Needs(role, scope_of(view.scopes, asked, role))


def scope_of(scopes: Mapping[str, Scope], method: str, role: Role) -> Scope:
    """What a view names for a method, or the default."""
    return scopes.get("GET" if method == "HEAD" else method) or default_scope(method, role)


def token_of(request: Request) -> ApiToken | None:
    """The token that somebody calls with; None for a session."""
    return request.auth if isinstance(request.auth, ApiToken) else None


def bound_to(request: Request) -> int | None:
    """The id of the only workspace that the caller's token opens; None for all of its user's."""
    token = token_of(request)
    return None if token is None else token.workspace_id


def is_owner(request: Request, access: Access) -> bool:
    """Whether the caller may read what is for owners alone: by their role, and by the scope of their token if they have one."""
    return access.allows(Role.OWNER) and not missing_scope(request, Scope.ADMIN)


class HasRole(BasePermission):
    """Lets through whoever has the view's role and scope for the method, and leaves their `Access` with the view.

    Stands behind IsAuthenticated, on views that are a `WorkspaceView`.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raise NotFoundError for a workspace that the caller is not in, or their token not for; return False for too little."""
        workspace_view = cast("WorkspaceView", view)
        user, slug = cast(User, request.user), view.kwargs["workspace"]
        place, within = place_of(request, slug), bound_to(request)
        access = (
            get_access(user=user, slug=slug, within=within)
            if place is None
            else access_at(place=place, user=user, within=within)
        )
        workspace_view.access = access
        needed = needs(workspace_view, request.method or "")
        if not access.allows(needed.role):
            self.message = (
                f"this takes the role {needed.role.value} in {access.workspace.slug}; yours is {access.role.value}"
            )
            return False
        missing = missing_scope(request, needed.scope)
        self.message = missing
        return not missing


def require(request: Request, access: Access, role: Role) -> None:
    """For a view in which the body decides what it takes: let through whoever has the role, and the scope that goes with it.

    Raises:
        PermissionDenied: Either is missing; says which.
    """
    if not access.allows(role):
        raise PermissionDenied(
            f"this takes the role {role.value} in {access.workspace.slug}; yours is {access.role.value}"
        )
    if missing := missing_scope(request, default_scope(request.method or "", role)):
        raise PermissionDenied(missing)


class HasScope(BasePermission):
    """Lets through whoever is logged in, or has a token with the view's scope. On views that are an `AccountView`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """False for a token without the scope."""
        method = request.method or ""
        role = Role.VIEWER if method in READING else Role.OWNER
        self.message = missing_scope(request, scope_of(cast("AccountView", view).scopes, method, role))
        return not self.message


def missing_scope(request: Request, needed: Scope) -> str:
    """What is wrong with the caller's token, in words; empty when it has the scope, or when there is no token."""
    token = token_of(request)
    if token is None or {needed.value, Scope.ADMIN.value} & set(token.scopes):
        return ""
    return f"this takes a token with the scope {needed.value}; yours has {', '.join(token.scopes)}"
