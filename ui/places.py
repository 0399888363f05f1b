"""In which workspaces somebody is, which one they look at, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.http import HttpRequest

from jobs.models import Role
from jobs.selectors.access import Access, list_accesses
from jobs.selectors.ordering import Ordering, Wanted

CHOSEN = "ui_workspace"
MOST = 200
"""So many workspaces are offered by the switcher; who is in more finds the others on their page."""


@dataclass(frozen=True, slots=True)
class May:
    """What a role allows, for templates: ``{% if may.editor %}``."""

    role: Role | None

    def __getattr__(self, name: str) -> bool:
        try:
            needed = Role(name)
        except ValueError:
            raise AttributeError(name) from None
        return self.role is not None and self.role.rank >= needed.rank


def accesses_of(request: HttpRequest, user: User) -> list[Access]:
    """The caller's places by slug; asked for once a request."""
    known: list[Access] | None = getattr(request, "ui_accesses", None)
    if known is None:
        known = list_accesses(user=user, wanted=Wanted(MOST, Ordering(("slug",))))
        request.ui_accesses = known  # type: ignore[attr-defined]
    return known


def remember(request: HttpRequest, slug: str) -> None:
    """This is the workspace that short addresses lead to from now on."""
    if request.session.get(CHOSEN) != slug:
        request.session[CHOSEN] = slug


def remembered(request: HttpRequest, user: User) -> Access | None:
    """The workspace that the caller looked at last, or the first that they are in; None when they are in none."""
    mine = accesses_of(request, user)
    chosen = request.session.get(CHOSEN)
    return next((access for access in mine if access.workspace.slug == chosen), mine[0] if mine else None)
