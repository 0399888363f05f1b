"""As DataMaker's API has it: executions, and a summary of jobs."""

from __future__ import annotations

from typing import Any

from jobs.api.foreign import Told

STATES = {"succeeded": "COMPLETED", "failed": "FAILED", "cancelled": "CANCELLED"}
"""Of an execution; one that has not ended is RUNNING."""


def execution(run: Told) -> dict[str, Any]:
    """An execution of a job."""
    state = STATES.get(run["state"], "RUNNING")
    cancelled = run["ended_at"] if state == "CANCELLED" else None
    return {
        "externalId": str(run["id"]),
        "isSuccess": state == "COMPLETED",
        "state": state,
        "startTime": run["started_at"] or run["created_at"],
        "endTime": None if cancelled else run["ended_at"],
        "cancelTime": cancelled,
        "numberOfRecords": run["counts"]["total"],
        "replay": run["trigger"] == "replay",
        "errors": [run["error"]["message"]] if isinstance(run["error"], dict) and "message" in run["error"] else [],
        "results": [] if run["result"] is None else [run["result"]],
    }


def summary(job: Told) -> dict[str, Any]:
    """A line of the summary: how it went last, and when it runs next."""
    run = job["last_run"]
    return {
        "externalId": job["key"],
        "name": job["key"].partition(":")[2],
        "description": job["description"],
        "runStatus": STATES.get(run["state"], "RUNNING") if run else "INIT",
        "lastStart": run and (run["started_at"] or run["created_at"]),
        "nextRun": job["next_run_at"],
    }
