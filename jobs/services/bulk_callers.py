"""Whether who asked for a bulk action may still do it: it goes on long after the request, and rights end."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth.models import User

from jobs.acting import who
from jobs.models import ApiToken, BulkAction, Membership, Role, Scope

NEEDED = Role.OPERATOR
"""For each of them, as the views that begin them say."""


def present_caller() -> dict[str, Any]:
    """Whoever acts now, as `why_not` wants it. Nothing where no user of the site does, as on a machine's command line."""
    acting = who()
    if acting.user_id is None:
        return {}
    return {"user": acting.user_id, "token": acting.token_id}


def why_not(action: BulkAction, *, now: dt.datetime) -> str:
    """Why the rest of an action may not be done any more, for people; empty when it may."""
    if not action.caller:
        return ""
    user = User.objects.filter(pk=action.caller["user"], is_active=True).first()
    if user is None:
        return f"{action.actor} cannot log in any more"
    token_id = action.caller["token"]
    if token_id is not None and not _opens(token_id, user, now):
        return f"the token that {action.actor} asked with was revoked, or has expired"
    return "" if user.is_superuser else _lacks(action, user)


def _opens(token_id: int, user: User, now: dt.datetime) -> bool:
    token = ApiToken.objects.filter(pk=token_id, user=user).first()
    if token is None or (token.expires_at is not None and token.expires_at <= now):
        return False
    return bool({Scope.RUN.value, Scope.ADMIN.value} & set(token.scopes))


def _lacks(action: BulkAction, user: User) -> str:
    role = Membership.objects.filter(workspace=action.workspace_id, user=user).values_list("role", flat=True).first()
    if role is None:
        return f"{action.actor} is not a member of the workspace any more"
    if Role(role).rank < NEEDED.rank:
        return f"{action.actor} has the role {role} now, and it takes {NEEDED.value}"
    return ""
