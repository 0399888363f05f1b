"""Where a schedule stands: what it owes next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection

from jobs.models import Run
from scheduler import claims
from scheduler.definition import Definition, compile_schedule, refuse_impossible
from scheduler.models import Fire, Schedule
from scheduler.states import FireState, Overlap, Reason, ScheduleState

_BUFFERING = (Overlap.BUFFER_ONE, Overlap.BUFFER_ALL, Overlap.CANCEL_OTHER)


def lock(schedule: Schedule) -> Schedule | None:
    """Lock a schedule's row, and before it the key of its job, as whoever deletes the job does; None when it was deleted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM jobs_job WHERE id = %s FOR KEY SHARE", [schedule.job_id])
    return Schedule.objects.select_for_update(no_key=True).filter(pk=schedule.pk).first()


def definition_of(row: Schedule) -> Definition:
    """What a schedule's row says. Raises ValidationError when its document is not valid (any more)."""
    return compile_document(row.document, anchor=row.anchor_at, key=str(row.pk))


def compile_document(document: Mapping[str, Any], *, anchor: dt.datetime, key: str) -> Definition:
    """What a schedule's document says. Raises ValidationError when it is not valid."""
    return compile_schedule(document=document, anchor=anchor, key=key, default_zone=settings.JOBS_DEFAULT_TIMEZONE)


def judge(document: Mapping[str, Any], *, now: dt.datetime) -> None:
    """Refuse what a schedule that is new, or is changed, may not say. Raises ValidationError."""
    refuse_impossible(compile_document(document, anchor=now, key="unsaved"))


def place(row: Schedule, *, now: dt.datetime) -> None:
    """Set where the schedule stands: from now on it owes what its definition says, and nothing that it has decided before.

    Raises:
        ValidationError: It is active, and its document is not valid (any more).
    """
    row.decided_until = max(row.decided_until, now)
    row.next_fire_at = row.next_run_at = None
    if row.state != ScheduleState.ACTIVE:
        return
    definition = definition_of(row)
    if not definition.document.enabled:
        return
    due = None if row.actions_left == 0 else next(definition.times(after=row.decided_until, key=str(row.pk)), None)
    if due is not None:
        row.next_fire_at, row.next_run_at = due.fire_at, due.run_at
    elif row.actions_left == 0 or not definition.document.job_triggers:
        row.state = ScheduleState.ENDED


def has_pending(row: Schedule) -> bool:
    """Whether fires of a schedule wait, or are buffered."""
    return Fire.objects.filter(schedule=row, state__in=[FireState.WAITING, FireState.BUFFERED]).exists()


def give_up_pending(row: Schedule, *, detail: str, now: dt.datetime) -> None:
    """Skip what waits, or is buffered, because its schedule is to rest. The row is locked, and saved by the caller."""
    with connection.cursor() as cursor:
        buffered = claims.give_up_pending(cursor, schedule_id=row.pk, reason=Reason.PAUSED, detail=detail, now=now)
    if row.actions_left is not None:
        row.actions_left += buffered


def watches(document: Mapping[str, Any]) -> bool:
    """Whether the ends of its own runs matter to a schedule: it buffers, or pauses on failure."""
    return bool(document.get("pause_on_failure")) or document.get("overlap") in _BUFFERING


def watch_runs(row: Schedule) -> None:
    """Whether its runs' ends matter from now on: also while fires are buffered behind one that began under a former policy."""
    watched = row.watches_runs
    buffered = Fire.objects.filter(schedule=row, state=FireState.BUFFERED)
    row.watches_runs = watches(row.document) or buffered.exists()
    if row.watches_runs and not watched:
        # A run that ends at this moment may not have seen that we want to know: wait for it, and let others wait for us.
        list(Run.objects.select_for_update(no_key=True).filter(schedule_id=row.pk, ended_at=None).order_by("pk"))
