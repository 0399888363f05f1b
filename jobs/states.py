"""The states of a run and of a payload, who moves them, and what may follow."""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """The life of a run: ``pending -> running -> succeeded | failed | cancelled``."""

    PENDING = "pending"
    """In: a trigger inserts it with its payloads. Out: the first lane taken makes it running."""

    RUNNING = "running"
    """In: the first lane. Out: closing, once every payload has its outcome. Stays while retries wait."""

    SUCCEEDED = "succeeded"
    """Final. Every payload succeeded."""

    FAILED = "failed"
    """Final. At least one payload failed for good."""

    CANCELLED = "cancelled"
    """Final. Terminated before its end."""


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


class Trigger(StrEnum):
    """What made a run."""

    MANUAL = "manual"
    API = "api"
    SCHEDULE = "schedule"
    JOB = "job"
    """Another job's completion."""


class JobState(StrEnum):
    """Whether a job may run."""

    ACTIVE = "active"
    PAUSED = "paused"


ACTIVE_RUN_STATES = (RunState.PENDING, RunState.RUNNING)
FINAL_RUN_STATES = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)
FINAL_PAYLOAD_STATES = (PayloadState.SUCCEEDED, PayloadState.FAILED, PayloadState.CANCELLED)
