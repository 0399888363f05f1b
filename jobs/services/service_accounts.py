"""Service accounts: users for programs. They belong to one workspace, and nobody logs in as one."""

from __future__ import annotations

import re

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from jobs.acting import acting_as
from jobs.errors import ConflictError, FieldError, ValidationError
from jobs.models import Event, Role, ServiceAccount, Workspace
from jobs.services import members

SUFFIX = ".service"
"""Ends the user name of each: ``ci@acme.service``. No person's address ends so."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
MAX_DESCRIPTION = 200


def create_service_account(
    *, workspace: Workspace, name: str, role: Role, actor: str, description: str = ""
) -> ServiceAccount:
    """Make one, with its role. It gets in with tokens only: see `jobs.services.tokens.create_token`.

    Args:
        workspace: Whose it is: it can be a member of no other.
        name: Small letters, digits, hyphens; at most 63.
        role: As what.
        actor: Who does it.
        description: What it is for; at most 200 characters.

    Raises:
        ValidationError: On ``name`` or ``description``.
        ConflictError: The workspace has one of that name, or a user is called so.
    """
    check_service_account(workspace=workspace, name=name)
    _check_description(description)
    try:
        with acting_as(actor), transaction.atomic():
            user = User(username=_username(workspace, name))
            user.set_unusable_password()
            user.save()
            account = ServiceAccount.objects.create(
                user=user, workspace=workspace, name=name, description=description, created_by=actor
            )
            _record(account, "service_account.created", actor=actor, role=role.value)
            members.set_member(workspace=workspace, user=user, role=role, actor=actor)
    except IntegrityError as error:
        raise _taken(workspace, name) from error
    return account


def check_service_account(*, workspace: Workspace, name: str) -> None:
    """Whether one could be called so. Raises as `create_service_account` does, on ``name``."""
    if not _NAME.fullmatch(name):
        expected = "expected up to 63 small letters, digits and hyphens, beginning with a letter or a digit"
        raise ValidationError([FieldError("name", expected)])
    if User.objects.filter(username=_username(workspace, name)).exists():
        raise _taken(workspace, name)


def change_service_account(
    *, account: ServiceAccount, actor: str, role: Role | None = None, description: str | None = None
) -> None:
    """Give one another role or description; None leaves either. Raises ValidationError on ``description``."""
    with acting_as(actor), transaction.atomic():
        if role is not None:
            members.set_member(workspace=account.workspace, user=account.user, role=role, actor=actor)
        if description is not None and description != account.description:
            _check_description(description)
            former, account.description = account.description, description
            account.save(update_fields=["description"])
            _record(account, "service_account.changed", actor=actor, description=description, former=former)


def delete_service_account(*, account: ServiceAccount, actor: str) -> None:
    """Delete one, with its role and its tokens; what it did stays under its name. Schedules that act as it fire no more."""
    with acting_as(actor), transaction.atomic():
        deleted, _ = User.objects.filter(pk=account.user_id).delete()
        if deleted:
            _record(account, "service_account.deleted", actor=actor)


def _username(workspace: Workspace, name: str) -> str:
    return f"{name}@{workspace.slug}{SUFFIX}"


def _taken(workspace: Workspace, name: str) -> ConflictError:
    return ConflictError(f"{workspace.slug} has a service account {name!r} already")


def _check_description(description: str) -> None:
    if len(description) > MAX_DESCRIPTION or "\x00" in description:
        raise ValidationError([FieldError("description", f"expected at most {MAX_DESCRIPTION} characters")])


def _record(account: ServiceAccount, kind: str, *, actor: str, **data: str) -> None:
    Event.objects.create(
        workspace_id=account.workspace_id, kind=kind, actor=actor, data={"service_account": account.name, **data}
    )
