"""What a person may say about workspaces, members, tokens, secrets and service accounts."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from jobs.documents import Strict, validated
from jobs.models import Role, Scope
from jobs.services.secrets import MAX_VALUE_LENGTH

Description = Annotated[str, Field(max_length=200)]


# The OpenAPI document shows the bounds; the services that read these texts refuse what does not fit, in their own words.
Slug = Annotated[str, Field(json_schema_extra={"pattern": "^[a-z0-9][a-z0-9-]{0,62}$"})]
TokenName = Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": 100})]
SecretValue = Annotated[
    str, Field(json_schema_extra={"minLength": 1, "maxLength": MAX_VALUE_LENGTH, "format": "password"})
]


class WorkspaceRequest(Strict):
    """A workspace to make.

    Args:
        slug: Its name in addresses; small letters, digits and hyphens.
        name: What it is called; without one as its slug.
    """

    slug: Slug
    name: Annotated[str, Field(max_length=200)] = ""


class NameRequest(Strict):
    """What a workspace is to be called.

    Args:
        name: 1 to 200 characters, not only spaces.
    """

    name: Annotated[str, Field(min_length=1, max_length=200, json_schema_extra={"pattern": r"\S"})]


class MemberRequest(Strict):
    """Somebody to let in.

    Args:
        username: Of somebody who can log in.
        role: As what.
    """

    username: str
    role: Role


class RoleRequest(Strict):
    """The role that somebody is to have.

    Args:
        role: As what.
    """

    role: Role


class TokenRequest(Strict):
    """A token to make.

    Args:
        name: What it is for.
        scopes: What it opens of what its user may do.
        expires_at: A time to come; without one it is good until it is revoked.
    """

    name: TokenName
    scopes: Annotated[list[Scope], Field(json_schema_extra={"minItems": 1})]
    expires_at: AwareDatetime | None = None


class OwnTokenRequest(TokenRequest):
    """A token to make for oneself.

    Args:
        name: What it is for.
        scopes: What it opens of what its user may do.
        expires_at: A time to come; without one it is good until it is revoked.
        workspace: The slug of the only workspace that it opens; without one all of its user's.
    """

    workspace: str | None = None


class WorkspaceTokenRequest(TokenRequest):
    """A token to make for one workspace.

    Args:
        name: What it is for.
        scopes: What it opens of what its user may do.
        expires_at: A time to come; without one it is good until it is revoked.
        service_account: The name of the service account whose it is to be; without one it is the caller's.
    """

    service_account: str | None = None


class SecretRequest(Strict):
    """A secret's value.

    Args:
        value: It can be replaced, and is shown to nobody.
    """

    value: SecretValue


class ServiceAccountRequest(Strict):
    """A service account to make.

    Args:
        name: Small letters, digits and hyphens.
        role: As what.
        description: What it is for.
    """

    name: Slug
    role: Role
    description: Description = ""


class ServiceAccountChange(Strict):
    """What is to change about a service account; what is left out stays.

    Args:
        role: As what.
        description: What it is for.
    """

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
