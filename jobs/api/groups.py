"""Concurrency groups: list, create, read, replace, delete."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import lists, shapes
from jobs.api.base import WorkspaceView
from jobs.api.described import groups as on_groups
from jobs.api.described.operation import described
from jobs.api.origins import shown_origin
from jobs.api.preconditions import expecting, taken_version
from jobs.errors import FieldError, ValidationError
from jobs.models import ConcurrencyGroup
from jobs.selectors.groups import find_group, group_view, list_groups
from jobs.services.groups import KIND, delete_group, parse_group, save_group

READ_ONLY = ("updated_at", "jobs", "taken", "origin")
"""What a group's JSON has beyond what can be written."""


@described(get=on_groups.LIST, post=on_groups.CREATE)
class GroupList(WorkspaceView):
    """``groups/``"""

    listing = lists.GROUPS

    def get(self, request: Request, workspace: str) -> Response:
        """The groups by name."""
        asked = self.listing.asked(request)
        groups = list_groups(workspace=self.workspace, wanted=asked.wanted)
        return asked.answer(groups, show=shapes.group_json, row=lambda view: view.group)

    def post(self, request: Request, workspace: str) -> Response:
        """Create a group; 409 when there is one of its name."""
        written = parse_group(request.data).model_dump(mode="json")
        group = save_group(workspace=self.workspace, actor=self.actor, must_be_new=True, **written)
        response = _shown(group, status.HTTP_201_CREATED)
        response["Location"] = request.build_absolute_uri(reverse("group", args=[workspace, group.name]))
        return response


@described(get=on_groups.GET, put=on_groups.REPLACE, delete=on_groups.DELETE)
class GroupDetail(WorkspaceView):
    """``groups/{name}/``"""

    def get(self, request: Request, workspace: str, name: str) -> Response:
        """The group, and what uses it."""
        return _shown(find_group(workspace=self.workspace, name=name))

    def put(self, request: Request, workspace: str, name: str) -> Response:
        """Replace the limits of a group that there is, if it still has the version of If-Match (412) or of the body (409)."""
        group = find_group(workspace=self.workspace, name=name)
        document, version = _replacement(request.data, group)
        written = parse_group(document).model_dump(mode="json")
        with expecting(request, what=f"the group {group.name}", version=group.version, written=version) as expected:
            saved = save_group(workspace=self.workspace, actor=self.actor, expected_version=expected, **written)
        return _shown(saved)

    def delete(self, request: Request, workspace: str, name: str) -> Response:
        """Delete a group that nothing uses; 409 when jobs name it or active runs count against it."""
        group = find_group(workspace=self.workspace, name=name)
        with expecting(request, what=f"the group {group.name}", version=group.version) as expected:
            delete_group(group=group, actor=self.actor, expected_version=expected)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _shown(group: ConcurrencyGroup, code: int = status.HTTP_200_OK) -> Response:
    group.refresh_from_db(fields=["version", "updated_at"])
    answer = shapes.group_json(group_view(group)) | {"origin": shown_origin(group.workspace_id, KIND, group.name)}
    return Response(answer, status=code, headers={"ETag": f'"{group.version}"'})


def _replacement(data: object, group: ConcurrencyGroup) -> tuple[object, int | None]:
    """A PUT's body, which may be a GET's answer, edited, and its version. Raises ValidationError when it names another group."""
    if not isinstance(data, dict):
        return data, None
    name, what = group.name, f"the group {group.name}"
    body: dict[Any, Any] = {"name": name, **data}
    version = taken_version(body, what=what, version=group.version, updated_at=group.updated_at)
    if body["name"] != name:
        raise ValidationError([FieldError("name", f"expected {name}, as in the address; a group cannot be renamed")])
    return {each: value for each, value in body.items() if each not in READ_ONLY}, version
