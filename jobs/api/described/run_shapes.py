"""The shapes of runs, as `jobs.api.shapes` makes them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field

from jobs.api.described.bodies import Unsaid
from jobs.api.described.shape import Shape
from jobs.api.described.shapes import CREATED, ENDED, JSON, STARTED, Change
from jobs.states import RunState, StopReason, Trigger


class Pause(Change):
    """Who paused a run, when and why."""

    by_job: bool
    """Whether its whole job was paused."""


class Stop(Change):
    """Why a run is ended early."""

    reason: StopReason
    """`terminated` by somebody, `timeout`, `expired` (not begun in time) or `first_failure`."""


class Counts(Shape):
    """A run's payloads by state."""

    total: int
    """The sum of the others."""
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class RunBrief(Shape):
    """A run beside another, without its counts."""

    id: int
    job: str
    """The key of its job."""
    state: RunState
    trigger: Trigger
    """What made it."""
    scheduled_for: dt.datetime | None
    """The fire time that it is for, if a schedule started it."""
    origin: int | None
    """The run that it repeats, replays, or was started by."""
    actor: str
    """Who or what started it."""
    comment: str
    created_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None

    EXAMPLE = {
        "id": 7,
        "job": "task:ping",
        "state": "succeeded",
        "trigger": "api",
        "scheduled_for": None,
        "origin": None,
        "actor": "ann",
        "comment": "",
        "created_at": CREATED,
        "started_at": STARTED,
        "ended_at": ENDED,
    }


class RunSummary(RunBrief):
    """A run with its counts."""

    counts: Counts
    error: JSON = Field(description="Why it failed: an object with a message, or null.")
    result: JSON = Field(description="What a run of one payload came to; or null.")
    results_erased_at: dt.datetime | None
    """Since when a cleanup has erased results of its payloads."""
    parameters: dict[str, Any]
    """What its trigger gave, for the templates of payloads."""
    pause: Pause | None
    """Who holds it, while it is held."""
    stop: Stop | None
    """Why it is ended early, once it is."""
    admitted: bool
    """False while it waits until its job has fewer active runs than its `max_concurrent_runs`."""
    group: str | None
    """The name of its concurrency group."""
    idempotency_key: str | None
    expires_at: dt.datetime | None
    """It is cancelled if it has not begun by then."""
    deadline_at: dt.datetime | None
    """It is stopped if it has not ended by then."""
    pin: Change | None
    """Who keeps it from being cleaned up."""
    snapshot: dict[str, Any] | Unsaid = None
    """Only if `include` asks for it: its job's document, less the payload list, as it was when the run was made."""

    EXAMPLE = RunBrief.EXAMPLE | {
        "counts": {"total": 2, "queued": 0, "running": 0, "succeeded": 2, "failed": 0, "cancelled": 0},
        "error": None,
        "result": None,
        "results_erased_at": None,
        "parameters": {},
        "pause": None,
        "stop": None,
        "admitted": True,
        "group": None,
        "idempotency_key": None,
        "expires_at": None,
        "deadline_at": None,
        "pin": None,
    }


class DeliveredTo(Shape):
    """What was delivered of a run to one entry of its job's sinks."""

    sink: str | None
    """The name of the entry."""
    waiting: int
    """Payloads that no delivery holds yet."""
    due: int
    """Deliveries that are to be made."""
    delivered: int
    dead: int
    """Deliveries that were given up."""


class Run(RunSummary):
    """A run with its counts, and its deliveries once it has ended."""

    deliveries: list[DeliveredTo] = Field(
        default=[], description="One entry for each of its sinks; only of a run that has ended."
    )

    EXAMPLE = RunSummary.EXAMPLE | {
        "deliveries": [{"sink": "journal", "waiting": 0, "due": 0, "delivered": 1, "dead": 0}]
    }


class ChangedRun(RunSummary):
    """A run after something was done to it."""

    changed: bool
    """False when it stood so already, and nothing was changed."""


NEW_RUN = RunSummary.EXAMPLE | {
    "id": 8,
    "state": "pending",
    "started_at": None,
    "ended_at": None,
    "counts": {"total": 1, "queued": 1, "running": 0, "succeeded": 0, "failed": 0, "cancelled": 0},
}
"""A run that was started just now."""


class FailedPayload(Shape):
    """A payload that failed for good."""

    position: int
    name: str
    error: JSON = Field(description="The last attempt's, or null.")

    EXAMPLE = {"position": 1, "name": "", "error": {"code": "http", "message": "HTTP 503"}}


class Comparison(Shape):
    """Two runs beside each other."""

    run: RunSummary
    """The one that was asked about."""
    before: RunSummary
    """The other one."""
    newly_failed: list[FailedPayload]
    """Payloads that failed in the run alone. The same payload is that of the same name, or without one of the same position."""
    still_failed: list[FailedPayload]
    """In both; as they failed in the run."""
    no_longer_failed: list[FailedPayload]
    """In the other one alone."""
    changed: list[str]
    """The parts of the definition that differ, such as `configuration.retry`."""
    cut: bool
    """Whether either has more failed payloads than were compared, which are 200."""

    EXAMPLE = {
        "run": RunSummary.EXAMPLE,
        "before": RunSummary.EXAMPLE | {"id": 5},
        "newly_failed": [],
        "still_failed": [],
        "no_longer_failed": [],
        "changed": [],
        "cut": False,
    }


class Chain(Shape):
    """The runs around a run."""

    run: RunBrief
    ancestors: list[RunBrief]
    """What it came from, its origin first."""
    started: list[RunBrief]
    """What its end started, the newest first."""
    reruns: list[RunBrief]
    replays: list[RunBrief]
    more: list[str]
    """The names of the lists that are longer than what is shown."""

    EXAMPLE = {
        "run": RunBrief.EXAMPLE,
        "ancestors": [],
        "started": [],
        "reruns": [RunBrief.EXAMPLE | {"id": 9, "trigger": "rerun", "origin": 7}],
        "replays": [],
        "more": [],
    }
