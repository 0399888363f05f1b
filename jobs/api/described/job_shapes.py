"""The shapes of jobs, as `jobs.api.shapes` makes them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field

from jobs.api.described.bodies import Unsaid
from jobs.api.described.run_shapes import RunSummary
from jobs.api.described.shape import Shape, named
from jobs.api.described.shapes import CREATED, Change, Origin
from jobs.documents import KEY_PATTERN, Configuration
from jobs.states import JobState


class JobSummary(Shape):
    """A job in a list: without its payload, sinks and schedules."""

    key: str = Field(pattern=KEY_PATTERN, description="`type:name`; unique in the workspace.")
    description: str
    configuration: Configuration
    """How it runs."""
    tags: list[str]
    metadata: dict[str, Any]
    """The owner's own data."""
    version: int
    """Counts its changes; for `If-Match`, or for `version` in a body."""
    state: JobState
    state_change: Change | None
    """Who put it into its state, when and why."""
    resume_at: dt.datetime | None
    """When a job that was paused for its failures goes on by itself."""
    created_at: dt.datetime
    updated_at: dt.datetime
    last_run: RunSummary | None
    """Its newest run."""
    next_run_at: dt.datetime | None
    """When a schedule starts the next one."""
    payload: list[named("PayloadItem")] | Unsaid = None  # type: ignore[valid-type]
    """In a list only if `include` asks for it."""
    sinks: list[named("SinkEntry")] | Unsaid = None  # type: ignore[valid-type]
    """In a list only if `include` asks for it."""
    schedules: list[named("ScheduleDocument")] | Unsaid = None  # type: ignore[valid-type]
    """In a list only if `include` asks for it."""

    EXAMPLE = {
        "key": "task:ping",
        "description": "Asks whether the shop answers.",
        "configuration": {"retry": {"maximum_attempts": 3}, "max_concurrent_requests": 5, "priority": 0},
        "tags": ["shop"],
        "metadata": {"team": "web"},
        "version": 3,
        "state": "active",
        "state_change": None,
        "resume_at": None,
        "created_at": CREATED,
        "updated_at": CREATED,
        "last_run": RunSummary.EXAMPLE,
        "next_run_at": "2026-11-23T01:30:00Z",
    }


class Job(JobSummary):
    """A whole job: its document, and what the system knows about it."""

    payload: list[named("PayloadItem")]  # type: ignore[valid-type]
    """The units of work, in their order."""
    sinks: list[named("SinkEntry")]  # type: ignore[valid-type]
    """Where its results go."""
    schedules: list[named("ScheduleDocument")]  # type: ignore[valid-type]
    """When it runs."""
    origin: Origin | None
    """The file that it is kept in; null for none."""

    EXAMPLE = JobSummary.EXAMPLE | {
        "payload": [{"kind": "noop", "name": "first", "parameters": {}}],
        "sinks": [{"sink": "journal"}],
        "schedules": [
            {
                "name": "nightly",
                "triggers": [{"type": "cron", "expression": "0 30 2 ? * MON-FRI"}],
                "timezone": "Europe/Berlin",
            }
        ],
        "origin": None,
    }
