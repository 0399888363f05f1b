"""Secrets: what they are called, and a way in. There is none out."""

from __future__ import annotations

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import lists
from jobs.api.access_requests import parse_secret
from jobs.api.access_shapes import secret_json
from jobs.api.base import WorkspaceView
from jobs.api.described import access as on_access
from jobs.api.described.operation import described
from jobs.api.members import FOR_OWNERS
from jobs.models import Scope
from jobs.selectors.members import find_secret, list_secrets
from jobs.services.secrets import delete_secret, set_secret

SCOPES = {"GET": Scope.SECRETS, "PUT": Scope.SECRETS, "DELETE": Scope.SECRETS}


@described(get=on_access.LIST_SECRETS)
class SecretList(WorkspaceView):
    """``secrets/``"""

    roles, scopes = FOR_OWNERS, SCOPES
    listing = lists.SECRETS

    def get(self, request: Request, workspace: str) -> Response:
        """The secrets' names, and who changed each when."""
        asked = self.listing.asked(request)
        return asked.answer(list_secrets(workspace=self.workspace, wanted=asked.wanted), show=secret_json)


@described(get=on_access.GET_SECRET, put=on_access.SET_SECRET, delete=on_access.DELETE_SECRET)
class SecretDetail(WorkspaceView):
    """``secrets/{name}/``"""

    roles, scopes = FOR_OWNERS, SCOPES

    def get(self, request: Request, workspace: str, name: str) -> Response:
        """Who changed it when, and not what it is."""
        return Response(secret_json(find_secret(workspace=self.workspace, name=name)))

    def put(self, request: Request, workspace: str, name: str) -> Response:
        """Store it, or replace its value."""
        value = parse_secret(request.data)
        set_secret(workspace=self.workspace, name=name, value=value, actor=self.actor)
        return Response(secret_json(find_secret(workspace=self.workspace, name=name)))

    def delete(self, request: Request, workspace: str, name: str) -> Response:
        """Delete it; payloads that name it fail from now on."""
        delete_secret(secret=find_secret(workspace=self.workspace, name=name), actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)
