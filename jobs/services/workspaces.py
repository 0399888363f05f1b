"""Making workspaces, their members, and the people who log in."""

from __future__ import annotations

import re

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction

from jobs.errors import FieldError, NotFoundError, ValidationError
from jobs.models import Membership, Role, Workspace

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
SLUG_EXPECTED = "expected up to 63 small letters, digits and hyphens, beginning with a letter or a digit"


def check_slug(slug: str) -> None:
    """Raise ValidationError unless the slug may name a workspace."""
    if not _SLUG.fullmatch(slug):
        raise ValidationError([FieldError("slug", SLUG_EXPECTED)])


@transaction.atomic
def create_workspace(*, slug: str, name: str = "", owner: User | None = None) -> Workspace:
    """Make a workspace, or find the one of that slug; the owner becomes an owner of it either way.

    Args:
        slug: Small letters, digits, hyphens; at most 63.
        name: For people; the slug when empty. A workspace that exists keeps its name.
        owner: Optional.

    Raises:
        ValidationError: The slug has another form.
    """
    check_slug(slug)
    workspace, _ = Workspace.objects.get_or_create(slug=slug, defaults={"name": name or slug})
    if owner is not None:
        Membership.objects.update_or_create(workspace=workspace, user=owner, defaults={"role": Role.OWNER})
    return workspace


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
