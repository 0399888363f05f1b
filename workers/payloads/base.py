"""What an executor is given, and what it must do."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

JSON = Any


class Log(Protocol):
    """Keeps a line with the run."""

    def __call__(self, level: str, message: str) -> None: ...


class Progress(Protocol):
    """Shows how far the payload is; written at most once a second. Unknown totals are None."""

    def __call__(self, *, current: float, total: float | None = None, unit: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt at one payload.

    Args:
        run_id, run_created_at: The run. Its number comes back when a database is rebuilt; with its time it does not.
        job_key: ``type:name`` of the run's job.
        workspace: The workspace's slug.
        position: 0 for the run's first payload.
        attempt: 1 for the first attempt.
        kind, name, parameters: As in the job document.
        run_parameters: What the trigger gave; for templates.
        timeout_seconds: How long this attempt may take in all; the executor must give up by then.
        cancelled: Set when the attempt is to stop: the lane is lost or the worker shuts down by force.
        secret: Resolves a workspace secret by name; raises PermanentError when there is none of that name.
        log, progress: See their types. Both are cheap to call and safe from any thread of the attempt.
    """

    run_id: int
    run_created_at: dt.datetime
    job_key: str
    workspace: str
    position: int
    attempt: int
    kind: str
    name: str
    parameters: Mapping[str, Any]
    run_parameters: Mapping[str, Any]
    timeout_seconds: float
    cancelled: threading.Event
    secret: Callable[[str], str]
    log: Log
    progress: Progress
    started_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt of this payload in this run, and for no other, whichever deployment calls."""
        return f"run-{self.run_id}-payload-{self.position}-{int(self.run_created_at.timestamp() * 1e6):x}"


class Executor(Protocol):
    """Performs payloads of one kind. One instance serves every thread of a process.

    ``perform`` returns the payload's result as JSON-ready data (None for none). It raises TransientError to be tried
    again and PermanentError not to be; whatever else it raises counts as transient and is kept with its traceback's end.
    """

    def perform(self, work: Work) -> JSON: ...
