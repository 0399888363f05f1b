"""Reading actions on many runs."""

from __future__ import annotations

from jobs.errors import NotFoundError
from jobs.models import BulkAction, Workspace


def list_actions(
    *, workspace: Workspace, limit: int, after: int | None = None, is_open: bool | None = None
) -> list[BulkAction]:
    """A page of a workspace's actions, the newest first, in one query; without what is large in them.

    Args:
        workspace: Whose.
        limit: The most to return.
        after: The id of the last one of the page before; None for the first page.
        is_open: Only those that go on, or only those that are over.
    """
    actions = BulkAction.objects.filter(workspace=workspace)
    if after is not None:
        actions = actions.filter(pk__lt=after)
    if is_open is not None:
        actions = actions.filter(ended_at__isnull=is_open)
    return list(actions.defer("selection", "targets", "options", "problems").order_by("-pk")[:limit])


def get_action(*, workspace: Workspace, action_id: int) -> BulkAction:
    """One action with its progress, in one query. Raises NotFoundError, also for another workspace's."""
    action = BulkAction.objects.filter(workspace=workspace, pk=action_id).first()
    if action is None:
        raise NotFoundError(f"there is no bulk action {action_id} in {workspace.slug}")
    return action
