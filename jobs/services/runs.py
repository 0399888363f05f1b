"""Starting runs."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.dateparse import parse_datetime

from jobs import claims, dispatch, hotpath
from jobs.claims import Connection, StartedRun, limits
from jobs.errors import ConflictError, NotFoundError
from jobs.models import Job, Run
from jobs.services import admission, deduplication
from jobs.states import JobState, Trigger

SWEEP_GRACE = dt.timedelta(seconds=1)
"""How long the sweep leaves a new run to its own message before it publishes for it."""

_TRIES = 3
"""At a run that had the key and was erased before it could be read."""

log = structlog.get_logger(__name__)


class Triggered(NamedTuple):
    """The answer to a trigger. ``created`` is False when it is a run that existed already."""

    run_id: int
    created: bool


def start_run(
    *,
    job: Job,
    trigger: Trigger,
    actor: str = "",
    comment: str = "",
    parameters: Mapping[str, Any] | None = None,
    scheduled_for: dt.datetime | None = None,
    idempotency_key: str | None = None,
    origin: Run | None = None,
) -> int:
    """The same as `trigger_run`, for whom it makes no difference whether the run is a new one. Returns the run's id."""
    return trigger_run(
        job=job,
        trigger=trigger,
        actor=actor,
        comment=comment,
        parameters=parameters,
        scheduled_for=scheduled_for,
        idempotency_key=idempotency_key,
        origin=origin,
    ).run_id


def trigger_run(
    *,
    job: Job,
    trigger: Trigger,
    actor: str = "",
    comment: str = "",
    parameters: Mapping[str, Any] | None = None,
    scheduled_for: dt.datetime | None = None,
    idempotency_key: str | None = None,
    origin: Run | None = None,
) -> Triggered:
    """Start a job once: insert its run with its payloads, and publish its lanes after the commit.

    A broker that is down delays the run and never fails the call.

    Args:
        job: Which. Its ``unique_for`` is heeded as it stands here.
        idempotency_key: 1 to 255 characters by which the caller knows what it asks for: with a key that the job has seen, the run
            that exists is the answer, whatever has become of it and of the job.
        origin: The run that called for this one.

    Returns:
        The run's id, and whether the run is new. (Not the run: reading it back would take longer than starting it, from a worker
        that could begin.)

    Raises:
        ConflictError: The job is no active one; its ``unique_for`` refuses a second run with these parameters; or the key was used
            with other parameters.
        NotFoundError: The job was deleted meanwhile.
        ValidationError: On ``idempotency_key``.
    """
    insert = functools.partial(
        _start,
        job_ids=[job.pk],
        scheduled_for=[scheduled_for],
        trigger=trigger,
        actor=actor,
        comment=comment,
        parameters=parameters or {},
        idempotency_key=idempotency_key,
        origin_id=None if origin is None else origin.pk,
        may_be_limited=job.max_runs is not None,
    )
    if idempotency_key is not None:
        return _start_with_key(job, parameters or {}, idempotency_key, insert)
    return _start_unless_alike(job, parameters or {}, insert)


def start_runs(
    *,
    job_ids: Sequence[int],
    trigger: Trigger,
    actor: str = "",
    comment: str = "",
    parameters: Mapping[str, Any] | None = None,
    scheduled_for: Sequence[dt.datetime | None] | None = None,
) -> list[int]:
    """Start many jobs in one transaction; runs of one payload share messages.

    ``unique_for`` is not heeded here: it is for those who ask for one run. The runs count for those who ask later.

    Args:
        job_ids: In the order in which the runs are to be numbered; a job may occur more than once.
        scheduled_for: One fire time for each of ``job_ids``, or None.

    Returns:
        The ids of the runs; fewer than the jobs when some are paused or gone.
    """
    return _start(
        job_ids=job_ids,
        scheduled_for=scheduled_for or [None] * len(job_ids),
        trigger=trigger,
        actor=actor,
        comment=comment,
        parameters=parameters or {},
        may_be_limited=len(set(job_ids)) == 1,
    )


def why_not(job: Job, *, verb: str = "trigger it") -> str:
    """Why a job that is not active cannot be run, and what to do before one can."""
    if job.state == JobState.PAUSED:
        return f"{job.key} is paused{_by_whom(job.state_change)}: resume it before you {verb}"
    if job.state == JobState.DRAFT:
        return f"{job.key} is a draft: activate it before you {verb}"
    return f"{job.key} is {job.state}{_by_whom(job.state_change)}: activate it before you {verb}"


def publish_after_commit(runs: Sequence[StartedRun]) -> None:
    """Within a transaction of Django's: send the messages of runs that it started, and admit those that wait, after its commit."""
    transaction.on_commit(lambda: _publish(runs), robust=True)


def _by_whom(change: Any) -> str:
    """`` by ada since 2026-11-21 12:00 UTC (the database is full)``, as far as it is known."""
    if not isinstance(change, dict):
        return ""
    at = parse_datetime(str(change.get("at")))
    actor, note = change.get("actor"), change.get("note")
    return "".join(
        [
            f" by {actor}" if actor else "",
            f" since {at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC" if at else "",
            f" ({note})" if note else "",
        ]
    )


