"""Reading concurrency groups with what uses them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count

from jobs.errors import NotFoundError
from jobs.models import ConcurrencyGroup, Job, Lane, Workspace
from jobs.selectors.ordering import Wanted, wanted_of


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as readers see it: how many jobs name it, and how many of its places are taken now."""

    group: ConcurrencyGroup
    jobs: int
    taken: int


def find_group(*, workspace: Workspace, name: str) -> ConcurrencyGroup:
    """The group of that name, in one query. Raises NotFoundError, also for another workspace's."""
    group = ConcurrencyGroup.objects.filter(workspace=workspace, name=name).first()
    if group is None:
        raise NotFoundError(f"there is no group {name!r} in {workspace.slug}")
    return group


def group_view(group: ConcurrencyGroup) -> GroupView:
    """A group with what uses it, in two queries."""
    return _views([group])[0]


def list_groups(*, workspace: Workspace, wanted: Wanted) -> list[GroupView]:
    """A page of groups, in three queries."""
    return _views(wanted_of(ConcurrencyGroup.objects.filter(workspace=workspace), wanted))


def _views(groups: Iterable[ConcurrencyGroup]) -> list[GroupView]:
    found = list(groups)
    ids = [group.pk for group in found]
    jobs = dict(Job.objects.filter(group__in=ids).order_by().values_list("group").annotate(number=Count("pk")))
    held = Lane.objects.filter(group__in=ids, group_slot__isnull=False)
    taken = dict(held.order_by().values_list("group").annotate(number=Count("pk")))
    return [GroupView(group, jobs.get(group.pk, 0), taken.get(group.pk, 0)) for group in found]
