"""API tokens: made once, shown once, kept as a digest."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from django.contrib.auth.models import User
from django.db import transaction

from jobs.errors import FieldError, ValidationError
from jobs.models import ApiToken

PREFIX = "jobs_"
"""Lets a person, and a scanner of source code, recognise a token that leaked."""


def create_token(
    *, user: User, name: str, expires_at: dt.datetime | None = None, now: dt.datetime
) -> tuple[ApiToken, str]:
    """Make a token.

    Args:
        user: Whose rights it carries.
        name: What it is for; 1 to 100 characters.
        expires_at: Aware; None for never.
        now: Aware.

    Returns:
        The row, and the token itself: 256 random bits behind `PREFIX`. It cannot be shown again.

    Raises:
        ValidationError: The name is empty or too long, or the expiry has passed.
    """
    _check(name=name, expires_at=expires_at, now=now)
    token = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():  # with its entry in the audit
        made = ApiToken.objects.create(user=user, name=name, digest=digest(token), expires_at=expires_at)
    return made, token


def find_token(*, token: str, now: dt.datetime) -> ApiToken | None:
    """The living token of an active user, with its user; None when unknown, expired or its user is inactive."""
    found = ApiToken.objects.select_related("user").filter(digest=digest(token), user__is_active=True).first()
    if found is None or (found.expires_at is not None and found.expires_at <= now):
        return None
    return found


def digest(token: str) -> str:
    """SHA-256 in hexadecimal: what is stored."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _check(*, name: str, expires_at: dt.datetime | None, now: dt.datetime) -> None:
    errors = []
    if not 1 <= len(name) <= 100:
        errors.append(FieldError("name", "expected 1 to 100 characters"))
    if expires_at is not None and expires_at <= now:
        errors.append(FieldError("expires_at", "expected a time that is still to come"))
    if errors:
        raise ValidationError(errors)
