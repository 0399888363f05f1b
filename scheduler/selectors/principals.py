"""Reading as whom schedules act."""

from __future__ import annotations

from django.contrib.auth.models import User

from jobs.models import Workspace
from scheduler.models import Schedule


def count_acting_as(*, workspace: Workspace, user: User) -> int:
    """How many schedules of a workspace act as this user: without a role there they fire no more."""
    return Schedule.objects.filter(workspace=workspace, principal=user).count()
