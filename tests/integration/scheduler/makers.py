"""Makers and readers of schedules: what a test arranges with, and what it asserts on.

Time is passed in: a schedule *stands* at an instant of a chosen day as if it had been saved then, and beats look at others.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, connections, transaction

from jobs.acting import acting_as
from jobs.models import Job, Run, Workspace
from jobs.services.jobs import save_job
from jobs.services.runs import start_run
from jobs.states import JobState, Trigger
from scheduler.models import Ending, Fire, Schedule
from scheduler.services import endings, firing, placing, waiting
from scheduler.states import FireState, ScheduleState
from tests.integration.engine.makers import scripts, together
from workers import turns

NINE = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
"""A Monday."""
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
SECOND = dt.timedelta(seconds=1)
ALL: dict[str, Any] = {"overlap": "allow_all"}
BROKEN: dict[str, Any] = {"triggers": [{"type": "cron", "expression": "not any more"}]}

_names = itertools.count()


def cron(expression: str = "* * * * *", **parts: Any) -> dict[str, Any]:
    """A trigger: each minute, if nothing else is said."""
    return {"type": "cron", "expression": expression, **parts}


def after(*jobs: Job | str, **parts: Any) -> dict[str, Any]:
    """A trigger: when these jobs complete."""
    return {"type": "job", "jobs": [job if isinstance(job, str) else job.key for job in jobs], **parts}


def entry(*triggers: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A schedule, as a job's document has it."""
    return {"triggers": list(triggers) or [cron()], **parts}


def save(
    *schedules: dict[str, Any], key: str | None = None, does: dict[str, Any] | None = None, **document: Any
) -> Job:
    """A job of one scripted payload with these schedules; the one of that key is written anew."""
    workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
    whole = {
        "key": key or f"task:job-{next(_names)}",
        "payload": scripts(does or {}),
        "schedules": list(schedules),
        **document,
    }
    with acting_as("ann", user=User.objects.filter(username="ann").first()):
        return save_job(workspace=workspace, document=whole, actor="ann")


def of(job: Job, name: str = "default") -> Schedule:
    """A schedule of a job."""
    return Schedule.objects.select_related("job").get(job=job, name=name)


def standing(
    *triggers: dict[str, Any], at: dt.datetime = NINE, does: dict[str, Any] | None = None, **parts: Any
) -> Schedule:
    """The only schedule of a job of its own, as if it had been saved at that instant."""
    return stand(of(save(entry(*triggers, **parts), does=does)), at)


def stand(schedule: Schedule, at: dt.datetime = NINE) -> Schedule:
    """The schedule as if it had been saved at that instant."""
    with transaction.atomic():
        schedule.anchor_at = schedule.decided_until = at
        schedule.state = ScheduleState.ACTIVE  # by the real clock it may have ended long ago
        placing.place(schedule, now=at)
        schedule.save()
    return schedule


def edit(schedule: Schedule, **parts: Any) -> Schedule:
    """Write the schedule's job with another document of it, by the real clock."""
    job = Job.objects.get(pk=schedule.job_id)
    entries = [{**each, **parts} if each.get("name", "default") == schedule.name else each for each in job.schedules]
    save(*entries, key=job.key, payload=job.payload)
    return fresh(schedule)


def break_document(schedule: Schedule) -> None:
    """What was valid when it was saved is not any more."""
    Schedule.objects.filter(pk=schedule.pk).update(document={**schedule.document, **BROKEN})


def fresh(schedule: Schedule) -> Schedule:
    """The row as it stands."""
    return Schedule.objects.select_related("job").get(pk=schedule.pk)


def put_job_into(schedule: Schedule, state: JobState) -> None:
    """The job as it is in that state; its runs are left alone."""
    Job.objects.filter(pk=schedule.job_id).update(state=state)


def beat(now: dt.datetime | None = None) -> None:
    """One pass of a beat at that instant, until nothing is left."""
    for step in (endings.settle, waiting.fire_waiting, firing.fire_due):
        while step(now=now):
            pass


def fire(now: dt.datetime) -> None:
    """The same of a beat that only fires what is due."""
    while firing.fire_due(now=now):
        pass


def side_by_side(*actions: Callable[[], object]) -> None:
    """Do these in threads that begin at the same moment."""
    together([functools.partial(and_disconnect, action) for action in actions])


def and_disconnect(action: Callable[[], object]) -> None:
    """Do this in a thread, and close Django's connection of that thread."""
    try:
        action()
    finally:
        connections.close_all()


def until_a_session_waits() -> None:
    """Return once one waits for a lock that another holds."""
    with connection.cursor() as cursor:
        for _ in range(2000):
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction the first look would be kept
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.005)")
    raise AssertionError("nobody waits")


def told(schedule: Schedule) -> list[str]:
    """What was decided, by fire time: ``09:01 fired``, ``09:02 skipped overlap``, ``09:03:05 buffered``."""
    return [_words(fire) for fire in Fire.objects.filter(schedule=schedule).order_by("fire_at", "id")]


def decided(schedule: Schedule) -> list[str]:
    """The same without the times, for those that a test does not choose."""
    return [each.partition(" ")[2] for each in told(schedule)]


def _words(fire: Fire) -> str:
    at = fire.fire_at.astimezone(dt.UTC)
    return " ".join(filter(None, [f"{at:%H:%M:%S}".removesuffix(":00"), fire.state, fire.reason]))


def runs_of(schedule: Schedule) -> list[Run]:
    """The runs that a schedule owed, oldest first. Asserts that each belongs to one fire, and each that fired to one of them."""
    runs = {run.pk: run for run in Run.objects.filter(schedule_id=schedule.pk)}
    fired = Fire.objects.filter(schedule=schedule, state=FireState.FIRED).exclude(cause__startswith="backfill")
    by_fire = {fire.run_id: fire.fire_at for fire in fired}
    assert len(by_fire) == len(fired), "two fires with one run"
    assert {pk: run.scheduled_for for pk, run in runs.items()} == by_fire
    assert all(run.job_id == schedule.job_id for run in runs.values())
    return sorted(runs.values(), key=lambda run: run.pk)


def start(job: Job) -> int:
    """A run of the job that somebody starts by hand."""
    return start_run(job=job, trigger=Trigger.MANUAL)


def finish(run: Run | int) -> str:
    """Let a worker do a run; how it ended."""
    pk = run if isinstance(run, int) else run.pk
    turns.work(lanes=[(pk, 0)], queue="default", single=True)
    state = Run.objects.get(pk=pk).state
    assert state in ("succeeded", "failed", "cancelled"), state
    return state


def endings_of(schedule: Schedule) -> list[tuple[str, str, bool]]:
    """(job, how its run ended, whether it was dealt with) of the endings that are kept."""
    rows = Ending.objects.filter(schedule_id=schedule.pk).order_by("id")
    return list(rows.values_list("job_key", "state", "settled"))
