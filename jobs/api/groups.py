"""Concurrency groups: list, create, read, replace, delete."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import shapes
from jobs.api.base import WorkspaceView
from jobs.api.origins import shown_origin
from jobs.api.pages import Query, page
from jobs.errors import FieldError, ValidationError
from jobs.models import ConcurrencyGroup
from jobs.selectors.groups import find_group, group_view, list_groups
from jobs.services.groups import KIND, delete_group, parse_group, save_group

READ_ONLY = ("jobs", "taken", "origin")
"""What a group's JSON has beyond what can be written."""


class GroupList(WorkspaceView):
    """``groups/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """The groups by name."""
        query = Query(request)
        groups = list_groups(workspace=self.workspace, limit=query.limit + 1, after=query.text("after"))
        return page(request, groups, limit=query.limit, cursor=lambda view: view.group.name, show=shapes.group_json)

    def post(self, request: Request, workspace: str) -> Response:
        """Create a group; 409 when there is one of its name."""
        written = parse_group(request.data).model_dump(mode="json")
        group = save_group(workspace=self.workspace, actor=self.actor, must_be_new=True, **written)
        location = request.build_absolute_uri(reverse("group", args=[workspace, group.name]))
        answer = _shown(group)
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Location": location})


class GroupDetail(WorkspaceView):
    """``groups/{name}/``"""

    def get(self, request: Request, workspace: str, name: str) -> Response:
        """The group, and what uses it."""
        return Response(_shown(find_group(workspace=self.workspace, name=name)))

    def put(self, request: Request, workspace: str, name: str) -> Response:
        """Replace the limits of a group that there is."""
        find_group(workspace=self.workspace, name=name)
        written = parse_group(_replacement(request.data, name)).model_dump(mode="json")
        group = save_group(workspace=self.workspace, actor=self.actor, **written)
        return Response(_shown(group))

    def delete(self, request: Request, workspace: str, name: str) -> Response:
        """Delete a group that nothing uses; 409 when jobs name it or active runs count against it."""
        delete_group(group=find_group(workspace=self.workspace, name=name), actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _shown(group: ConcurrencyGroup) -> dict[str, Any]:
    return shapes.group_json(group_view(group)) | {"origin": shown_origin(group.workspace_id, KIND, group.name)}


def _replacement(data: object, name: str) -> object:
    """A PUT's body, which may be a GET's answer, edited. Raises ValidationError when it names another group."""
    if not isinstance(data, dict):
        return data
    body: dict[Any, Any] = {"name": name, **data}
    if body["name"] != name:
        raise ValidationError([FieldError("name", f"expected {name}, as in the address; a group cannot be renamed")])
    return {each: value for each, value in body.items() if each not in READ_ONLY}
