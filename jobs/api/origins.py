"""Objects that are kept in files: which, where, and releasing them."""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import lists, shapes
from jobs.api.base import WorkspaceView
from jobs.api.described import origins as on_origins
from jobs.api.described.operation import described
from jobs.documents.origins import parse_release
from jobs.models import Role
from jobs.selectors.origins import list_origins, origin_of
from jobs.services.origins import release


@described(get=on_origins.LIST)
class OriginList(WorkspaceView):
    """``origins/``"""

    listing = lists.ORIGINS

    def get(self, request: Request, workspace: str) -> Response:
        """What of the workspace is kept in files, first what was applied longest ago."""
        asked = self.listing.asked(request)
        return asked.answer(list_origins(workspace=self.workspace, wanted=asked.wanted), show=shapes.origin_json)


@described(post=on_origins.RELEASE)
class Release(WorkspaceView):
    """``origins/release/``"""

    roles = {"POST": Role.EDITOR}

    def post(self, request: Request, workspace: str) -> Response:
        """Let an object be edited everywhere again; 404 when it is kept in no file."""
        asked = parse_release(request.data)
        release(workspace=self.workspace, kind=asked.kind, name=asked.name, actor=self.actor, note=asked.note)
        return Response(status=status.HTTP_204_NO_CONTENT)


def shown_origin(workspace_id: int, kind: str, name: str) -> dict[str, Any] | None:
    """The file that an object is kept in, as answers show it; None for none. One query."""
    origin = origin_of(workspace_id=workspace_id, kind=kind, name=name)
    return None if origin is None else shapes.origin_json(origin)
