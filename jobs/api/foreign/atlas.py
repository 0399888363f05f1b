"""As ATLAS's jobs API has it: jobs with metadata, runs."""

from __future__ import annotations

from typing import Any

from jobs.api.foreign import Told

JOB_STATES = {"draft": "draft", "active": "scheduled", "paused": "scheduled", "archived": "cancelled"}
"""Of a job of which no run has begun; otherwise the last run's state is the job's."""
RUN_STATES = {
    "pending": "scheduled",
    "running": "running",
    "pausing": "running",
    "paused": "running",
    "resuming": "running",
    "cancelling": "running",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}
TARGETS = {"draft": "draft", "scheduled": "active", "cancelled": "archived"}
"""Of a transition; the others are not for people to set."""


def job(told: Told) -> dict[str, Any]:
    """A job; ``metadata`` has its schedule's state beside what the job's document has there."""
    last = told["last_run"]
    standing = {
        "schedule": {"next_run_at": told["next_run_at"], "state": _schedule_state(told)},
        "schedule_state": _schedule_state(told),
        "last_run": run(last) if last else None,
    }
    live = told["state"] in ("active", "paused") and last is not None
    return {
        "id": told["key"],
        "name": told["key"].partition(":")[2],
        "description": told["description"],
        "status": RUN_STATES[last["state"]] if live else JOB_STATES[told["state"]],
        "owner_id": None,
        "conversation_id": None,
        "metadata": told["metadata"] | standing,
        "created_at": told["created_at"],
        "updated_at": told["updated_at"],
    }


def run(told: Told) -> dict[str, Any]:
    """A run."""
    return {
        "id": str(told["id"]),
        "job_id": told["job"],
        "run_number": told["id"],
        "status": RUN_STATES[told["state"]],
        "started_at": told["started_at"],
        "finished_at": told["ended_at"],
        "metadata": {"trigger": "manual_rerun" if told["trigger"] == "rerun" else told["trigger"]},
        "created_at": told["created_at"],
    }


def _schedule_state(told: Told) -> str:
    return "paused" if told["state"] == "paused" else "scheduled"
