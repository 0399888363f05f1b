"""A schedule of the past, and what is kept of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.models import Event, Job, Workspace
from scheduler.models import Fire, Schedule
from scheduler.services import placing
from scheduler.states import FireState, ScheduleState
from tests.integration.people import make_job

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
"""A Saturday; in Berlin it is 13:00."""
NINE = dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)
"""Yesterday at nine in Berlin."""
DAILY: dict[str, Any] = {"triggers": [{"type": "cron", "expression": "0 9 * * *"}], "timezone": "Europe/Berlin"}


def make_schedule(workspace: Workspace, key: str = "task:ping", **parts: Any) -> Schedule:
    """Daily at nine in Berlin where nothing else is said, a month old, with all fire times up to now decided."""
    job = make_job(workspace, key, schedules=[DAILY | parts])
    schedule = Schedule.objects.select_related("job", "workspace").get(job=job)
    schedule.anchor_at, schedule.decided_until = NOW - dt.timedelta(days=30), NOW
    schedule.state = ScheduleState.ACTIVE  # by the real clock it may have ended long ago
    placing.place(schedule, now=NOW)
    schedule.save()
    Event.objects.filter(job=job).update(at=schedule.anchor_at)
    return schedule


def change(schedule: Schedule, **columns: Any) -> None:
    """Let its row say something else."""
    Schedule.objects.filter(pk=schedule.pk).update(**columns)
    schedule.refresh_from_db()
    schedule.job.refresh_from_db()


def change_job(job: Job, **columns: Any) -> None:
    """Let the job's row say something else."""
    Job.objects.filter(pk=job.pk).update(**columns)
    job.refresh_from_db()


def make_event(schedule: Schedule, kind: str, at: dt.datetime, *, note: str = "", **data: Any) -> Event:
    """Something that ann did to the schedule, or to its job."""
    about = {"schedule": schedule.pk, "name": schedule.name} if kind.startswith("schedule.") else {"key": "task:ping"}
    return Event.objects.create(
        workspace=schedule.workspace,
        job=schedule.job,
        kind=kind,
        actor="ann",
        at=at,
        data=about | {"note": note} | data,
    )


def make_fire(schedule: Schedule, at: dt.datetime = NINE, **columns: Any) -> Fire:
    """A decision, made 0.2 s after its fire time; that it was skipped for an overlap, where nothing else is said."""
    kept = {"state": FireState.SKIPPED, "reason": "overlap", "decided_at": at + dt.timedelta(milliseconds=200)}
    if columns.get("state") not in (None, FireState.SKIPPED):
        kept["reason"] = ""
    return Fire.objects.create(schedule=schedule, fire_at=at, **(kept | columns))
