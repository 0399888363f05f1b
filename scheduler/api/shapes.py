"""The JSON of schedules. One function a noun; docs/reference/api.md shows each."""

from __future__ import annotations

from typing import Any

from scheduler.documents import ScheduleDocument
from scheduler.models import Fire
from scheduler.selectors.schedules import ScheduleView

DOCUMENT = tuple(ScheduleDocument.model_fields)
"""What its document may have."""
READ_ONLY = (
    "id",
    "job",
    "version",
    "state",
    "state_change",
    "sentence",
    "next_fire_at",
    "next_run_at",
    "late_seconds",
    "actions_left",
    "skips",
    "problem",
    "principal",
    "last_decision",
    "created_at",
    "updated_at",
    "origin",
)
"""What a schedule's JSON has beyond its document."""


def schedule_json(view: ScheduleView) -> dict[str, Any]:
    """A schedule: its document with all defaults, and where it stands. ``version`` is its job's."""
    schedule = view.schedule
    document: dict[str, Any] = schedule.document
    return document | {
        "id": schedule.pk,
        "job": schedule.job.key,
        "version": schedule.job.version,
        "state": schedule.state,
        "state_change": schedule.state_change,
        "sentence": view.sentence,
        "next_fire_at": schedule.next_fire_at,
        "next_run_at": schedule.next_run_at,
        "late_seconds": None if view.late is None else round(view.late.total_seconds(), 3),
        "actions_left": schedule.actions_left,
        "skips": schedule.skips,
        "problem": schedule.problem,
        "principal": None if schedule.principal is None else schedule.principal.get_username(),
        "last_decision": None if view.last_fire is None else fire_json(view.last_fire),
        "created_at": schedule.created_at,
        "updated_at": schedule.updated_at,
    }


def fire_json(fire: Fire) -> dict[str, Any]:
    """What was decided of one fire time. ``late_seconds`` is the time from it to the decision."""
    decided = fire.state in ("fired", "skipped")
    return {
        "id": fire.pk,
        "fire_at": fire.fire_at,
        "state": fire.state,
        "reason": fire.reason or None,
        "detail": fire.detail,
        "cause": fire.cause,
        "due_at": fire.due_at,
        "decided_at": fire.decided_at,
        "late_seconds": round((fire.decided_at - fire.fire_at).total_seconds(), 3) if decided else None,
        "run": fire.run_id,
    }
