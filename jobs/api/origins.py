"""Objects that are kept in files: which, where, and releasing them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import shapes
from jobs.api.base import WorkspaceView
from jobs.api.pages import Query, page
from jobs.documents import Strict, validated
from jobs.documents.control import Note
from jobs.models import Role
from jobs.selectors.origins import list_origins, origin_of
from jobs.services.origins import release


class ReleaseRequest(Strict):
    """Which object is to be edited everywhere again. ``kind`` is as manifests have it; a schedule's name is JOB/NAME."""

    kind: Annotated[str, Field(max_length=40)]
    name: Annotated[str, Field(max_length=300)]
    note: Note = ""


class OriginList(WorkspaceView):
    """``origins/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """What of the workspace is kept in files, by id; ``source`` filters."""
        query = Query(request, known=("source",))
        found = list_origins(
            workspace=self.workspace,
            limit=query.limit + 1,
            after=query.number("after"),
            source=query.text("source"),
        )
        return page(request, found, limit=query.limit, cursor=lambda each: each.pk, show=shapes.origin_json)


class Release(WorkspaceView):
    """``origins/release/``"""

    roles = {"POST": Role.EDITOR}

    def post(self, request: Request, workspace: str) -> Response:
        """Let an object be edited everywhere again; 404 when it is kept in no file."""
        asked = validated(ReleaseRequest, request.data, "expected an object with kind and name")
        release(workspace=self.workspace, kind=asked.kind, name=asked.name, actor=self.actor, note=asked.note)
        return Response(status=status.HTTP_204_NO_CONTENT)


def shown_origin(workspace_id: int, kind: str, name: str) -> dict[str, Any] | None:
    """The file that an object is kept in, as answers show it; None for none. One query."""
    origin = origin_of(workspace_id=workspace_id, kind=kind, name=name)
    return None if origin is None else shapes.origin_json(origin)
