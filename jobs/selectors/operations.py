"""How it stands with what only a worker can do."""

from __future__ import annotations

import datetime as dt

from jobs.errors import NotFoundError
from jobs.models import KEEP_OPERATIONS, Operation, TrialCall, Workspace


def operation_state(*, operation: Operation, now: dt.datetime) -> str:
    """``waiting`` for a worker, ``running``, ``done``, ``failed``; ``expired`` when none took it or its worker was lost."""
    if operation.ended_at is not None:
        return "done" if operation.error is None else "failed"
    if now >= operation.expires_at:
        return "expired"
    return "waiting" if operation.taken_at is None else "running"


def get_trial_call(*, workspace: Workspace, call_id: int, now: dt.datetime) -> TrialCall:
    """A call that was tried, in one query. Raises NotFoundError, also for another workspace's and for what is no longer kept."""
    found = TrialCall.objects.filter(workspace=workspace, pk=call_id, expires_at__gte=now - KEEP_OPERATIONS).first()
    if found is None:
        raise NotFoundError(f"there is no trial call {call_id} in {workspace.slug}; each is kept for an hour")
    return found