def _start_with_key(job: Job, parameters: Mapping[str, Any], key: str, insert: Callable[[], list[int]]) -> Triggered:
    """The unique constraint decides between callers that come at once: the loser's insert waits for the winner's, and fails."""
    deduplication.check_key(key)
    for _ in range(_TRIES):
        present = deduplication.run_with_key(job=job, key=key, parameters=parameters)
        if present is not None:
            return Triggered(present, created=False)
        try:
            with _savepoint():
                return _start_unless_alike(job, parameters, insert)
        except IntegrityError as error:
            if "run_idempotency_key_once" not in str(error):
                raise
    raise ConflictError(f"the idempotency key {key!r} of {job.key} is in use: try again")


def _start_unless_alike(job: Job, parameters: Mapping[str, Any], insert: Callable[[], list[int]]) -> Triggered:
    """Under a lock of the job, or of two callers that come at once neither would see the other's run."""
    rule = job.configuration.get("unique_for")
    if rule is None:
        return Triggered(_the_run(job, insert()), created=True)
    with transaction.atomic():
        Job.objects.select_for_update(no_key=True).only("id").filter(pk=job.pk).first()
        alike = deduplication.run_alike(job=job, rule=rule, parameters=parameters)
        if alike is not None:
            return Triggered(alike, created=False)
        return Triggered(_the_run(job, insert()), created=True)


def _the_run(job: Job, run_ids: Sequence[int]) -> int:
    if run_ids:
        return run_ids[0]
    present = Job.objects.filter(pk=job.pk).only("type", "name", "state", "state_change").first()
    if present is None:
        raise NotFoundError(f"{job.key} was deleted")
    if present.state == JobState.ACTIVE:
        raise ConflictError(f"{job.key} was not active a moment ago and is now: trigger it again")
    raise ConflictError(why_not(present))


def _start(
    *,
    job_ids: Sequence[int],
    scheduled_for: Sequence[dt.datetime | None],
    trigger: Trigger,
    actor: str,
    comment: str,
    parameters: Mapping[str, Any],
    may_be_limited: bool,
    idempotency_key: str | None = None,
    origin_id: int | None = None,
) -> list[int]:
    """``may_be_limited``: all ``job_ids`` are one job, which may limit how many of its runs are active."""
    insert = functools.partial(
        claims.start_runs,
        job_ids=job_ids,
        scheduled_for=scheduled_for,
        trigger=trigger,
        actor=actor,
        comment=comment,
        parameters_json=json.dumps(dict(parameters)),
        now=None,
        grace=SWEEP_GRACE,
        digest=deduplication.digest_of(parameters),
        idempotency_key=idempotency_key,
        origin_id=origin_id,
    )
    runs = _insert_and_publish(insert, limited=job_ids[0] if may_be_limited else None)
    if runs:
        log.info("run.created", runs=[run.id for run in runs[:20]], count=len(runs), trigger=str(trigger), actor=actor)
    return [run.id for run in runs]


def _insert_and_publish(insert: Callable[..., list[StartedRun]], *, limited: int | None) -> list[StartedRun]:
    """Inside a caller's transaction, join it and publish after its commit; else use the engine's prepared statements, which halve
    the time from trigger to start. ``limited``: the one job that they start, if it may limit its runs."""
    if connection.in_atomic_block:
        with connection.cursor() as cursor:
            runs = insert(cursor)
        publish_after_commit(runs)
        return runs
    with connection.wrap_database_errors, hotpath.connection() as engine:
        runs = _insert(engine, insert, limited)
    _publish(runs)
    return runs


def _insert(engine: Connection, insert: Callable[..., list[StartedRun]], limited: int | None) -> list[StartedRun]:
    """Those that a limited job has room for are admitted as they are inserted. Not inside a caller's transaction: that may hold the
    job's row for long, and rows that others want who wait for it."""
    with engine.cursor() as cursor:
        if limited is None:
            return insert(cursor)
        with engine.transaction():
            locked = limits.lock_limited_job(engine, job_id=limited)
            return insert(cursor, locked_job_id=limited if locked else None)


def _publish(runs: Sequence[StartedRun]) -> None:
    """Never fails the call that started them: the sweep publishes what could not be, and admits whom it finds waiting."""
    dispatch.publish_started([run for run in runs if run.admitted])
    waiting = sorted({run.job_id for run in runs if not run.admitted})
    if not waiting:
        return
    try:
        admission.admit(job_ids=waiting)
    except (*hotpath.RETRYABLE, OperationalError) as error:
        log.warning("run.not_admitted_yet", jobs=waiting[:20], reason=str(error).strip())


def _savepoint() -> Any:
    """Within a caller's transaction, so that an error can be survived; without one there is nothing to protect."""
    return transaction.atomic() if connection.in_atomic_block else contextlib.nullcontext()
