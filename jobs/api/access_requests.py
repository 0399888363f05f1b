"""What a person may say about workspaces, members, tokens, secrets and service accounts."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from jobs.documents import Strict, validated
from jobs.models import Role, Scope

Name = Annotated[str, Field(min_length=1, max_length=200)]
Description = Annotated[str, Field(max_length=200)]


class WorkspaceRequest(Strict):
    """A workspace to make; without a name it is called as its slug."""

    slug: str
    name: Annotated[str, Field(max_length=200)] = ""


class NameRequest(Strict):
    """What a workspace is to be called."""

    name: Name


class MemberRequest(Strict):
    """Somebody to let in."""

    username: str
    role: Role


class RoleRequest(Strict):
    """The role that somebody is to have."""

    role: Role


class TokenRequest(Strict):
    """A token to make; without an expiry it is good until it is revoked."""

    name: str
    scopes: list[Scope]
    expires_at: AwareDatetime | None = None


class OwnTokenRequest(TokenRequest):
    """The same for oneself. ``workspace``: the slug of the only one that it opens."""

    workspace: str | None = None


class WorkspaceTokenRequest(TokenRequest):
    """The same for a workspace. ``service_account``: whose it is to be by name; None for oneself."""

    service_account: str | None = None


class SecretRequest(Strict):
    """A secret's value."""

    value: str


class ServiceAccountRequest(Strict):
    """A service account to make."""

    name: str
    role: Role
    description: Description = ""


class ServiceAccountChange(Strict):
    """What is to change about one; what is left out stays."""

    role: Role | None = None
    description: Description | None = None


def parse_workspace(data: object) -> WorkspaceRequest:
    """Validate a workspace to make. Raises ValidationError, as all of these do."""
    return validated(WorkspaceRequest, data, "expected an object with slug and name")


def parse_name(data: object) -> NameRequest:
    """Validate a workspace's new name."""
    return validated(NameRequest, data, "expected an object with name")


def parse_member(data: object) -> MemberRequest:
    """Validate somebody to let in."""
    return validated(MemberRequest, data, "expected an object with username and role")


def parse_role(data: object) -> Role:
    """Validate the role that somebody is to have."""
    return validated(RoleRequest, data, "expected an object with role").role


def parse_own_token(data: object) -> OwnTokenRequest:
    """Validate a token for oneself."""
    return validated(OwnTokenRequest, data, "expected an object with name and scopes")


def parse_workspace_token(data: object) -> WorkspaceTokenRequest:
    """Validate a token for a workspace."""
    return validated(WorkspaceTokenRequest, data, "expected an object with name and scopes")


def parse_secret(data: object) -> str:
    """Validate a secret's value, and return it."""
    return validated(SecretRequest, data, "expected an object with value").value


def parse_service_account(data: object) -> ServiceAccountRequest:
    """Validate a service account to make."""
    return validated(ServiceAccountRequest, data, "expected an object with name and role")


def parse_service_account_change(data: object) -> ServiceAccountChange:
    """Validate what is to change about a service account."""
    return validated(ServiceAccountChange, data, "expected an object with role or description")
