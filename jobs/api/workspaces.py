"""Workspaces: the caller's; make, read and rename one."""

from __future__ import annotations

from django.urls import reverse
from rest_framework import status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import lists
from jobs.api.access_requests import parse_name, parse_workspace
from jobs.api.access_shapes import workspace_json
from jobs.api.base import AccountView, WorkspaceView
from jobs.api.described import access as on_access
from jobs.api.described.operation import described
from jobs.api.permissions import bound_to
from jobs.models import Role
from jobs.selectors.access import Access, list_accesses
from jobs.services.workspaces import create_workspace, rename_workspace


@described(get=on_access.LIST_WORKSPACES, post=on_access.CREATE_WORKSPACE)
class WorkspaceList(AccountView):
    """``workspaces/``"""

    listing = lists.WORKSPACES

    def get(self, request: Request) -> Response:
        """The caller's workspaces by slug; all of them for a superuser."""
        asked = self.listing.asked(request)
        found = list_accesses(user=self.user, within=bound_to(request), wanted=asked.wanted)
        return asked.answer(found, show=workspace_json, row=lambda access: access.workspace)

    def post(self, request: Request) -> Response:
        """Make one; the caller becomes its owner. For superusers, as in the admin; 409 when the slug is taken."""
        if not self.user.is_superuser or bound_to(request) is not None:
            raise PermissionDenied("workspaces are made by superusers, with a token that is not for one workspace")
        asked = parse_workspace(request.data)
        made = create_workspace(slug=asked.slug, name=asked.name, owner=self.user, actor=self.actor, must_be_new=True)
        location = request.build_absolute_uri(reverse("workspace", args=[made.slug]))
        answer = workspace_json(Access(made, Role.OWNER))
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Location": location})


@described(get=on_access.GET_WORKSPACE, put=on_access.RENAME_WORKSPACE)
class WorkspaceDetail(WorkspaceView):
    """``workspaces/{workspace}/``"""

    roles = {"PUT": Role.OWNER}

    def get(self, request: Request, workspace: str) -> Response:
        """The workspace, and the caller's role in it."""
        return Response(workspace_json(self.access))

    def put(self, request: Request, workspace: str) -> Response:
        """Give it another name; its slug stays."""
        rename_workspace(workspace=self.workspace, name=parse_name(request.data).name, actor=self.actor)
        return Response(workspace_json(self.access))
