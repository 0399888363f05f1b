"""The fields of what the API shows, by noun: what ``fields`` may name. A test holds them to what `jobs.api.shapes` writes."""

from __future__ import annotations

RUN = (
    "id",
    "job",
    "state",
    "trigger",
    "scheduled_for",
    "created_at",
    "started_at",
    "ended_at",
    "counts",
    "error",
    "result",
    "results_erased_at",
    "actor",
    "comment",
    "parameters",
    "pause",
    "stop",
    "origin",
    "admitted",
    "group",
    "idempotency_key",
    "expires_at",
    "deadline_at",
    "pin",
)
JOB_STANDING = (
    "version",
    "state",
    "state_change",
    "resume_at",
    "created_at",
    "updated_at",
    "last_run",
    "next_run_at",
)
JOB_SUMMARY = ("key", "description", "configuration", "tags", "metadata", *JOB_STANDING)
JOB_REST = ("payload", "sinks", "schedules")
"""Of a job's document, what a list shows only if it is asked for."""
JOB = (*JOB_SUMMARY, *JOB_REST)
PAYLOAD = (
    "position",
    "name",
    "kind",
    "state",
    "attempts",
    "started_at",
    "ended_at",
    "result",
    "error",
    "parameters",
    "due_at",
    "progress",
    "parent",
    "key",
    "stored_result",
)
ATTEMPT = ("id", "run", "position", "number", "state", "error", "worker", "started_at", "ended_at")
LOG_LINE = ("id", "position", "attempt", "level", "message", "at")
EVENT = ("id", "kind", "actor", "data", "at")
