"""Making workspaces, their members, and the people who log in."""

from __future__ import annotations

import re

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction

from jobs.acting import acting_as
from jobs.errors import ConflictError, FieldError, NotFoundError, ValidationError
from jobs.models import Event, Role, Workspace
from jobs.services import members

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
MAX_NAME = 200
SLUG_EXPECTED = "expected up to 63 small letters, digits and hyphens, beginning with a letter or a digit"


def check_slug(slug: str) -> None:
    """Raise ValidationError unless the slug may name a workspace."""
    if not _SLUG.fullmatch(slug):
        raise ValidationError([FieldError("slug", SLUG_EXPECTED)])


@transaction.atomic
def create_workspace(
    *, slug: str, name: str = "", owner: User | None = None, actor: str = "", must_be_new: bool = False
) -> Workspace:
    """Make a workspace, or find the one of that slug; the owner becomes an owner of it either way.

    Args:
        slug: Small letters, digits, hyphens; at most 63.
        name: For people; the slug when empty. A workspace that exists keeps its name.
        owner: Optional.
        actor: Who does it.
        must_be_new: Leave one that exists alone, and say so.

    Raises:
        ValidationError: The slug has another form, or the name is too long.
        ConflictError: It must be new, and exists.
    """
    check_slug(slug)
    _check_name(name or slug)
    with acting_as(actor):
        workspace, created = Workspace.objects.get_or_create(slug=slug, defaults={"name": name or slug})
    if created:
        _record(workspace, "workspace.created", actor=actor, name=workspace.name)
    elif must_be_new:
        raise ConflictError(f"there is a workspace {slug!r} already")
    if owner is not None:
        members.set_member(workspace=workspace, user=owner, role=Role.OWNER, actor=actor)
    return workspace


def rename_workspace(*, workspace: Workspace, name: str, actor: str) -> None:
    """Call a workspace otherwise; its slug stays, for addresses hold it. Raises ValidationError on ``name``."""
    _check_name(name)
    if name == workspace.name:
        return
    with acting_as(actor), transaction.atomic():
        former, workspace.name = workspace.name, name
        workspace.save(update_fields=["name"])
        _record(workspace, "workspace.renamed", actor=actor, name=name, former=former)


def create_admin(*, username: str, password: str) -> tuple[User, bool]:
    """Make a superuser, or give the one of that name this password.

    Returns:
        The user, and True when it is new.

    Raises:
        ValidationError: The password is one of those that AUTH_PASSWORD_VALIDATORS refuses, or the name has no valid form.
    """
    user = User.objects.filter(username=username).first() or User(username=username)
    is_new = user.pk is None
    user.is_staff = user.is_superuser = user.is_active = True
    user.set_password(password)
    try:
        validate_password(password, user)
        user.full_clean()
    except DjangoValidationError as error:
        raise ValidationError([FieldError("password", message) for message in error.messages]) from error
    user.save()
    return user, is_new


def find_user(*, username: str, services: bool = False) -> User:
    """The active user of that name, who is a person unless ``services`` takes service accounts as well. Raises NotFoundError."""
    found = User.objects.filter(username=username, is_active=True)
    user = (found if services else found.filter(service_account=None)).first()
    if user is None:
        raise NotFoundError(f"there is no active user {username!r}")
    return user


def _check_name(name: str) -> None:
    if not 1 <= len(name.strip()) <= len(name) <= MAX_NAME or "\x00" in name:
        raise ValidationError([FieldError("name", f"expected 1 to {MAX_NAME} characters")])


def _record(workspace: Workspace, kind: str, *, actor: str, **data: str) -> None:
    Event.objects.create(workspace=workspace, kind=kind, actor=actor, data=data)
