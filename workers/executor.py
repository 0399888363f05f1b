"""One attempt at one payload: prepare, perform, classify."""

from __future__ import annotations

import datetime as dt
import functools
import json
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.conf import settings

from jobs.claims import Leased, RunInfo
from jobs.documents import parse_additions, resolve_retry, resolve_timeout_ms
from jobs.durations import parse_ms
from jobs.errors import LookAgain, PermanentError, TransientError, ValidationError
from jobs.retry import RetryPolicy
from jobs.services.secrets import read_secret
from jobs.services.stored_files import Owner
from workers import handles
from workers.deadline import CEILING_SECONDS
from workers.file_store import StoredFiles
from workers.known_secrets import KnownSecrets
from workers.outcomes import MAX_STATE_BYTES, Attempted, Failed, GoesOn, Outcome, Succeeded
from workers.payloads import EXECUTORS
from workers.payloads.base import (
    GRACE_SECONDS,
    JSON,
    Executor,
    KeepHandle,
    KeptHandle,
    Log,
    Progress,
    Work,
    keep_no_handle,
)
from workers.persistence import with_models
from workers.storable import storable_json, storable_object
from workers.storing import Placed, place

log = structlog.get_logger(__name__)

_TRACEBACK_LINES = 12
_MAX_MESSAGE = 4000
_SOONEST_LOOK_SECONDS = 0.1
_LAST_LOOK_SECONDS = 5.0
"""Or a tenth of the attempt's time: so long before it is over what goes on elsewhere is looked at, so that what has ended in time
is seen in time."""


def _nobody_listens(work: Work) -> None:
    """What stands where nothing outside can extend an attempt's time."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an attempt gets from the lane it runs in: how to be told to stop, and where to say how it goes.

    ``begun`` is told each attempt that begins, so that the lane can extend its deadline; ``lane_id`` is whose
    handles the attempt keeps, 0 for none.
    """

    cancelled: threading.Event
    log: Log
    progress: Progress
    lane_id: int = 0
    lost: threading.Event = field(default_factory=threading.Event)
    begun: Callable[[Work], None] = _nobody_listens


class RunContext:
    """What all payloads of a run share, resolved once a lane."""

    def __init__(self, run: RunInfo) -> None:
        self.run = run
        self._retry: Mapping[str, Any] = run.configuration.get("retry") or {}
        self._timeout = run.configuration.get("timeout")
        self._policy = resolve_retry(job=self._retry, payload=None)
        self._timeout_seconds = resolve_timeout_ms(job=self._timeout, payload=None) / 1000
        self._ceiling_seconds = self._seconds("timeout_ceiling", CEILING_SECONDS)
        self._grace_seconds = self._seconds("terminate_grace", GRACE_SECONDS)

    def policy(self, payload: Leased) -> RetryPolicy:
        """The retry policy for one payload: its own fields first, then the job's."""
        own = payload.options and payload.options.get("retry")
        return resolve_retry(job=self._retry, payload=own) if own else self._policy

    def timeout_seconds(self, payload: Leased) -> float:
        """How long one attempt at this payload may take."""
        own = payload.options and payload.options.get("timeout")
        return resolve_timeout_ms(job=self._timeout, payload=own) / 1000 if own is not None else self._timeout_seconds

    def known_secrets(self) -> KnownSecrets:
        """What an attempt reads secrets through."""
        return KnownSecrets(functools.partial(_secret, self.run.workspace_id))

    def work(
        self,
        payload: Leased,
        surroundings: Surroundings,
        started_at: dt.datetime,
        known: KnownSecrets | None = None,
    ) -> Work:
        """The attempt as its executor sees it. Its time begins to run, or goes on where it was to be looked at again.
        ``known``: what it reads secrets through."""
        known = known or self.known_secrets()
        looking = payload.looking
        since, until = (_time(looking, "since"), _time(looking, "until")) if looking else (started_at, None)
        work = Work(
            run_id=self.run.run_id,
            run_created_at=self.run.created_at,
            job_key=self.run.job_key,
            workspace=self.run.workspace,
            position=payload.position,
            attempt=payload.attempts + 1,
            kind=payload.kind,
            name=payload.name,
            parameters=payload.parameters,
            run_parameters=self.run.parameters,
            timeout_seconds=self.timeout_seconds(payload),
            cancelled=surroundings.cancelled,
            lost=surroundings.lost,
            secret=known.read,
            hide=known.hide,
            log=lambda level, message: surroundings.log(level, known.text(message)),
            progress=surroundings.progress,
            started_at=since,
            ceiling_seconds=self._ceiling_seconds,
            grace_seconds=self._grace_seconds,
            keep_handle=self._keep_handle(payload, surroundings),
            kept_handles=functools.partial(self._kept_handles, payload, surroundings),
            state=looking["state"] if looking else None,
            used_seconds=(started_at - since).total_seconds(),
            remaining_seconds=(until - started_at).total_seconds() if until else None,
            files=self._files(payload),
        )
        surroundings.begun(work)
        return work

    def _keep_handle(self, payload: Leased, surroundings: Surroundings) -> KeepHandle:
        if not surroundings.lane_id:
            return keep_no_handle
        return functools.partial(handles.keep, self.run.run_id, payload.position, surroundings.lane_id)

    def _kept_handles(self, payload: Leased, surroundings: Surroundings) -> Sequence[KeptHandle]:
        return handles.kept(self.run.run_id, payload.position, payload.kind) if surroundings.lane_id else ()

    def _files(self, payload: Leased) -> StoredFiles:
        return StoredFiles(Owner(self.run.workspace, self.run.run_id, payload.position, payload.attempts + 1))

    def _seconds(self, name: str, otherwise: float) -> float:
        written = self.run.configuration.get(name)
        return otherwise if written is None else parse_ms(written) / 1000


