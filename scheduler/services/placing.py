"""Where a schedule stands: what it owes next, and what becomes of what it owed when it is changed."""

from __future__ import annotations

import collections
import datetime as dt
import itertools
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection

from jobs.errors import ValidationError
from jobs.models import Run
from scheduler import claims
from scheduler.definition import Definition, Due, compile_schedule
from scheduler.models import Fire, Schedule
from scheduler.states import FireState, Overlap, Reason, ScheduleState

MOST_OWED = 1000
"""Fire times that had come up and nobody had dealt with when their schedule was changed, and that may run still: the newest."""
MOST_KEPT = 10_000
"""Of such fire times that get a row at all: the newest."""
_MOST_LOOKED_AT = 100_000
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


def settle_owed(row: Schedule, *, now: dt.datetime, given_up: str = "") -> None:
    """Before a schedule changes: keep the fire times that have come up and that no beat has dealt with.

    Args:
        row: The schedule, locked.
        now: Aware UTC.
        given_up: Why they are skipped, in words; empty for those that are to be dealt with still, as they were promised.
    """
    if row.next_fire_at is None or row.next_fire_at > now or (definition := _readable(row)) is None:
        return
    # What is older than the window is given up in any case.
    times = definition.times(after=max(row.decided_until, now - definition.window), key=str(row.pk))
    come_up = itertools.takewhile(lambda due: due.fire_at <= now, itertools.islice(times, _MOST_LOOKED_AT))
    owed = collections.deque(come_up, maxlen=MOST_KEPT)
    skips = {dt.datetime.fromisoformat(skip) for skip in row.skips}
    Fire.objects.bulk_create(
        [
            _kept(row, due, asked=due.fire_at in skips, given_up=given_up, others=len(owed) - at - 1)
            for at, due in enumerate(owed)
        ],
        ignore_conflicts=True,
    )
    if owed:
        row.decided_until = owed[-1].fire_at


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


def _kept(row: Schedule, due: Due, *, asked: bool, given_up: str, others: int) -> Fire:
    """What becomes of a fire time that had come up when its schedule changed; ``others`` came up after it."""
    reason, detail = _fate(due, asked=asked, given_up=given_up, others=others)
    if reason is None:
        return Fire(schedule=row, fire_at=due.fire_at, state=FireState.WAITING, due_at=due.run_at)
    return Fire(schedule=row, fire_at=due.fire_at, state=FireState.SKIPPED, reason=reason, detail=detail[:500])


def _fate(due: Due, *, asked: bool, given_up: str, others: int) -> tuple[Reason | None, str]:
    """(why it is skipped, more about it); (None, "") when it may run still."""
    if asked:
        return Reason.ASKED, ""
    if due.excluded is not None:
        return Reason.EXCLUDED, due.excluded
    if given_up:
        return Reason.PAUSED, given_up
    if others >= MOST_OWED:
        return Reason.MISFIRE, f"the schedule was changed, and {MOST_OWED:,} later ones waited"
    return None, ""


def _readable(row: Schedule) -> Definition | None:
    """None when its document is not valid (any more): then nobody knows what it owes."""
    try:
        return definition_of(row)
    except ValidationError:
        return None
