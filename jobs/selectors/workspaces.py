"""Reading workspaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Count

from jobs.models import Job, Membership, Workspace
from jobs.states import JobState


class Size(NamedTuple):
    """How many jobs that are not archived, and how many people, a workspace has."""

    jobs: int
    people: int


def workspace_ids(slugs: Sequence[str] | None = None) -> dict[str, int]:
    """The ids of workspaces by slug: of those that there are of these, or of all."""
    workspaces = Workspace.objects.all() if slugs is None else Workspace.objects.filter(slug__in=slugs)
    return dict(workspaces.values_list("slug", "pk"))


def sizes(*, workspace_ids: Sequence[int]) -> dict[int, Size]:
    """Of these workspaces by id, in two queries however many they are."""
    jobs = Job.objects.exclude(state=JobState.ARCHIVED).filter(workspace__in=workspace_ids)
    people = Membership.objects.filter(workspace__in=workspace_ids, user__service_account=None)
    counted = [
        dict(rows.order_by().values_list("workspace").annotate(count=Count("pk")).values_list("workspace", "count"))
        for rows in (jobs, people)
    ]
    return {each: Size(counted[0].get(each, 0), counted[1].get(each, 0)) for each in workspace_ids}
