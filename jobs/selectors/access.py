"""Who may do what in which workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import OuterRef, Subquery

from jobs.errors import NotFoundError
from jobs.models import Membership, Role, Workspace
from jobs.selectors.ordering import Wanted, wanted_of


@dataclass(frozen=True, slots=True)
class Access:
    """A person's place in a workspace."""

    workspace: Workspace
    role: Role

    def allows(self, role: Role) -> bool:
        """True when the person has this role, or one that includes it."""
        return self.role.rank >= role.rank


class Place(NamedTuple):
    """What was found of a workspace, and of somebody's membership in it; None for what there is not."""

    slug: str
    workspace: Workspace | None
    role: str | None


def get_access(*, user: User, slug: str, within: int | None = None) -> Access:
    """A user's place in the workspace of that slug, in one query.

    Args:
        user: Who asks.
        slug: The workspace's.
        within: The id of the only workspace that the caller's token opens; None for all.

    Raises:
        NotFoundError: As `access_at`.
    """
    mine = Membership.objects.filter(workspace=OuterRef("pk"), user=user)
    workspace = Workspace.objects.filter(slug=slug).annotate(my_role=Subquery(mine.values("role")[:1])).first()
    return access_at(place=Place(slug, workspace, getattr(workspace, "my_role", None)), user=user, within=within)


def access_at(*, place: Place, user: User, within: int | None = None) -> Access:
    """What a place is good for: the same as `get_access`, without a query.

    A superuser counts as an owner everywhere: who can edit the memberships could become one at any time, and a wall that its
    guard can walk through is better not painted on.

    Raises:
        NotFoundError: There is no such workspace, or the user is not in it; which of the two is nobody else's business.
    """
    workspace, role = place.workspace, Role.OWNER if user.is_superuser else place.role
    if workspace is None or role is None or within not in (None, workspace.pk):
        raise NotFoundError(f"there is no workspace {place.slug!r}, or you are not a member of it")
    return Access(workspace, Role(role))


def is_member(*, user: User, workspace_id: int) -> bool:
    """Whether a user has any role in a workspace. Superusers have all."""
    return user.is_superuser or Membership.objects.filter(user=user, workspace_id=workspace_id).exists()


def list_accesses(*, user: User, wanted: Wanted, within: int | None = None) -> list[Access]:
    """A page of a user's places, in one query; ``within`` as for `get_access`."""
    mine = Membership.objects.filter(workspace=OuterRef("pk"), user=user).values("role")[:1]
    found = Workspace.objects.annotate(my_role=Subquery(mine))
    found = found if user.is_superuser else found.filter(my_role__isnull=False)
    found = found if within is None else found.filter(pk=within)
    return [Access(each, Role.OWNER if user.is_superuser else Role(each.my_role)) for each in wanted_of(found, wanted)]


def roles_of(*, user: User | AnonymousUser) -> dict[int, Role]:
    """The roles of a user by workspace id, in one query. Superusers have more than this says: see `get_access`."""
    if not isinstance(user, User):
        return {}
    rows = Membership.objects.filter(user=user).values_list("workspace_id", "role")
    return {workspace_id: Role(role) for workspace_id, role in rows}
