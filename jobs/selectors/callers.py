"""Who calls with a token, and what they are in the workspace that they ask for: one query, for every request asks it."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.contrib.auth.models import User

from jobs.models import ApiToken, Workspace
from jobs.selectors.access import Place
from jobs.selectors.rows import Rows, fetched

_TOKEN, _USER, _WORKSPACE = Rows(ApiToken), Rows(User), Rows(Workspace)
_CALLER = f"""
    SELECT {_TOKEN.selected("t")}, {_USER.selected("u")}, {_WORKSPACE.selected("w")}, m.role
    FROM jobs_api_token AS t JOIN auth_user AS u ON u.id = t.user_id
    LEFT JOIN jobs_workspace AS w ON w.slug = %s
    LEFT JOIN jobs_membership AS m ON m.workspace_id = w.id AND m.user_id = u.id
    WHERE t.digest = %s AND u.is_active
"""  # noqa: S608 - of names of columns


class Caller(NamedTuple):
    """A living token, with its user, and their place in a workspace."""

    token: ApiToken
    place: Place


def find_caller(*, digest: str, slug: str, now: dt.datetime) -> Caller | None:
    """Who has the token of that digest; None when it is unknown or has expired, or its user is inactive.

    Nothing is kept from one request for the next: who loses a token, a role or an account is refused from then on.

    Args:
        digest: As it is stored.
        slug: Of the workspace that is asked for; empty for none.
        now: Aware.
    """
    for row in fetched(_CALLER, [slug, digest]):
        user_at, workspace_at = len(_TOKEN), len(_TOKEN) + len(_USER)
        token = _TOKEN.instance(row[:user_at])
        if token.expires_at is not None and token.expires_at <= now:
            return None
        token.user = _USER.instance(row[user_at:workspace_at])
        return Caller(token, Place(slug, _WORKSPACE.optional(row[workspace_at:-1]), row[-1]))
    return None
