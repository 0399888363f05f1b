"""The short lists of a workspace and its people."""

from __future__ import annotations

from jobs.api.described import access_shapes as access
from jobs.api.described.shapes import Group, Origin
from jobs.api.listing import (
    CREATED,
    NAME,
    SEARCH,
    UPDATED,
    Listing,
    before,
    by_text,
    one_of,
    part,
    same,
    whether,
)
from jobs.api.orders import by_id, by_time
from jobs.models import Role

_WITH_ROLE = one_of("role", "Only those with this role.", Role)
_BY_WHOM = same("created_by", "Only those that this user made.")

WORKSPACES = Listing(access.Workspace, {"slug": by_text("slug")} | CREATED, [SEARCH])
MEMBERS = Listing(
    access.Member,
    {"username": by_text("user__username")},
    [
        _WITH_ROLE,
        whether("active", "Only those who can log in; or only those who cannot.", "user__is_active"),
        part("search", "Only those with this in their user name, however it is capitalised.", "user__username"),
    ],
)
SERVICE_ACCOUNTS = Listing(access.ServiceAccount, NAME | CREATED, [_WITH_ROLE, _BY_WHOM, SEARCH])
SECRETS = Listing(
    access.Secret, NAME | CREATED | UPDATED, [same("updated_by", "Only those that this user set last."), SEARCH]
)
TOKENS = Listing(
    access.Token,
    {"-id": by_id()} | CREATED,
    [
        same("username", "Only those of this user.", "user__username"),
        _BY_WHOM,
        before("expires_before", "Only those that expire before this instant.", "expires_at"),
        before("unused_since", "Only those that were used last before this instant.", "last_used_at"),
        SEARCH,
    ],
)
ORIGINS = Listing(
    Origin,
    {"applied_at": by_time("applied_at")},
    [
        same("source", "Only those of this set of files."),
        same("kind", "Only those of this kind."),
        same("applied_by", "Only those that this user applied last."),
        SEARCH,
    ],
)
GROUPS = Listing(Group, NAME | UPDATED, [SEARCH])
