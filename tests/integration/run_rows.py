"""Runs in a chosen state, written as the engine writes them, for what reads them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.models import Attempt, Event, Job, Lane, LogLine, Payload, Requeued, Run
from jobs.states import RunState

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def make_run(job: Job, states: str = "q", **columns: Any) -> Run:
    """A run with one payload per letter: q(ueued), s(ucceeded), f(ailed) or c(ancelled); active while one is queued."""
    active = "q" in states
    final = RunState.FAILED if "f" in states else RunState.SUCCEEDED
    ended = {} if active else {"state": final, "ended_at": NOW, "wake_at": None}
    counts = {"succeeded": states.count("s"), "failed": states.count("f"), "cancelled": states.count("c")}
    values: dict[str, Any] = (
        {"snapshot": {}, "strict": False, "state": RunState.RUNNING, "started_at": NOW, "wake_at": NOW}
        | ended
        | counts
        | columns
    )
    outcome = values["state"] if values.get("ended_at") else None
    run = Run.objects.create(
        workspace=job.workspace, job=job, job_key=job.key, total=len(states), outcome=outcome, **values
    )
    Payload.objects.bulk_create(_payload(run, position, letter) for position, letter in enumerate(states))
    return run


def make_ended_run(job: Job, states: str = "sf", **columns: Any) -> Run:
    """A run that has ended, with the snapshot that the engine would have taken."""
    snapshot = {name: value for name, value in job.document().items() if name != "payload"} | {"version": job.version}
    return make_run(job, states, **{"snapshot": snapshot, **columns})


def make_lane(run: Run, low: int = 0, high: int = 0, *, slot: int = 0, progress: object = None) -> Lane:
    """A lane that holds the positions from low to below high."""
    return Lane.objects.create(
        run=run, slot=slot, worker="w1", low=low, high=high, leased_at=NOW, lease_expires_at=NOW, progress=progress
    )


def requeue(run: Run, position: int, *, attempts: int = 1, lane: Lane | None = None, alone: bool = False) -> Requeued:
    """A position out of line: waiting, or held by a lane."""
    return Requeued.objects.create(run=run, position=position, attempts=attempts, due_at=NOW, lane=lane, alone=alone)


def make_attempt(run: Run, position: int, number: int) -> Attempt:
    """A failed attempt."""
    error = {"message": f"attempt {number} failed", "code": "http_status"}
    return Attempt.objects.create(
        run=run,
        position=position,
        number=number,
        state="failed",
        error=error,
        worker="w1",
        started_at=NOW,
        ended_at=NOW,
    )


def make_log_line(run: Run, position: int, message: str) -> LogLine:
    """A log line of a payload's first attempt."""
    return LogLine.objects.create(run=run, position=position, attempt=1, level="info", message=message, at=NOW)


def make_event(run: Run, kind: str) -> Event:
    """An entry in the run's event log."""
    return Event.objects.create(workspace=run.workspace, job=run.job, run=run, kind=kind)


def _payload(run: Run, position: int, letter: str) -> Payload:
    state = {"q": "queued", "s": "succeeded", "f": "failed", "c": "cancelled"}[letter]
    done: dict[str, Any] = {} if letter == "q" else {"attempts": 1, "started_at": NOW, "ended_at": NOW}
    error = {"error": {"message": "it broke", "code": "error"}} if letter == "f" else {}
    return Payload(run=run, position=position, kind="noop", name=f"n{position}", state=state, **done, **error)
