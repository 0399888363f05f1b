"""Reading actions on many runs."""

from __future__ import annotations

from jobs.errors import NotFoundError
from jobs.models import BulkAction, Workspace
from jobs.selectors.ordering import NEWEST_FIRST, Ordering, given, in_order


def list_actions(
    *,
    workspace: Workspace,
    limit: int,
    after: int | None = None,
    is_open: bool | None = None,
    action: str | None = None,
    actor: str | None = None,
    ordering: Ordering = NEWEST_FIRST,
) -> list[BulkAction]:
    """A page of a workspace's actions in one query; without what is large in them.

    Args:
        workspace: Whose.
        limit: The most to return.
        after: The id of the last one of the page before; None for the first page.
        is_open: Only those that go on, or only those that are over.
        action: Only those that do this, such as pause-jobs.
        actor: Only those that this one asked for.
        ordering: By id.
    """
    wanted = {"ended_at__isnull": is_open, "action": action, "actor": actor}
    actions = BulkAction.objects.filter(workspace=workspace, **given(wanted))
    actions = actions.defer("selection", "targets", "options", "problems")
    return list(in_order(actions, ordering, after=None if after is None else (after,), limit=limit))


def get_action(*, workspace: Workspace, action_id: int) -> BulkAction:
    """One action with its progress, in one query. Raises NotFoundError, also for another workspace's."""
    action = BulkAction.objects.filter(workspace=workspace, pk=action_id).first()
    if action is None:
        raise NotFoundError(f"there is no bulk action {action_id} in {workspace.slug}")
    return action
