"""Reading actions on many runs."""

from __future__ import annotations

from jobs.errors import NotFoundError
from jobs.models import BulkAction, Workspace


def get_action(*, workspace: Workspace, action_id: int) -> BulkAction:
    """One action with its progress, in one query. Raises NotFoundError, also for another workspace's."""
    action = BulkAction.objects.filter(workspace=workspace, pk=action_id).first()
    if action is None:
        raise NotFoundError(f"there is no bulk action {action_id} in {workspace.slug}")
    return action
