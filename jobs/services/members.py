"""Who is in a workspace, and as what. The last owner stays: somebody must be able to let others in."""

from __future__ import annotations

import structlog
from django.contrib.auth.models import User
from django.db import transaction

from jobs.acting import acting_as
from jobs.errors import ConflictError, FieldError, NotFoundError, ValidationError
from jobs.models import Event, Membership, Role, ServiceAccount, Workspace

log = structlog.get_logger(__name__)


def set_member(
    *, workspace: Workspace, user: User, role: Role, actor: str, must_be_new: bool = False
) -> tuple[Membership, bool]:
    """Let somebody in, or give them another role. One who has it already is left alone: no event.

    Args:
        workspace: Where.
        user: Who: a person, or a service account of this workspace.
        role: As what.
        actor: Who does it.
        must_be_new: Leave one who is a member alone, and say so.

    Returns:
        The membership, and True when it is new.

    Raises:
        ConflictError: They must be new, and are in; or they are the last owner.
        ValidationError: On ``username``: a service account of another workspace.
    """
    _refuse_others_service(workspace, user)
    with acting_as(actor), transaction.atomic():
        _lock(workspace)
        present = Membership.objects.filter(workspace=workspace, user=user).first()
        if present is None:
            made = Membership.objects.create(workspace=workspace, user=user, role=role)
            _record(workspace, "member.added", user, actor=actor, role=role.value)
            return made, True
        if must_be_new:
            raise ConflictError(f"{user.get_username()} is a member of {workspace.slug} already")
        former = present.role
        if former != role:
            present.role = role
            present.save(update_fields=["role"])
            _refuse_ownerless(workspace, former)
            _record(workspace, "member.changed", user, actor=actor, role=role.value, former=former)
        return present, False


def remove_member(*, workspace: Workspace, user: User, actor: str) -> None:
    """Put somebody out. Their tokens open nothing there from now on, and schedules that act as them fire no more.

    Raises:
        NotFoundError: They are not in.
        ConflictError: They are the last owner.
    """
    with acting_as(actor), transaction.atomic():
        _lock(workspace)
        present = Membership.objects.filter(workspace=workspace, user=user).first()
        if present is None:
            raise NotFoundError(f"{user.get_username()!r} is not a member of {workspace.slug}")
        former = present.role
        present.delete()
        _refuse_ownerless(workspace, former)
        _record(workspace, "member.removed", user, actor=actor, former=former)


def _lock(workspace: Workspace) -> None:
    """Members change one after the other: of two owners who put each other out the second finds that they are the last."""
    Workspace.objects.select_for_update(no_key=True).only("pk").get(pk=workspace.pk)


def _refuse_ownerless(workspace: Workspace, former: str) -> None:
    """After an owner ceased to be one. Service accounts and people who cannot log in do not count: they let nobody in."""
    if former != Role.OWNER:
        return
    owners = Membership.objects.filter(workspace=workspace, role=Role.OWNER, user__is_active=True)
    if not owners.filter(user__service_account=None).exists():
        raise ConflictError(f"this is the last owner of {workspace.slug}: make somebody else an owner first")


def _refuse_others_service(workspace: Workspace, user: User) -> None:
    account = ServiceAccount.objects.filter(user=user).first()
    if account is not None and account.workspace_id != workspace.pk:
        raise ValidationError([FieldError("username", f"there is no active user {user.get_username()!r}")])


def _record(workspace: Workspace, kind: str, user: User, *, actor: str, **data: str) -> None:
    named = {"user": user.get_username(), **data}
    Event.objects.create(workspace=workspace, kind=kind, actor=actor, data=named)
    transaction.on_commit(lambda: log.info(kind, workspace=workspace.slug, actor=actor, **named), robust=True)
