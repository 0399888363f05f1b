"""Taking a schedule over: from now on it acts as somebody else."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import connection, transaction

from jobs.errors import FieldError, NotFoundError, ValidationError
from scheduler.claims.principals import find_principals
from scheduler.models import Schedule
from scheduler.services import following, placing


def take_over(*, schedule: Schedule, user: User, actor: str) -> bool:
    """Let a schedule act as a user, who may run things in its workspace.

    Args:
        schedule: Which. Its ``principal`` is set.
        user: Who asks for it, or a service account of the workspace.
        actor: Who does it, for the event log.

    Returns:
        False when it acted as them already: then nothing is written.

    Raises:
        ValidationError: On ``username``: they may run nothing there.
        NotFoundError: The schedule was deleted.
    """
    with transaction.atomic():
        row = placing.lock(schedule)
        if row is None:
            raise NotFoundError(f"schedule {schedule.name} was deleted meanwhile")
        pairs = [(user.pk, row.workspace_id), (row.principal_id, row.workspace_id)]
        with connection.cursor() as cursor:
            found = find_principals(cursor, pairs=pairs)
        if found[pairs[0]].lost:
            raise ValidationError([FieldError("username", f"{user.get_username()} may run nothing in this workspace")])
        schedule.principal = user
        if row.principal_id == user.pk:
            return False
        Schedule.objects.filter(pk=row.pk).update(principal=user)
        former = found[pairs[1]].username
        following.record(row, "schedule.taken_over", actor=actor, principal=user.get_username(), former=former)
    return True
