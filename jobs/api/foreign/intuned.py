"""As Intuned's jobs API has it: jobs, job runs, short messages."""

from __future__ import annotations

from typing import Any

from jobs.api.foreign import Told

JOB_STATES = {"active": "ACTIVE"}
"""Whatever does not run is PAUSED there."""
RUN_STATES = {
    "pending": "PENDING",
    "running": "PENDING",
    "pausing": "PAUSING",
    "paused": "PAUSED",
    "resuming": "RESUMING",
    "cancelling": "TERMINATED",
    "succeeded": "SUCCESS",
    "failed": "FAILURE",
    "cancelled": "CANCELED",
}
"""It has no word for a run that is at work: PENDING is what has not ended."""


def job(told: Told) -> dict[str, Any]:
    """A job. What a list leaves out of a job's document is left out here, too."""
    document = {name: told[name] for name in ("payload", "configuration", "schedules", "sinks") if name in told}
    change = told["state_change"] or {}
    reason = {"type": "paused", "message": change.get("note", ""), "timestamp": change.get("at")}
    return {
        "id": told["key"],
        **({"configuration": document["configuration"]} if "configuration" in document else {}),
        **({"payload": [_item(each) for each in document["payload"]]} if "payload" in document else {}),
        **({"schedule": document["schedules"]} if "schedules" in document else {}),
        **({"sink": document["sinks"]} if "sinks" in document else {}),
        "state": JOB_STATES.get(told["state"], "PAUSED"),
        "reason": reason if told["state"] == "paused" else None,
        "created_at": told["created_at"],
        "last_run_time": told["last_run"] and (told["last_run"]["started_at"] or told["last_run"]["created_at"]),
        "next_run_time": told["next_run_at"],
        "source": "API",
    }


def job_run(run: Told) -> dict[str, Any]:
    """A job run. One that somebody ended is TERMINATED, one that never began CANCELED."""
    stop = run["stop"] or {}
    terminated = run["state"] == "cancelled" and stop.get("reason") == "terminated"
    return {
        "id": str(run["id"]),
        "job_id": run["job"],
        "created_at": run["created_at"],
        "start_time": run["started_at"],
        "end_time": run["ended_at"],
        "type": "SCHEDULED" if run["trigger"] in ("schedule", "job") else "MANUAL",
        "status": "TERMINATED" if terminated else RUN_STATES[run["state"]],
        "payloads": run["counts"]["total"],
        "successful_runs": run["counts"]["succeeded"],
        "failed_runs": run["counts"]["failed"],
        "error": _error(run["error"]),
        "reason": {"type": "user-request", "message": stop.get("note", "")} if terminated else None,
        **({"job_configuration_snapshot": run["snapshot"]} if "snapshot" in run else {}),
    }


def triggered(run: Told) -> dict[str, Any]:
    """The answer to a trigger."""
    return {"jobRunId": str(run["id"]), "message": "Triggered"}


def held(job: Told) -> dict[str, Any]:
    """The answer to a pause or a resume."""
    return {"message": "Paused" if job["state"] == "paused" else "Resumed"}


def terminated(run: Told) -> dict[str, Any]:
    """The answer to a termination."""
    return {"message": "Terminated" if run["changed"] else "It had ended already"}


def _item(payload: Told) -> dict[str, Any]:
    return {"apiName": payload.get("name") or payload["kind"], "parameters": payload.get("parameters", {})}


def _error(error: Any) -> dict[str, Any] | None:
    if not isinstance(error, dict):
        return None
    return {"message": error.get("message", ""), "code": error.get("code"), "retirable": False}
