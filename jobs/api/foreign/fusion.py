"""As Fusion's jobs API has it: status objects, histories."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.api.foreign import Told

STATUS = {"succeeded": "success", "failed": "failed", "cancelled": "aborted"}
"""Of a run that has ended; one that has not is running."""
COUNTERS = {"input": "total", "output": "succeeded", "failed": "failed", "skipped": "cancelled"}
"""Of payloads, which are what a run counts."""


def job_status(job: Told) -> dict[str, Any]:
    """A job's status object. A job that never ran is ready, and has no times."""
    run = job["last_run"]
    told: dict[str, Any] = {
        "resource": job["key"],
        "enabled": job["state"] == "active",
        "startedBy": run["actor"] or run["trigger"] if run else None,
        "status": run_status(run) if run else "ready",
        "extra": _extra(run) if run else {},
    }
    times = {"lastStartTime": run and run["started_at"], "lastEndTime": run and run["ended_at"]}
    return told | {name: instant(value) for name, value in times.items() if value}


def history_entry(run: Told) -> dict[str, Any]:
    """A run in a job's history."""
    return {
        "resource": run["job"],
        "runId": str(run["id"]),
        "startTime": instant(run["started_at"] or run["created_at"]),
        "endTime": instant(run["ended_at"]),
        "status": run_status(run),
        "extra": _extra(run),
    }


def run_status(run: Told) -> str:
    """The word for a run's state."""
    return STATUS.get(run["state"], "running")


def instant(at: dt.datetime | None) -> str | None:
    """UTC with milliseconds and Z."""
    return (
        None if at is None else at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
    )


def _extra(run: Told) -> dict[str, Any]:
    kind, _, name = run["job"].partition(":")
    told: dict[str, Any] = {f"counter.{word}": run["counts"][ours] for word, ours in COUNTERS.items()}
    told |= {"datasourceId": name} if kind == "datasource" else {}
    times = {"startTime": run["started_at"], "endTime": run["ended_at"]}
    return told | {word: int(at.timestamp() * 1000) for word, at in times.items() if at}
