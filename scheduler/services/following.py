"""Keeping schedules what their job's document says: called within the transaction that writes the job."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from jobs.acting import who
from jobs.errors import FieldError, ValidationError
from jobs.models import Event, Job
from scheduler.documents import ScheduleDocument
from scheduler.models import Ending, Schedule
from scheduler.services import placing, settling, upstreams
from scheduler.states import ScheduleState

MOST_SCHEDULES = 1000
"""Of one job."""


def check(documents: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """What is wrong with a job's list of schedules, as far as it can be seen without the database."""
    if len(documents) > MOST_SCHEDULES:
        return [FieldError("schedules", f"expected at most {MOST_SCHEDULES:,} schedules")]
    errors: list[FieldError] = []
    names: set[str] = set()
    for at, document in enumerate(documents):
        try:
            name = placing.compile_document(document, anchor=timezone.now(), key="unsaved").document.name
        except ValidationError as error:
            errors += [_under(f"schedules.{at}", each) for each in error.errors]
            continue
        if name in names:
            errors.append(FieldError(f"schedules.{at}.name", f"another schedule of this job is named {name!r} already"))
        names.add(name)
    return errors


def follow(job: Job, actor: str) -> None:
    """Make the rows what the job's document says. The caller's transaction holds the job's row.

    Raises:
        ValidationError: A schedule that is new or changed can never fire; or one waits for a job that does not exist, or, over
            others, for its own.
    """
    upstreams.wait_for_again(job)
    present = {row.name: row for row in Schedule.objects.select_for_update(no_key=True).filter(job=job).order_by("pk")}
    wanted: dict[str, int] = {}
    for at, document in enumerate(job.schedules):
        name = document.get("name", "default")
        wanted[name] = at
        row = present.get(name)
        if row is None:
            _judge(document, at)
            _create(job, document, at, actor)
        elif row.document != _whole(document):
            _judge(document, at)
            _change(row, job, document, at, actor)
    for name, row in present.items():
        if name not in wanted:
            done = upstreams.stop_waiting(row)
            record(row, "schedule.deleted", actor=actor)
            row.delete()
            done()


def database_now() -> dt.datetime:
    """The clock that beats go by."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now


def record(row: Schedule, kind: str, *, actor: str, **data: Any) -> None:
    """Append to the event log."""
    Event.objects.create(
        workspace_id=row.workspace_id,
        job_id=row.job_id,
        kind=kind,
        actor=actor,
        data={"schedule": row.pk, "name": row.name, **data},
    )


def tell_beats() -> None:
    """Wake them, after the commit: something is due sooner than they think."""
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY jobs_schedules")


def _judge(document: Mapping[str, Any], at: int) -> None:
    """Not one that stays as it is: what was accepted once keeps nobody from resuming its job, or from editing the others."""
    try:
        placing.judge(document, now=timezone.now())
    except ValidationError as error:
        raise ValidationError([_under(f"schedules.{at}", each) for each in error.errors]) from error


def _create(job: Job, document: Mapping[str, Any], at: int, actor: str) -> None:
    now = database_now()
    row = Schedule(
        workspace_id=job.workspace_id, job=job, name=document.get("name", "default"), anchor_at=now, decided_until=now
    )
    row.document = _whole(document)
    row.actions_left = row.document.get("actions")
    row.watches_runs = placing.watches(row.document)
    row.principal_id = _principal_id(actor)
    row.save()
    placing.place(row, now=now)  # only now it has the id that its jitter and its seed hang on
    row.save(update_fields=["state", "decided_until", "next_fire_at", "next_run_at"])
    _wait_for(row, job, at)
    record(row, "schedule.created", actor=actor)
    tell_beats()


def _change(row: Schedule, job: Job, document: Mapping[str, Any], at: int, actor: str) -> None:
    now = database_now()
    rests = "" if document.get("enabled", True) else "the schedule was disabled"
    settling.settle_rest(row, now=now)
    settling.settle_owed(row, now=now, given_up=rests)
    if rests:
        placing.give_up_pending(row, detail=rests, now=now)
    former, row.document = row.document, _whole(document)
    if former.get("actions") != row.document.get("actions"):
        row.actions_left = row.document.get("actions")
    placing.watch_runs(row)
    if row.state == ScheduleState.ENDED:
        row.state = ScheduleState.ACTIVE
    row.skips = [skip for skip in row.skips if dt.datetime.fromisoformat(skip) > now]
    row.problem, row.updated_at, row.principal_id = "", now, _principal_id(actor)
    placing.place(row, now=now)
    row.save()
    _keep_endings(row, former["triggers"])
    _wait_for(row, job, at)
    record(row, "schedule.updated", actor=actor)
    tell_beats()


def _principal_id(actor: str) -> int | None:
    """The user who saves it, as whom it is to act. None for who saves with a command, and is no user of the site, though one may
    be called like the machine's account; and for the system."""
    return who().user_id if actor else None


def _keep_endings(row: Schedule, former: Sequence[Mapping[str, Any]]) -> None:
    """What has ended stays with the trigger that waits for it, wherever that stands in the list now; with a trigger that is gone or
    says something else it goes."""
    free = list(enumerate(row.document["triggers"]))
    places: dict[int, int] = {}
    for at, trigger in enumerate(former):
        same = next((entry for entry in free if entry[1] == trigger), None)
        if same is not None:
            free.remove(same)
            places[at] = same[0]
    endings = list(row.endings.exclude(trigger=Ending.OWN))
    row.endings.filter(pk__in=[ending.pk for ending in endings]).delete()
    for ending in endings:
        ending.trigger = places.get(ending.trigger, Ending.OWN)
    Ending.objects.bulk_create(ending for ending in endings if ending.trigger != Ending.OWN)


def _wait_for(row: Schedule, job: Job, at: int) -> None:
    upstreams.wait_for(row, job, at=at, triggers=placing.definition_of(row).document.job_triggers)


def _whole(document: Mapping[str, Any]) -> dict[str, Any]:
    """With its defaults, so that a new default of a later version, or of the deployment, changes no schedule."""
    whole = ScheduleDocument.model_validate(dict(document)).to_dict()
    return whole | {"timezone": whole.get("timezone") or settings.JOBS_DEFAULT_TIMEZONE}


def _under(prefix: str, error: FieldError) -> FieldError:
    return FieldError(".".join(filter(None, [prefix, error.field])), error.message)
