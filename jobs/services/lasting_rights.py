"""Whether who asked for something may still do it: a bulk action and a link go on long after the request, and rights end."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.contrib.auth.models import User

from jobs.acting import who
from jobs.models import ApiToken, BulkAction, Membership, Role, Scope


class Caller(NamedTuple):
    """By id: who asked, and with which token, if with one."""

    user: int
    token: int | None = None


def present_caller() -> Caller | None:
    """Whoever acts now. None where no user of the site does, as on a machine's command line."""
    acting = who()
    return None if acting.user_id is None else Caller(acting.user_id, acting.token_id)


def told_caller() -> dict[str, int | None]:
    """The same, as a bulk action keeps it."""
    caller = present_caller()
    return {} if caller is None else caller._asdict()


_TAKES = {"delete-jobs": (Role.EDITOR, Scope.WRITE)}
"""What takes more than an operator, and a token that runs jobs."""


def why_not(action: BulkAction, *, now: dt.datetime) -> str:
    """Why the rest of a bulk action may not be done any more, for people; empty when it may."""
    if not action.caller:
        return ""
    role, scope = _TAKES.get(action.action, (Role.OPERATOR, Scope.RUN))
    lost = what_is_lost(Caller(**action.caller), workspace_id=action.workspace_id, role=role, scope=scope, now=now)
    return f"{action.actor} {lost}" if lost else ""


def what_is_lost(caller: Caller, *, workspace_id: int, role: Role, scope: Scope, now: dt.datetime) -> str:
    """What a caller has lost of what something takes, for people; empty when they may do it.

    Args:
        caller: Who asked.
        workspace_id: Where.
        role: What it takes of them.
        scope: What it takes of their token, if they asked with one.
        now: Aware.
    """
    user = User.objects.filter(pk=caller.user, is_active=True).first()
    if user is None:
        return "cannot log in any more"
    if caller.token is not None and not _opens(caller.token, user, scope, now):
        return "asked with a token that was revoked, or has expired"
    return "" if user.is_superuser else _lacks(user, workspace_id, role)


def _opens(token_id: int, user: User, scope: Scope, now: dt.datetime) -> bool:
    token = ApiToken.objects.filter(pk=token_id, user=user).first()
    if token is None or (token.expires_at is not None and token.expires_at <= now):
        return False
    return bool({scope.value, Scope.ADMIN.value} & set(token.scopes))


def _lacks(user: User, workspace_id: int, role: Role) -> str:
    found = Membership.objects.filter(workspace=workspace_id, user=user).values_list("role", flat=True).first()
    if found is None:
        return "is not a member of the workspace any more"
    if Role(found).rank < role.rank:
        return f"has the role {found} now, and it takes {role.value}"
    return ""
