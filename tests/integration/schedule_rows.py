"""Schedules and what was decided for them, for what reads and edits them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.models import Job, Workspace
from scheduler.models import Fire, Schedule
from scheduler.states import FireState, Reason
from tests.integration.people import NOW, make_job

HOURLY: dict[str, Any] = {
    "triggers": [{"type": "cron", "expression": "0 0 * ? * MON-FRI"}],
    "timezone": "Europe/Berlin",
}
NEVER_AGAIN: dict[str, Any] = {"triggers": [{"type": "once", "at": "2020-01-01T00:00:00Z"}]}


def make_schedule(workspace: Workspace, key: str = "task:ping", **parts: Any) -> Schedule:
    """The only schedule of a new job; hourly in Berlin, where nothing else is said."""
    job = make_job(workspace, key, schedules=[HOURLY | parts])
    return Schedule.objects.select_related("job", "workspace").get(job=job)


def put_due(schedule: Schedule, at: dt.datetime) -> None:
    """Let the schedule's next fire time be another."""
    Schedule.objects.filter(pk=schedule.pk).update(next_fire_at=at, next_run_at=at)


def make_fire(schedule: Schedule, hour: float = 0, **columns: Any) -> Fire:
    """What was decided of a fire time so many hours after NOW: a run was started for it, where nothing else is said."""
    at = NOW + dt.timedelta(hours=hour)
    fired: dict[str, Any] = {"state": FireState.FIRED, "run_id": 1, "decided_at": at + dt.timedelta(milliseconds=200)}
    return Fire.objects.create(schedule=schedule, fire_at=at, **(fired | columns))


def make_skip(schedule: Schedule, hour: float = 0, reason: Reason = Reason.OVERLAP, detail: str = "") -> Fire:
    """A fire time that was skipped."""
    return make_fire(schedule, hour, state=FireState.SKIPPED, reason=reason, detail=detail, run_id=None)


def entries(job: Job) -> list[dict[str, Any]]:
    """The schedules that the job's document holds now."""
    job.refresh_from_db()
    return list(job.schedules)
