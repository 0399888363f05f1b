"""As whom schedules act, and whether those may run anything still."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from jobs.claims.shapes import SupportsExecute
from jobs.models import Role
from scheduler.sql import STATEMENTS

_NOT_ANY_MORE = {
    "gone": "the user as whom it acts was deleted",
    "inactive": "{username}, as whom it acts, may not log in any more",
    "none": "{username}, as whom it acts, is not a member of the workspace any more",
    Role.VIEWER.value: "{username}, as whom it acts, is only a viewer now",
}
"""Why a schedule may not fire, by how its principal stands to its workspace; see principals.sql."""
_MENDING = ": let somebody else save it, or take it over"


class Principal(NamedTuple):
    """As whom a schedule acts. ``lost``: why it may not, in words; empty while it may."""

    username: str
    lost: str = ""


SYSTEM = Principal("")
"""Of schedules that nobody of the site's users saved: a command did, or a release that did not write down who."""


def find_principals(
    cursor: SupportsExecute, *, pairs: Iterable[tuple[int | None, int]]
) -> dict[tuple[int | None, int], Principal]:
    """Look up principals by user id and workspace id, in one statement; in none where there is no user among them.

    Args:
        cursor: Of any connection, within the caller's transaction.
        pairs: The same one may stand several times. A user id of None is `SYSTEM`.
    """
    asked = set(pairs)
    named = [(user_id, workspace_id) for user_id, workspace_id in asked if user_id is not None]
    found: dict[tuple[int | None, int], Principal] = {pair: SYSTEM for pair in asked}
    if not named:
        return found
    user_ids, workspace_ids = map(list, zip(*named, strict=True))
    cursor.execute(STATEMENTS.load("principals"), {"user_ids": user_ids, "workspace_ids": workspace_ids})
    for user_id, workspace_id, username, standing in cursor.fetchall():
        found[user_id, workspace_id] = _principal(username or "", standing)
    return found


def _principal(username: str, standing: str) -> Principal:
    why = _NOT_ANY_MORE.get(standing, "")
    return Principal(username, why and why.format(username=username) + _MENDING)
