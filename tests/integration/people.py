"""Workspaces, their people, and clients that speak for them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from jobs.models import ApiToken, Job, Membership, Role, Scope, Workspace
from jobs.services.jobs import save_job
from jobs.services.tokens import create_token

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def make_workspace(slug: str = "acme") -> Workspace:
    """A workspace without members."""
    return Workspace.objects.create(slug=slug, name=slug.title())


def make_user(name: str, *, workspace: Workspace | None = None, role: Role | None = None, **columns: Any) -> User:
    """A user, and a member where workspace and role are given. No password: tests log in by force or by token."""
    user = User.objects.create(username=name, **columns)
    if workspace is not None and role is not None:
        Membership.objects.create(workspace=workspace, user=user, role=role)
    return user


def signed_in(user: User) -> Client:
    """The user's browser."""
    client = Client()
    client.force_login(user)
    return client


def make_job(workspace: Workspace, key: str = "task:ping", *, payloads: int = 1, **parts: Any) -> Job:
    """A job of no-ops."""
    payload = [{"kind": "noop", "name": f"n{position}"} for position in range(payloads)]
    return save_job(workspace=workspace, document={"key": key, "payload": payload, **parts}, actor="test")


class Api:
    """Calls the API as one user; ``base`` is the workspace's address, ``scopes`` and ``bound`` are the token's."""

    def __init__(
        self,
        user: User | None,
        *,
        workspace: str = "acme",
        scopes: Sequence[str] = (Scope.ADMIN,),
        bound: Workspace | None = None,
    ) -> None:
        self.base = f"/api/v1/workspaces/{workspace}/"
        self.client = Client()
        self.headers: dict[str, str] = {}
        if user is not None:
            made, token = create_token(user=user, name="test", scopes=scopes, workspace=bound, now=NOW)
            # As if it had been used just now: that its use is written once a minute is not what tests count.
            ApiToken.objects.filter(pk=made.pk).update(last_used_at=dt.datetime.now(dt.UTC))
            self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: object) -> Any:
        """GET below the workspace."""
        return self.client.get(
            self.base + path, {name: str(value) for name, value in query.items()}, headers=self.headers
        )

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Any method; a body that is text or bytes goes as it is, anything else as JSON."""
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.generic(
            method,
            self.base + path,
            data if body is not None else "",
            content_type="application/json" if body is not None else "",
            headers=self.headers | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        """POST JSON below the workspace."""
        return self.send("POST", path, body, **headers)
