"""Tokens: one's own, and those that open one workspace alone. Each is shown once, in the answer to who makes it."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import User
from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import lists
from jobs.api.access_requests import TokenRequest, parse_own_token, parse_workspace_token
from jobs.api.access_shapes import token_json
from jobs.api.base import AccountView, WorkspaceView
from jobs.api.described import tokens as on_tokens
from jobs.api.described.operation import described
from jobs.api.members import FOR_OWNERS
from jobs.api.permissions import bound_to, token_of
from jobs.models import Workspace
from jobs.selectors.access import get_access
from jobs.selectors.members import find_service_account, find_token_of, page_of_tokens, tokens_for, tokens_of
from jobs.services.tokens import create_token, revoke_token


@described(get=on_tokens.LIST_OWN, post=on_tokens.CREATE_OWN)
class OwnTokens(AccountView):
    """``tokens/``"""

    listing = lists.TOKENS

    def get(self, request: Request) -> Response:
        """The caller's tokens, the newest first."""
        asked = self.listing.asked(request)
        tokens = tokens_of(user=self.user, within=bound_to(request))
        return asked.answer(page_of_tokens(tokens=tokens, wanted=asked.wanted), show=token_json)

    def post(self, request: Request) -> Response:
        """Make one for oneself. A caller whose token is for one workspace makes tokens for that one alone."""
        asked, within = parse_own_token(request.data), bound_to(request)
        workspace = None if within is None else Workspace.objects.get(pk=within)
        if asked.workspace is not None:
            workspace = get_access(user=self.user, slug=asked.workspace, within=within).workspace
        return _made(request, asked, user=self.user, workspace=workspace, actor=self.actor)


@described(get=on_tokens.GET_OWN, delete=on_tokens.REVOKE_OWN)
class OwnToken(AccountView):
    """``tokens/{id}/``"""

    def get(self, request: Request, token_id: int) -> Response:
        """One of them."""
        tokens = tokens_of(user=self.user, within=bound_to(request))
        return Response(token_json(find_token_of(tokens=tokens, token_id=token_id)))

    def delete(self, request: Request, token_id: int) -> Response:
        """Revoke it: the next call with it is a 401."""
        tokens = tokens_of(user=self.user, within=bound_to(request))
        revoke_token(token=find_token_of(tokens=tokens, token_id=token_id), actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


@described(get=on_tokens.LIST, post=on_tokens.CREATE)
class WorkspaceTokens(WorkspaceView):
    """``workspaces/{workspace}/tokens/``"""

    listing = lists.TOKENS
    roles = FOR_OWNERS
    keeps_answers = False  # The token itself stands in the answer.

    def get(self, request: Request, workspace: str) -> Response:
        """The tokens that open this workspace alone, whosever they are, the newest first."""
        asked = self.listing.asked(request)
        tokens = tokens_for(workspace=self.workspace)
        return asked.answer(page_of_tokens(tokens=tokens, wanted=asked.wanted), show=token_json)

    def post(self, request: Request, workspace: str) -> Response:
        """Make one for a service account of the workspace, or for oneself."""
        asked = parse_workspace_token(request.data)
        user: User = self.request.user  # type: ignore[assignment]  # nobody else gets past the permissions
        if asked.service_account is not None:
            name = asked.service_account
            user = find_service_account(workspace=self.workspace, name=name).user
        return _made(request, asked, user=user, workspace=self.workspace, actor=self.actor)


@described(get=on_tokens.GET, delete=on_tokens.REVOKE)
class WorkspaceToken(WorkspaceView):
    """``workspaces/{workspace}/tokens/{id}/``"""

    roles = FOR_OWNERS

    def get(self, request: Request, workspace: str, token_id: int) -> Response:
        """One of them."""
        return Response(token_json(find_token_of(tokens=tokens_for(workspace=self.workspace), token_id=token_id)))

    def delete(self, request: Request, workspace: str, token_id: int) -> Response:
        """Revoke it, whosever it is."""
        token = find_token_of(tokens=tokens_for(workspace=self.workspace), token_id=token_id)
        revoke_token(token=token, actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _made(request: Request, asked: TokenRequest, *, user: User, workspace: Workspace | None, actor: str) -> Response:
    """The new token's row with the token itself, which no cache may keep."""
    made, token = create_token(
        user=user,
        name=asked.name,
        scopes=[scope.value for scope in asked.scopes],
        expires_at=asked.expires_at,
        workspace=workspace,
        actor=actor,
        made_with=token_of(request),
        now=dt.datetime.now(dt.UTC),
    )
    address = (
        reverse("token", args=[made.pk])
        if workspace is None or user == request.user
        else reverse("workspace-token", args=[workspace.slug, made.pk])
    )
    headers = {"Location": request.build_absolute_uri(address), "Cache-Control": "no-store"}
    return Response(token_json(made) | {"token": token}, status=status.HTTP_201_CREATED, headers=headers)