def attempt(*, context: RunContext, payload: Leased, surroundings: Surroundings) -> Attempted:
    """Execute one attempt. Never raises for what the payload does; an outcome says it."""
    started_at = dt.datetime.now(dt.UTC)
    known = context.known_secrets()
    work = context.work(payload, surroundings, started_at, known)
    outcome = _perform(work, context.run, known)
    return Attempted(payload, outcome, context.policy(payload), work.started_at, dt.datetime.now(dt.UTC))


def _perform(work: Work, run: RunInfo, known: KnownSecrets) -> Outcome:
    executor = EXECUTORS.get(work.kind)
    if executor is None:
        return Failed(_error(f"no payload kind {work.kind!r} on this worker: is it older than the web server?", "kind"))
    try:
        return _outcome(executor, work, run, known)
    except PermanentError as error:
        return Failed(_told(error, known), final=True)
    except TransientError as error:
        return Failed(_told(error, known), retry_after_seconds=error.retry_after_seconds)
    except Exception as error:  # The one place that catches everything: whatever a payload does, its lane goes on.
        trace = known.text("".join(traceback.format_exception(error)[-_TRACEBACK_LINES:]))
        log.error("payload.crashed", run=work.run_id, position=work.position, kind=work.kind, traceback=trace)
        return Failed(_error(known.text(f"{type(error).__name__}: {error}"), "crash", {"traceback": trace}))


def _told(error: PermanentError | TransientError, known: KnownSecrets) -> dict[str, Any]:
    return known.data(_error(str(error), error.code, error.details))  # type: ignore[no-any-return]


def _outcome(executor: Executor, work: Work, run: RunInfo, known: KnownSecrets) -> Outcome:
    try:
        result = _result_text(known.data(executor.perform(work)))
    except LookAgain as again:
        return _goes_on(work, again)
    if known.data(work.added) != work.added:
        raise PermanentError(
            "extend_payload: an added payload holds a secret, and would be kept with it: name the secret instead",
            code="extend_payload",
        )
    added = _added_text(work.added, run) if work.added else None
    if result is None or len(result) <= settings.JOBS_RESULT_INLINE_BYTES:
        return Succeeded(result, added)
    placed = _placed(result, work)
    return Succeeded(placed.result, added, placed.stored)


def _placed(result: str, work: Work) -> Placed:
    """Last of all, so that nothing is stored for an attempt that fails."""
    return place(result, owner=Owner(work.workspace, work.run_id, work.position, work.attempt))


def _goes_on(work: Work, again: LookAgain) -> Outcome:
    """That the attempt goes on elsewhere; it is looked at when its time is over, if not before."""
    remaining = work.deadline.remaining()
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=remaining)
    looking = {"since": work.started_at.isoformat(), "until": until.isoformat(), "state": again.state}
    text = storable_json(json.dumps(looking, allow_nan=False))
    if len(text) > MAX_STATE_BYTES:
        raise PermanentError(
            f"what is to be looked at again has {len(text):,} bytes; at most {MAX_STATE_BYTES:,} are kept",
            code="state_too_large",
        )
    return GoesOn(text, max(_wait(work, again.seconds, remaining), _SOONEST_LOOK_SECONDS))


def _wait(work: Work, asked: float, remaining: float) -> float:
    last_look = min(_LAST_LOOK_SECONDS, work.timeout_seconds / 10)
    if remaining <= 0:
        return asked
    return min(asked, remaining - last_look if remaining > 2 * last_look else remaining / 2)


def _time(looking: Mapping[str, Any], name: str) -> dt.datetime:
    return dt.datetime.fromisoformat(looking[name])


def _result_text(result: JSON) -> str | None:
    if result is None:
        return None
    return storable_json(json.dumps(result, allow_nan=False))


def _added_text(items: list[JSON], run: RunInfo) -> str:
    try:
        added = parse_additions(
            items,
            job_type=run.job_key.partition(":")[0],
            run_is_strict=run.strict,
            configuration=run.configuration,
        )
    except ValidationError as error:
        # Named as whoever adds them wrote it.
        wrong = "; ".join(f"extend_{one.field}: {one.message}" for one in error.errors)
        raise PermanentError(wrong, code="extend_payload") from error
    return json.dumps(added)


def _error(message: str, code: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"message": message[:_MAX_MESSAGE], "code": code}
    if details:
        error["details"] = details
    return storable_object(error)


def _secret(workspace_id: int, name: str) -> str:
    """Read a secret. A database that restarts delays the attempt: it is no fault of the payload's."""
    return with_models(functools.partial(read_secret, workspace_id=workspace_id, name=name))
