"""What an executor is given, and what it must do."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import pydantic

from jobs.documents import field_errors
from jobs.errors import PermanentError, ValidationError
from jobs.made_file import MadeFile
from workers.child_intake import MAX_ADDED_CHARACTERS
from workers.deadline import CEILING_SECONDS, Deadline

JSON = Any
Parameters = TypeVar("Parameters", bound=pydantic.BaseModel)

GRACE_SECONDS = 10.0
"""How long what was told to stop may take to end by itself, when its job does not say (``terminate_grace``)."""


class Log(Protocol):
    """Keeps a line with the run."""

    def __call__(self, level: str, message: str) -> None: ...


class Progress(Protocol):
    """Shows how far the payload is; written at most once a second. Unknown totals are None."""

    def __call__(self, *, current: float, total: float | None = None, unit: str = "") -> None: ...


class Hide(Protocol):
    """Keeps texts out of all that is kept of the attempt, as what `Work.secret` gave is kept out."""

    def __call__(self, *values: str) -> None: ...


def hide_nothing(*values: str) -> None:
    """What stands for Hide where nothing is kept."""


class KeptHandle(Protocol):
    """What says in the database that something runs outside this process."""

    data: Mapping[str, Any]
    """What it says now."""

    def update(self, data: Mapping[str, Any]) -> None:
        """Let it say this instead; returns once the database has it."""

    def drop(self) -> None:
        """Say that it has certainly ended. Not called, a sweep ends it once the attempt's lane is gone."""


class KeepHandle(Protocol):
    """Writes down what is about to be set going outside this process, before it can do harm.

    ``kind`` is the payload kind whose executor ends it (`Ending`), ``data`` what it needs for that, JSON-ready and without
    secrets; ``host`` where that can be done, empty for anywhere. Raises LaneLost when the attempt is no longer ours.

    A handle ends with its attempt's lane. A ``lasting`` one stays until its payload has its outcome: the next look or the next
    attempt, on any worker, finds it with `Work.kept_handles`. Such a one is not dropped when its attempt succeeds, for that may yet
    be lost; the sweep does, after ``Ending.end`` has said that it is over.
    """

    def __call__(self, kind: str, data: Mapping[str, Any], *, host: str = "", lasting: bool = False) -> KeptHandle: ...


