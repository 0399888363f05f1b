"""The states of a run and of a payload, who moves them, and what may follow."""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """The life of a run: ``pending -> running -> succeeded | failed | cancelled``, with ``running -> pausing -> paused ->
    resuming -> running``, and from any of these ``-> cancelling``. See docs/explanation/run-control.md."""

    PENDING = "pending"
    """In: a trigger inserts it with its payloads. Out: the first lane taken makes it running."""

    RUNNING = "running"
    """In: the first lane. Out: closing, once every payload has its outcome. Stays while retries wait."""

    PAUSING = "pausing"
    """In: a pause while lanes are at work. No range is leased; what runs may finish. Out: the last lane to leave."""

    PAUSED = "paused"
    """In: no lane is left of a pausing run, or it had none. Stands still until somebody resumes or terminates it."""

    RESUMING = "resuming"
    """In: a resume of a paused run. Out: the first lane taken makes it running."""

    CANCELLING = "cancelling"
    """In: a termination, a deadline, or a failure that ends the run. Nothing is leased; what is queued is cancelled in batches,
    what runs is told to stop. Out: closing, once every payload has its outcome."""

    SUCCEEDED = "succeeded"
    """Final. Every payload succeeded, or as many as its job asks for."""

    FAILED = "failed"
    """Final. More payloads failed for good than its job tolerates, or it took longer than its job allows."""

    CANCELLED = "cancelled"
    """Final. Terminated before its end, or not begun in time."""


class PayloadState(StrEnum):
    """The life of a payload. Its row is written once, with its outcome: ``running`` is never stored."""

    QUEUED = "queued"
    """In: inserted with its run. Stays while it is executed or waits for a retry. Out: a lane's report."""

    RUNNING = "running"
    """Derived, for readers only: a live lane's range (or its held retries) covers the position."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class AttemptState(StrEnum):
    """How an attempt that did not succeed ended. (The successful one is the payload's own row.)"""

    FAILED = "failed"
    """The executor raised."""

    LOST = "lost"
    """The worker vanished with it: its lease ran out."""

    CANCELLED = "cancelled"
    """Its run was terminated while it ran."""


class Trigger(StrEnum):
    """What made a run."""

    MANUAL = "manual"
    API = "api"
    SCHEDULE = "schedule"
    JOB = "job"
    """Another job's completion."""

    RERUN = "rerun"
    """A finished run, executed again."""

    REPLAY = "replay"
    """A finished run, whose stored results are delivered again; nothing is executed."""


class StopReason(StrEnum):
    """Why a run is being stopped before its end."""

    TERMINATED = "terminated"
    """Somebody said so."""

    TIMEOUT = "timeout"
    """It took longer than its job's ``run_timeout``."""

    EXPIRED = "expired"
    """It was not begun within its job's ``start_timeout``."""

    FIRST_FAILURE = "first_failure"
    """A payload failed, and its job says ``stop_on_first_failure``."""


class JobState(StrEnum):
    """Whether a job may run. ``draft -> active <-> paused``, and from each ``-> archived -> active``."""

    DRAFT = "draft"
    """Not yet to be run: what it needs may be missing."""

    ACTIVE = "active"
    """May be triggered, and its schedules fire."""

    PAUSED = "paused"
    """Held by somebody, or after too many failures: nothing starts, schedules owe nothing."""

    ARCHIVED = "archived"
    """Kept for its history."""


LEASING_RUN_STATES = (RunState.PENDING, RunState.RUNNING, RunState.RESUMING)
"""In these a lane may be taken."""

ACTIVE_RUN_STATES = (
    RunState.PENDING,
    RunState.RUNNING,
    RunState.PAUSING,
    RunState.PAUSED,
    RunState.RESUMING,
    RunState.CANCELLING,
)
"""Not ended yet."""
FINAL_RUN_STATES = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)
FINAL_PAYLOAD_STATES = (PayloadState.SUCCEEDED, PayloadState.FAILED, PayloadState.CANCELLED)
