"""API tokens: made once, shown once, kept as a digest."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from jobs.acting import acting_as
from jobs.errors import FieldError, ValidationError
from jobs.models import ApiToken, Event, Scope, Workspace
from jobs.selectors.access import is_member
from jobs.selectors.callers import find_caller

PREFIX = "jobs_"
"""Lets a person, and a scanner of source code, recognise a token that leaked."""


USED_EVERY = dt.timedelta(minutes=1)
"""A token's last use is written at most so often: a caller who asks a hundred times a second must not write a hundred rows."""


def create_token(
    *,
    user: User,
    name: str,
    expires_at: dt.datetime | None = None,
    now: dt.datetime,
    scopes: Sequence[str] = (Scope.ADMIN,),
    workspace: Workspace | None = None,
    actor: str = "",
    made_with: ApiToken | None = None,
) -> tuple[ApiToken, str]:
    """Make a token.

    Args:
        user: Whose rights it carries.
        name: What it is for; 1 to 100 characters.
        expires_at: Aware; None for never.
        now: Aware.
        scopes: What it opens of that, at least one; see `Scope`.
        workspace: The only one that it opens; None for all of its user's.
        actor: Who makes it; empty for its user.
        made_with: The token of who makes it, which opens all that the new one does, for as long: without an expiry of its own the
            new one has this one's. None for a person with a session, or a command.

    Returns:
        The row, and the token itself: 256 random bits behind `PREFIX`. It cannot be shown again.

    Raises:
        ValidationError: The name is empty or too long, the expiry has passed, a scope is unknown, the user is not in the
            workspace, or the new token would open more than ``made_with``, or outlive it.
    """
    wanted = list(dict.fromkeys(scopes))
    ends_at = _check(name=name, expires_at=expires_at, scopes=wanted, now=now)
    if made_with is not None:
        ends_at = _within(made_with, scopes=wanted, ends_at=ends_at)
    if workspace is not None and not is_member(user=user, workspace_id=workspace.pk):
        raise ValidationError([FieldError("workspace", f"{user.get_username()} is not a member of {workspace.slug}")])
    token = PREFIX + secrets.token_urlsafe(32)
    maker = actor or user.get_username()
    with acting_as(maker), transaction.atomic():
        made = ApiToken.objects.create(
            user=user,
            workspace=workspace,
            name=name,
            digest=digest(token),
            scopes=wanted,
            expires_at=ends_at,
            created_by=maker,
        )
        _record(made, "token.created", actor=made.created_by)
    return made, token


def revoke_token(*, token: ApiToken, actor: str) -> bool:
    """Delete a token: from now on nobody gets in with it. False when somebody else did so before."""
    with acting_as(actor), transaction.atomic():
        deleted, _ = ApiToken.objects.filter(pk=token.pk).delete()
        if deleted:
            _record(token, "token.revoked", actor=actor)
    return bool(deleted)


def find_token(*, token: str, now: dt.datetime) -> ApiToken | None:
    """The living token of an active user, with its user; None when unknown, expired or its user is inactive."""
    found = find_caller(digest=digest(token), slug="", now=now)
    return None if found is None else found.token


def note_use(*, token: ApiToken, now: dt.datetime) -> bool:
    """Write down that a token was used, unless that was done within `USED_EVERY`. True when it was written now.

    Of many who do so at once with one token one writes.
    """
    before = now - USED_EVERY
    if token.last_used_at is not None and token.last_used_at > before:
        return False
    stale = Q(last_used_at=None) | Q(last_used_at__lte=before)
    return bool(ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now))


def digest(token: str) -> str:
    """SHA-256 in hexadecimal: what is stored."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _check(*, name: str, expires_at: dt.datetime | None, scopes: Sequence[str], now: dt.datetime) -> dt.datetime | None:
    """The expiry in UTC."""
    errors, ends_at = [], None
    if not 1 <= len(name) <= 100 or "\x00" in name:
        errors.append(FieldError("name", "expected 1 to 100 characters"))
    try:
        ends_at = expires_at and expires_at.astimezone(dt.UTC)
    except OverflowError:
        errors.append(FieldError("expires_at", "expected a time that lies in the years 1 to 9999 in UTC"))
    if ends_at is not None and ends_at <= now:
        errors.append(FieldError("expires_at", "expected a time that is still to come"))
    if not scopes or not set(scopes) <= set(Scope.values):
        errors.append(FieldError("scopes", f"expected at least one of {', '.join(Scope.values)}"))
    if errors:
        raise ValidationError(errors)
    return ends_at


def _within(maker: ApiToken, *, scopes: Sequence[str], ends_at: dt.datetime | None) -> dt.datetime | None:
    """The expiry of a token that another one makes. Raises ValidationError when it would open more, or for longer."""
    errors, most = [], maker.expires_at
    lacking = [] if Scope.ADMIN in maker.scopes else [scope for scope in scopes if scope not in maker.scopes]
    if lacking:
        errors.append(FieldError("scopes", f"the token that makes it has no {', '.join(lacking)} itself"))
    if most is not None and ends_at is not None and ends_at > most:
        told = most.astimezone(dt.UTC).isoformat()
        errors.append(FieldError("expires_at", f"expected at most {told}, when the token that makes it expires"))
    if errors:
        raise ValidationError(errors)
    return most if ends_at is None else ends_at


def _record(token: ApiToken, kind: str, *, actor: str) -> None:
    """In the log of the workspace that it is bound to: a person's own tokens are in no workspace's."""
    if token.workspace_id is None:
        return
    data = {"token": token.pk, "name": token.name, "user": token.user.get_username(), "scopes": token.scopes}
    Event.objects.create(workspace_id=token.workspace_id, kind=kind, actor=actor, data=data)
