"""The shapes of payloads, their attempts, logs and files, as `jobs.api.shapes` makes them."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from jobs.api.described.bodies import Unsaid
from jobs.api.described.shape import Shape
from jobs.api.described.shapes import CREATED, ENDED, JSON, STARTED
from jobs.states import AttemptState, PayloadState


class Attempt(Shape):
    """An attempt that did not succeed."""

    number: int
    """1 for the first."""
    state: AttemptState
    """`lost` when its worker vanished."""
    error: JSON = Field(description="Why: an object with a message and a code; or null.")
    worker: str
    started_at: dt.datetime | None
    ended_at: dt.datetime | None

    EXAMPLE = {
        "number": 1,
        "state": "failed",
        "error": {"message": "the server answered 503", "code": "http_status"},
        "worker": "w1",
        "started_at": CREATED,
        "ended_at": STARTED,
    }


class RunAttempt(Attempt):
    """An attempt that did not succeed, and where it was."""

    id: int
    run: int
    """The run's id."""
    position: int
    """Of its payload in the run."""

    EXAMPLE = {"id": 11, "run": 7, "position": 0, **Attempt.EXAMPLE}


class StoredResult(Shape):
    """What is known of a result that is larger than what a row may hold."""

    size_bytes: int
    sha256: str


class Payload(Shape):
    """A payload of a run."""

    position: int
    """Its place in the run's list; 0 for the first."""
    name: str
    kind: str
    """What executes it."""
    state: PayloadState
    attempts: int
    """How many attempts have ended."""
    started_at: dt.datetime | None
    """When its last attempt began."""
    ended_at: dt.datetime | None
    result: JSON = Field(description="What it came to; of a large one, where it is and how it begins; or null.")
    error: JSON = Field(description="Why it failed: an object with a message and a code; or null.")
    parameters: JSON = Field(description="As the kind reads them.")
    due_at: dt.datetime | None
    """While it waits out of line: for its next attempt or, running elsewhere, for the next look at it."""
    progress: JSON = Field(
        description="How far it is, while it runs and tells: `current`, `total`, `unit`, `rate`; or null."
    )
    parent: int | None = Field(
        default=None, description="The position of the payload that has added it, where one has."
    )
    key: str = Field(default="", description="The key under which it was added, if it was given one.")
    stored_result: StoredResult | None = Field(default=None, description="Of a result that is stored elsewhere.")
    failed_attempts: list[Attempt] | Unsaid = Field(
        default=None, description="In a list only if `include` asks for it: the attempts that did not succeed."
    )

    EXAMPLE = {
        "position": 0,
        "name": "first",
        "kind": "noop",
        "state": "succeeded",
        "attempts": 2,
        "started_at": STARTED,
        "ended_at": ENDED,
        "result": {"rows": 3},
        "error": None,
        "parameters": {},
        "due_at": None,
        "progress": None,
    }


class PayloadDetail(Payload):
    """A payload with its attempts that did not succeed."""

    failed_attempts: list[Attempt]
    """The first first."""

    EXAMPLE = Payload.EXAMPLE | {"failed_attempts": [Attempt.EXAMPLE]}


class File(Shape):
    """A file that a payload has made."""

    id: int
    position: int
    """Of the payload."""
    attempt: int
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    created_at: dt.datetime

    EXAMPLE = {
        "id": 1,
        "position": 0,
        "attempt": 1,
        "name": "customers.csv",
        "media_type": "text/csv",
        "size_bytes": 12,
        "sha256": "9f2a0b6e1c5d4f3a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a",
        "created_at": CREATED,
    }


class LogLine(Shape):
    """A line that a payload logged."""

    id: int
    position: int
    """Of the payload."""
    attempt: int
    level: str
    message: str
    at: dt.datetime

    EXAMPLE = {"id": 1, "position": 0, "attempt": 1, "level": "info", "message": "3 rows", "at": STARTED}


class Extension(Shape):
    """What became of payloads that were to be added."""

    added: int
    """How many were."""
    cancelled: int
    """How many of them beyond `max_payloads`, which are added as cancelled."""
    first_position: int | None
    """Of the first that was added; null when none was."""

    EXAMPLE = {"added": 1, "cancelled": 0, "first_position": 2}
