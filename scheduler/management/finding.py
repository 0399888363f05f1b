"""Finding the schedule that a command's arguments name; what is missing ends the command with a message."""

from __future__ import annotations

from django.core.management.base import CommandError

from jobs.management.finding import job_named
from jobs.models import Workspace
from scheduler.models import Schedule


def schedule_named(workspace: Workspace, key: str, name: str | None) -> Schedule:
    """The schedule of that name of a job; without a name its only one."""
    job = job_named(workspace, key)
    schedules = Schedule.objects.select_related("job").filter(job=job)
    if name is not None:
        schedules = schedules.filter(name=name)
    found = list(schedules.order_by("name")[:2])
    if len(found) == 1:
        return found[0]
    present = ", ".join(Schedule.objects.filter(job=job).order_by("name").values_list("name", flat=True)[:20])
    if name is None and found:
        raise CommandError(f"{key} has several schedules: say which of {present}")
    if not present:
        raise CommandError(f"{key} has no schedule")
    raise CommandError(f"{key} has no schedule {name!r}; there are: {present}")
