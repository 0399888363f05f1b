"""What the database knows of one fire time of a schedule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.models import QuerySet

from jobs.models import Event, Run
from scheduler.claims.principals import find_principals
from scheduler.definition import Definition
from scheduler.explaining import EventFact, Facts, FireFact, RunFact
from scheduler.models import Fire, Schedule
from scheduler.phrases import ended_words
from scheduler.selectors.beats import beat_lives
from scheduler.states import FireState, Reason, ScheduleState

MOST_NAMED = 5
"""Runs that an answer names."""
MOST_LOOKED_BACK = 100
"""Decisions before one that was skipped, among which the run is looked for that was in its way."""
_TICK = dt.datetime.resolution


def facts_of(*, schedule: Schedule, definition: Definition, fire_at: dt.datetime, now: dt.datetime) -> Facts:
    """Collect what the answer on one fire time hangs on.

    Args:
        schedule: With its job.
        definition: What it says now.
        fire_at: The fire time; the definition need not have it.
        now: Aware UTC.
    """
    rows = list(Fire.objects.filter(schedule=schedule, fire_at=fire_at).order_by("cause", "id"))
    due = next(definition.times(after=fire_at - _TICK, key=str(schedule.pk)), None)
    due = due if due is not None and due.fire_at == fire_at else None
    run_at = due.run_at if due else fire_at
    decided_at = rows[0].decided_at if rows else now
    return Facts(
        definition=definition,
        fire_at=fire_at,
        now=now,
        state=schedule.state,
        job_key=schedule.job.key,
        job_state=schedule.job.state,
        created_at=schedule.anchor_at,
        decided_until=schedule.decided_until,
        actions_left=schedule.actions_left,
        is_to_skip=fire_at.isoformat() in schedule.skips,
        problem=schedule.problem,
        due=due,
        fires=_fires(rows),
        held=_held(schedule, min(run_at, now)) or _held(schedule, min(fire_at, now)),
        changed=_change_after(schedule, run_at),
        asked_to_skip=_asked_to_skip(schedule, fire_at),
        job_change=_job_change(schedule, decided_at),
        active=_active(schedule, rows),
        beat_lives=beat_lives(),
        principal_lost=_principal_lost(schedule),
    )


def _principal_lost(schedule: Schedule) -> str:
    pair = (schedule.principal_id, schedule.workspace_id)
    with connection.cursor() as cursor:
        return find_principals(cursor, pairs=[pair])[pair].lost


def _fires(rows: Iterable[Fire]) -> list[FireFact]:
    present = list(rows)
    runs = _runs(row.run_id for row in present if row.run_id is not None)
    return [
        FireFact(
            state=row.state,
            decided_at=row.decided_at,
            cause=row.cause,
            reason=row.reason,
            detail=row.detail,
            due_at=row.due_at,
            run=None if row.run_id is None else runs.get(row.run_id, RunFact(row.run_id)),
            upstream=_upstream(row),
        )
        for row in present
    ]


def _runs(run_ids: Iterable[int]) -> dict[int, RunFact]:
    return {run.pk: _run_fact(run) for run in Run.objects.filter(pk__in=list(run_ids))}


def _run_fact(run: Run) -> RunFact:
    return RunFact(run.pk, run.state, run.created_at, run.started_at, run.ended_at)


def _upstream(row: Fire) -> tuple[str, ...]:
    """Such as: run 5 of task:a, which succeeded."""
    named = (row.parameters or {}).get("upstream", [])
    upstream = [named] if isinstance(named, dict) else named
    return tuple(
        f"run {each['run']} of {each['job']}, which {ended_words(each['state'])}" for each in upstream[:MOST_NAMED]
    )


def _active(schedule: Schedule, rows: Sequence[Fire]) -> list[RunFact]:
    """The runs behind which a fire waits, or for which one was skipped."""
    if not any(row.state == FireState.BUFFERED or row.reason == Reason.OVERLAP for row in rows):
        return []
    still = Run.objects.filter(schedule_id=schedule.pk, ended_at=None)
    if rows[0].state == FireState.BUFFERED:
        return [_run_fact(run) for run in still.order_by("pk")[:MOST_NAMED]]
    former = Fire.objects.filter(schedule=schedule, fire_at__lte=rows[0].fire_at).order_by("-fire_at")
    run_ids = [row.run_id for row in former.only("run_id")[:MOST_LOOKED_BACK] if row.run_id is not None]
    at = rows[0].decided_at
    ended = Run.objects.filter(pk__in=run_ids, ended_at__gt=at)
    found = {run.pk: run for query in (still, ended) for run in query.filter(created_at__lte=at).order_by("pk")}
    return [_run_fact(found[pk]) for pk in sorted(found)[:MOST_NAMED]]


def _held(schedule: Schedule, at: dt.datetime) -> EventFact | None:
    """The pause that held the schedule at an instant."""
    kinds = ("schedule.paused", "schedule.resumed")
    last = _events(schedule).filter(kind__in=kinds, at__lte=at).order_by("-id").first()
    if last is not None:
        return _event_fact(last) if last.kind == "schedule.paused" else None
    change = schedule.state_change or {}
    if schedule.state != ScheduleState.PAUSED or not change.get("at"):
        return None
    paused_at = dt.datetime.fromisoformat(change["at"])
    return EventFact(paused_at, change.get("actor", ""), change.get("note", "")) if paused_at <= at else None


def _change_after(schedule: Schedule, at: dt.datetime) -> EventFact | None:
    first = _events(schedule).filter(kind="schedule.updated", at__gte=at).order_by("id").first()
    return None if first is None else _event_fact(first)


def _asked_to_skip(schedule: Schedule, fire_at: dt.datetime) -> EventFact | None:
    asked = (
        _events(schedule).filter(kind="schedule.skip_asked", data__fire_at=fire_at.isoformat()).order_by("-id").first()
    )
    return None if asked is None else _event_fact(asked)


def _job_change(schedule: Schedule, at: dt.datetime) -> EventFact | None:
    """Who paused or archived the job last before an instant, or made it a draft."""
    kinds = ("job.paused", "job.archived", "job.draft", "job.resumed", "job.active")
    last = _of_job(schedule).filter(kind__in=kinds, at__lte=at).order_by("-id").first()
    return _event_fact(last) if last is not None and last.kind in kinds[:3] else None


def _events(schedule: Schedule) -> QuerySet[Event]:
    return _of_job(schedule).filter(data__schedule=schedule.pk)


def _of_job(schedule: Schedule) -> QuerySet[Event]:
    """What was done to the job and its schedules; its runs' events have a run."""
    return Event.objects.filter(job=schedule.job_id, run=None)


def _event_fact(event: Event) -> EventFact:
    return EventFact(event.at, event.actor, str(event.data.get("note") or ""), event.kind)
