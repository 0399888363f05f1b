"""Who may call what: the caller's role in the workspace of the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib.auth.models import User
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from jobs.models import Role
from jobs.selectors.access import get_access

if TYPE_CHECKING:
    from jobs.api.base import WorkspaceView

NEEDED = {"POST": Role.EDITOR, "PUT": Role.EDITOR, "PATCH": Role.EDITOR, "DELETE": Role.EDITOR}
"""The role for a method, where its view names none; reading takes a viewer."""


class HasRole(BasePermission):
    """Lets through whoever has the view's role for the method, and leaves their `Access` with the view.

    Stands behind IsAuthenticated, on views that are a `WorkspaceView`.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raise NotFoundError for a workspace that the caller is not in; return False for too small a role."""
        workspace_view = cast("WorkspaceView", view)
        access = workspace_view.access = get_access(user=cast(User, request.user), slug=view.kwargs["workspace"])
        needed = workspace_view.roles.get(request.method or "", Role.VIEWER)
        self.message = f"this takes the role {needed.value} in {access.workspace.slug}; yours is {access.role.value}"
        return access.allows(needed)
