"""What an operator does with a schedule: pause, resume, run now, skip the next fire."""

from __future__ import annotations

import datetime as dt
import itertools

import structlog
from django.db import transaction

from jobs.errors import ConflictError, NotFoundError
from jobs.models import Job
from jobs.services.runs import start_run
from jobs.states import Trigger
from scheduler.models import Schedule
from scheduler.services import following, placing, settling
from scheduler.states import ScheduleState

_MOST_LOOKED_AT = 100_000
"""Fire times in search of one that is not excluded already."""

log = structlog.get_logger(__name__)


def pause_schedule(*, schedule: Schedule, actor: str, note: str = "") -> bool:
    """Let a schedule owe nothing until it is resumed. What had come up and was not dealt with is skipped.

    One that has ended can be paused while fires of it wait or are buffered. They give their actions back: so it may go on once it
    is resumed, or it ends again.

    Returns:
        False when it was paused already.

    Raises:
        ConflictError: It has ended and nothing of it waits, or it was deleted.
    """
    with transaction.atomic():
        row = _lock(schedule)
        if row.state == ScheduleState.PAUSED:
            return False
        if row.state == ScheduleState.ENDED and not placing.has_pending(row):
            raise ConflictError(f"schedule {row.name} has ended: there is nothing to pause")
        now = following.database_now()
        why = settling.paused_words(actor, note)
        settling.settle_owed(row, now=now, given_up=why)
        placing.give_up_pending(row, detail=why, now=now)
        row.state = ScheduleState.PAUSED
        _save_state(row, actor, note, now)
        following.record(row, "schedule.paused", actor=actor, note=note)
    log.info("schedule.paused", schedule=row.pk, name=row.name, actor=actor)
    _copy(row, schedule)
    return True


def resume_schedule(*, schedule: Schedule, actor: str, note: str = "") -> bool:
    """Let a paused schedule go on. It owes from now on, and nothing for the time in between, whose fire times are kept as skipped.

    Returns:
        False when it was not paused.

    Raises:
        ConflictError: It was deleted.
        ValidationError: Its document is not valid any more.
    """
    with transaction.atomic():
        row = _lock(schedule)
        if row.state != ScheduleState.PAUSED:
            return False
        now = following.database_now()
        settling.settle_rest(row, now=now)
        row.state = ScheduleState.ACTIVE
        _save_state(row, actor, note, now)
        following.record(row, "schedule.resumed", actor=actor, note=note)
        following.tell_beats()
    log.info("schedule.resumed", schedule=row.pk, name=row.name, actor=actor)
    _copy(row, schedule)
    return True


def run_now(*, schedule: Schedule, actor: str, comment: str = "") -> int:
    """Start a run of the schedule's job with the schedule's parameters. The schedule itself is not disturbed.

    Returns:
        The run's id.

    Raises:
        ConflictError: The job is not active.
        NotFoundError: It was deleted.
    """
    job = Job.objects.filter(pk=schedule.job_id).first()
    if job is None:
        raise NotFoundError("the job was deleted")
    parameters = schedule.document.get("parameters") or {}
    comment = comment or f"schedule {schedule.name}, run now"
    return start_run(job=job, trigger=Trigger.MANUAL, actor=actor, comment=comment, parameters=parameters)


def skip_next(*, schedule: Schedule, actor: str, note: str = "") -> dt.datetime:
    """Let the next fire time that is not skipped already pass without a run.

    Returns:
        That fire time.

    Raises:
        ConflictError: Nothing is owed: the schedule is paused, has ended, or waits for other jobs only.
    """
    with transaction.atomic():
        row = _lock(schedule)
        skipped = {dt.datetime.fromisoformat(skip) for skip in row.skips}
        times = placing.definition_of(row).times(after=row.decided_until, key=str(row.pk))
        due = None
        if row.next_fire_at is not None:
            near = itertools.islice(times, _MOST_LOOKED_AT)
            due = next((each for each in near if each.fire_at not in skipped and each.excluded is None), None)
        if due is None:
            raise ConflictError(f"schedule {row.name} is {row.state} and has no fire time to skip")
        row.skips = [*row.skips, due.fire_at.isoformat()]
        row.save(update_fields=["skips"])
        following.record(row, "schedule.skip_asked", actor=actor, note=note, fire_at=due.fire_at.isoformat())
    log.info("schedule.skip_asked", schedule=row.pk, name=row.name, fire_at=due.fire_at.isoformat(), actor=actor)
    _copy(row, schedule)
    return due.fire_at


def _lock(schedule: Schedule) -> Schedule:
    row = placing.lock(schedule)
    if row is None:
        raise ConflictError(f"schedule {schedule.name} was deleted meanwhile")
    return row


def _save_state(row: Schedule, actor: str, note: str, now: dt.datetime) -> None:
    row.state_change = {"actor": actor, "at": now.isoformat(), "note": note}
    row.updated_at = now
    placing.place(row, now=now)
    row.save()


def _copy(row: Schedule, to: Schedule) -> None:
    """What the caller holds shows what was written."""
    for field in row._meta.concrete_fields:
        setattr(to, field.attname, getattr(row, field.attname))
