"""What is sent where it differs from what a document declares."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field

from jobs.api.described.bodies import EXPECTED, READ_ONLY, Unsaid
from jobs.api.described.shape import Body, named
from jobs.documents import KEY_PATTERN
from scheduler.documents import ScheduleDocument
from scheduler.selectors.firing import MOST_DAYS
from scheduler.selectors.simulations import DAYS

JSON = Any
_VERSION = "The version of the job that the writer saw: 409 when it is another."
_FIXED = "May be said, but only as it is."


class NewSchedule(ScheduleDocument):
    """A schedule's document."""

    version: int | None = Field(default=None, ge=1, lt=2**31, description=_VERSION)
    expected_updated_at: dt.datetime | None = EXPECTED


class ScheduleReplacement(NewSchedule):
    """A schedule's document; or a GET's answer, edited."""

    id: JSON = Field(default=None, description=READ_ONLY)
    job: str | Unsaid = Field(default=None, description=_FIXED)
    state: str | Unsaid = Field(default=None, description=_FIXED)
    state_change: JSON = Field(default=None, description=READ_ONLY)
    sentence: JSON = Field(default=None, description=READ_ONLY)
    next_fire_at: JSON = Field(default=None, description=READ_ONLY)
    next_run_at: JSON = Field(default=None, description=READ_ONLY)
    late_seconds: JSON = Field(default=None, description=READ_ONLY)
    actions_left: JSON = Field(default=None, description=READ_ONLY)
    skips: JSON = Field(default=None, description=READ_ONLY)
    problem: JSON = Field(default=None, description=READ_ONLY)
    principal: JSON = Field(default=None, description=READ_ONLY)
    last_decision: JSON = Field(default=None, description=READ_ONLY)
    created_at: JSON = Field(default=None, description=READ_ONLY)
    updated_at: JSON = Field(default=None, description=READ_ONLY)
    origin: JSON = Field(default=None, description=READ_ONLY)


class EditToSimulate(Body):
    """An edit that is only thought of."""

    job: str = Field(pattern=KEY_PATTERN, description="The key of the job.")
    schedules: list[named("ScheduleDocument")] = Field(description="Those that it would have.")  # type: ignore[valid-type]
    days: int = Field(default=DAYS, ge=1, le=MOST_DAYS, description="How far to look.")
