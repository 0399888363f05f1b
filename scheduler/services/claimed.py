"""What a claimed schedule says."""

from __future__ import annotations

from django.conf import settings

from jobs.states import JobState
from scheduler.claims import Claimed, Holds
from scheduler.definition import Definition, compile_text

NO_HOLDS = Holds([], [])


def definition_of(schedule: Claimed) -> Definition:
    """Its definition. Raises ValidationError when its document is not valid (any more)."""
    return compile_text(
        text=schedule.document,
        anchor=schedule.anchor_at,
        key=str(schedule.id),
        default_zone=settings.JOBS_DEFAULT_TIMEZONE,
    )


def job_inactive(schedule: Claimed) -> str:
    """Why its job may not run, in words; empty when it may."""
    return "" if schedule.job_state == JobState.ACTIVE else f"{schedule.job_key} was {schedule.job_state}"