class _Unkept:
    """The handle of an attempt outside any lane: nobody would look for it."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data

    def update(self, data: Mapping[str, Any]) -> None:
        self.data = data

    def drop(self) -> None: ...


def keep_no_handle(kind: str, data: Mapping[str, Any], *, host: str = "", lasting: bool = False) -> KeptHandle:
    """What stands for KeepHandle where there is no lane."""
    return _Unkept(data)


def find_no_handles() -> Sequence[KeptHandle]:
    """What stands for `Work.kept_handles` where there is no lane."""
    return ()


class FileStore(Protocol):
    """Keeps the files that an attempt makes, for download."""

    @property
    def limit_bytes(self) -> int:
        """The most that one file may have."""

    def folder(self) -> AbstractContextManager[Path]:
        """An empty folder to write into, which does not outlive the attempt.

        Raises:
            PermanentError: There is no place for files (code ``files_refused``).
        """

    def keep(self, files: Sequence[MadeFile]) -> list[str]:
        """Keep whole files of that folder, all or none, in place of what earlier attempts have kept; their addresses in the API."""


class _NoFiles:
    """Stands for FileStore where there is no lane."""

    limit_bytes = 10 * 1024 * 1024

    def folder(self) -> AbstractContextManager[Path]:
        raise PermanentError("this attempt has no place for files", code="files_refused")

    def keep(self, files: Sequence[MadeFile]) -> list[str]:
        raise PermanentError("this attempt has no place for files", code="files_refused")


NO_FILES = _NoFiles()


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
        timeout_seconds: How long this attempt may take, unless it asks for more.
        cancelled: Set when the attempt is to stop: its run is being ended, or its lane was lost.
        lost: Set, before ``cancelled`` is, in the second case: what comes of the attempt counts for nothing.
        secret: Resolves a workspace secret by name; raises PermanentError when there is none of that name. The value is blacked out
            in the log, the result and the errors of the attempt, whoever lets it slip.
        hide: For what was made of a secret, a token say. See its type.
        log, progress: See their types. Both are cheap to call and safe from any thread of the attempt.
        ceiling_seconds: How far it may extend its time.
        grace_seconds: How long something that was told to stop may take to end by itself; then it is ended by force.
        keep_handle, files: See their types.
        kept_handles: The lasting handles that this and earlier attempts at the payload have kept, the oldest first.
        state: What this attempt said when it was to be looked at again (`jobs.errors.LookAgain`); None when it begins.
        used_seconds, remaining_seconds: Of such an attempt: how long it has taken so far, and what is left of its time.
        added: What `extend_payload` was given.
        deadline: The attempt's timer: the executor must give up when nothing remains of it. Anybody may extend it.
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
    ceiling_seconds: float = CEILING_SECONDS
    grace_seconds: float = GRACE_SECONDS
    keep_handle: KeepHandle = keep_no_handle
    hide: Hide = hide_nothing
    kept_handles: Callable[[], Sequence[KeptHandle]] = find_no_handles
    state: Mapping[str, Any] | None = None
    used_seconds: float = 0.0
    remaining_seconds: float | None = None
    files: FileStore = NO_FILES
    lost: threading.Event = field(default_factory=threading.Event)
    deadline: Deadline = field(init=False)
    added: list[JSON] = field(default_factory=list)
    _added_characters: list[int] = field(default_factory=lambda: [0], repr=False)

    def __post_init__(self) -> None:
        deadline = Deadline(
            self.timeout_seconds,
            self.ceiling_seconds,
            used_seconds=self.used_seconds,
            remaining_seconds=self.remaining_seconds,
        )
        object.__setattr__(self, "deadline", deadline)

    def extend_payload(self, *items: JSON) -> None:
        """Add payloads to the run, each as in a job's list; one with a ``key`` is added once in a run. They are checked and written
        with this attempt's outcome: when it fails, nothing is added.

        Raises:
            PermanentError: Together they have more than `MAX_ADDED_CHARACTERS` as JSON.
        """
        for item in items:
            self._added_characters[0] += len(json.dumps(item, default=str))
            if self._added_characters[0] > MAX_ADDED_CHARACTERS:
                raise PermanentError(
                    f"extend_payload: more than {MAX_ADDED_CHARACTERS:,} characters", code="extend_payload"
                )
            self.added.append(item)

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt of this payload in this run, and for no other, whichever deployment calls."""
        return f"run-{self.run_id}-payload-{self.position}-{int(self.run_created_at.timestamp() * 1e6):x}"


class Executor(Protocol):
    """Performs payloads of one kind. One instance serves every thread of a process.

    ``perform`` returns the payload's result as JSON-ready data (None for none). It raises TransientError to be tried
    again and PermanentError not to be; whatever else it raises counts as transient and is kept with its traceback's end. Raising
    LookAgain, it lets the attempt go on without a worker, and is called again with the state that it gave.
    """

    def perform(self, work: Work) -> JSON: ...


@runtime_checkable
class Ending(Protocol):
    """An executor that keeps handles of its kind, and can end what they name when the worker that set it going is gone."""

    def end(self, data: Mapping[str, Any]) -> bool:
        """End it, from any worker, without harm when that was done before. Takes seconds at most: the sweep waits for it.

        Returns:
            True once it has certainly ended; False to be asked again.
        """


def parameters_of(model: type[Parameters], parameters: Mapping[str, JSON]) -> Parameters:
    """A payload's parameters as its kind reads them.

    They were checked when the job was saved; templates may have filled in something else since, and an older version checked less.

    Raises:
        PermanentError: ``parameters``: what is wrong, by field.
    """
    try:
        return model.model_validate(dict(parameters))
    except pydantic.ValidationError as error:
        wrong = ValidationError(field_errors(error, "parameters", model=model))
        raise PermanentError(str(wrong), code="parameters") from None
