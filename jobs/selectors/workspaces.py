"""Reading workspaces."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.models import Workspace


def workspace_ids(slugs: Sequence[str] | None = None) -> dict[str, int]:
    """The ids of workspaces by slug: of those that there are of these, or of all."""
    workspaces = Workspace.objects.all() if slugs is None else Workspace.objects.filter(slug__in=slugs)
    return dict(workspaces.values_list("slug", "pk"))
