"""The JSON of workspaces, members, tokens, secrets and service accounts; docs/reference/api.md shows each."""

from __future__ import annotations

from typing import Any

from jobs.models import ApiToken, Membership, Secret, ServiceAccount
from jobs.selectors.access import Access


def workspace_json(access: Access) -> dict[str, Any]:
    """A workspace, and the caller's role in it."""
    workspace = access.workspace
    return {
        "slug": workspace.slug,
        "name": workspace.name,
        "role": access.role.value,
        "created_at": workspace.created_at,
    }


def member_json(membership: Membership) -> dict[str, Any]:
    """A person in a workspace."""
    user = membership.user
    return {"username": user.get_username(), "role": membership.role, "active": user.is_active}


def service_account_json(account: ServiceAccount) -> dict[str, Any]:
    """A service account, with its role as the selector found it."""
    return {
        "name": account.name,
        "username": account.user.get_username(),
        "role": getattr(account, "role", None),
        "description": account.description,
        "created_at": account.created_at,
        "created_by": account.created_by,
    }


def token_json(token: ApiToken) -> dict[str, Any]:
    """A token, without itself: nobody has it but who made it."""
    return {
        "id": token.pk,
        "name": token.name,
        "username": token.user.get_username(),
        "workspace": None if token.workspace is None else token.workspace.slug,
        "scopes": token.scopes,
        "created_at": token.created_at,
        "created_by": token.created_by,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    }


def secret_json(secret: Secret) -> dict[str, Any]:
    """A secret's name, and who changed it when. Never what is in it."""
    return {
        "name": secret.name,
        "created_at": secret.created_at,
        "updated_at": secret.updated_at,
        "updated_by": secret.updated_by,
    }
