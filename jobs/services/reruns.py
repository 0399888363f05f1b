"""Finished runs: executed again (rerun), or their stored results delivered again (replay).

Copying a hundred thousand payloads takes seconds, and whoever pauses, edits or triggers the job must not wait so long. So all of it
is one transaction that locks the job last:

1. it holds the old run and the job, so that neither can be deleted (nobody else waits for that), and reads the job;
2. it copies, and has the database look at what the copies refer to;
3. it locks the job as starting a run does, and gives up if the job is not what was read any more.

A process that dies on the way leaves nothing. Others see the new run with the commit, and then with all of its payloads.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from typing import Any, Literal

import structlog
from django.db import connection, transaction

from jobs.claims import StartedRun
from jobs.claims.copies import Payloads, Terms, copy_run, replay_run
from jobs.documents import DEFAULT_KEEP_REPLAYS
from jobs.durations import interval
from jobs.errors import ConflictError, OutOfDateError
from jobs.models import FollowUp, Job, Run
from jobs.services import closing
from jobs.services.old_replays import ERASE_REPLAYS
from jobs.services.pins import hold_run
from jobs.services.runs import SWEEP_GRACE, publish_after_commit, why_not
from jobs.states import FINAL_RUN_STATES, JobState, Trigger

Which = Literal["all", "failed"]
Definition = Literal["present", "snapshot"]

_HOLD = "SELECT id FROM jobs_job WHERE id = %s FOR KEY SHARE"
_LOCK = "SELECT id FROM jobs_job WHERE id = %s FOR SHARE"
"""Nobody can pause or change it until the commit; others may start runs of it."""
_PARTICIPLES = {"rerun": "rerun", "replay": "replayed"}
_ALLOWED_IN = {"rerun": (JobState.ACTIVE,), "replay": (JobState.ACTIVE, JobState.PAUSED)}
_JUDGED_BY = ("failure_tolerance",)
"""What of a configuration decides what state a run ends in, and so goes with its results into a replay."""

log = structlog.get_logger(__name__)


def rerun(
    *,
    run: Run,
    actor: str,
    which: Which = "all",
    definition: Definition = "present",
    parameters: Mapping[str, Any] | None = None,
    comment: str = "",
    expected_updated_at: dt.datetime | None = None,
) -> int:
    """Execute a finished run again, as a new run that names it.

    Args:
        run: The finished run.
        actor: Who asks for it.
        which: ``failed`` for the payloads that failed or were cancelled; ``all`` for the payload list.
        definition: ``present`` for the job as it stands now, with ``all`` also its present payload list; ``snapshot`` for the job
            as it was when the run began. Payloads that were added to the run are not copied with ``all``: they are added again.
        parameters: Instead of the run's own.
        comment: Why.
        expected_updated_at: The job's ``updated_at`` as the caller saw it; None for whatever stands there.

    Returns:
        The new run's id.

    Raises:
        ConflictError: The run has not ended, is a replay, or nothing of it failed; its job was deleted, is not active, or was
            changed meanwhile.
        NotFoundError: The run was deleted.
    """
    with transaction.atomic():
        old = _finished(run, "rerun")
        job = _held_job(old, "rerun", expected_updated_at)
        started = _copy(
            old,
            _terms(job, old, which, definition),
            payloads=_payloads(which, definition),
            actor=actor,
            comment=comment,
            parameters=old.parameters if parameters is None else parameters,
        )
        if which == "failed" and not started.total:
            raise ConflictError(f"no payload of run {old.pk} failed or was cancelled: there is nothing to rerun")
        _lock_as_read(job, old, "rerun")
        publish_after_commit([started])
    log.info("run.created", runs=[started.id], count=1, trigger="rerun", origin=old.pk, which=which, actor=actor)
    return started.id


def replay(*, run: Run, actor: str, comment: str = "", expected_updated_at: dt.datetime | None = None) -> int:
    """Deliver the stored results of a finished run again, to the sinks that its job has now, without executing anything.

    Makes a run of its own kind, which has the same payloads and outcomes and ends at once. The job may be paused: nothing starts.

    Args:
        run: The finished run: one of the newest ``keep_replays`` of its job.
        actor: Who asks for it.
        comment: Why.
        expected_updated_at: The job's ``updated_at`` as the caller saw it; None for whatever stands there.

    Returns:
        The replay's id.

    Raises:
        ConflictError: The run has not ended, is a replay itself, is too old, or its results were erased; its job was deleted,
            is a draft or archived, or was changed meanwhile.
        NotFoundError: The run was deleted.
    """
    with transaction.atomic():
        old = _finished(run, "replay")
        job = _held_job(old, "replay", expected_updated_at)
        _check_kept(job, old)
        _refuse_erased(old)
        configuration = old.snapshot.get("configuration", {})
        judged_by = {name: configuration[name] for name in _JUDGED_BY if name in configuration}
        snapshot = _snapshot(job) | {"configuration": judged_by}
        with connection.cursor() as cursor:
            made = replay_run(
                cursor, origin_id=old.pk, snapshot=snapshot, actor=actor, comment=comment, grace=SWEEP_GRACE
            )
        if made is None:
            raise ConflictError(f"run {old.pk} has payloads without an outcome: it cannot be replayed")
        _lock_as_read(job, old, "replay")
        FollowUp.objects.create(job=job, run_id=made, kind=ERASE_REPLAYS)
        transaction.on_commit(functools.partial(closing.close_runs, run_ids=[made]), robust=True)
    log.info("run.created", runs=[made], count=1, trigger="replay", origin=old.pk, actor=actor)
    return made


def _finished(run: Run, verb: str) -> Run:
    hold_run(run_id=run.pk)
    old = Run.objects.get(pk=run.pk)
    if old.state not in FINAL_RUN_STATES:
        raise ConflictError(f"run {old.pk} is {old.state}: only a run that has ended can be {_PARTICIPLES[verb]}")
    if old.trigger == Trigger.REPLAY:
        which = f"is a replay, which cannot be {_PARTICIPLES[verb]}; run {old.origin_id} is what it replays"
        raise ConflictError(f"run {old.pk} {which}")
    return old


def _held_job(old: Run, verb: str, expected_updated_at: dt.datetime | None, *, lock: str = _HOLD) -> Job:
    with connection.cursor() as cursor:
        cursor.execute(lock, (old.job_id,))
    job = None if old.job_id is None else Job.objects.defer("payload").filter(pk=old.job_id).first()
    if job is None:
        raise ConflictError(f"{old.job_key} was deleted: run {old.pk} cannot be {_PARTICIPLES[verb]}")
    if job.state not in _ALLOWED_IN[verb]:
        raise ConflictError(why_not(job, verb=f"{verb} run {old.pk}"))
    if expected_updated_at is not None and job.updated_at != expected_updated_at:
        changed = f"{job.key} was changed meanwhile, at {job.updated_at.isoformat()}"
        raise OutOfDateError(f"{changed}: read it again, and decide again whether to {verb} run {old.pk}")
    return job


def _lock_as_read(job: Job, old: Run, verb: str) -> None:
    """The foreign keys of the copies are looked at before, or the commit would do so, for as long as the copying took."""
    connection.check_constraints()
    _held_job(old, verb, job.updated_at, lock=_LOCK)


def _copy(
    old: Run, terms: Terms, *, payloads: Payloads, actor: str, comment: str, parameters: Mapping[str, Any]
) -> StartedRun:
    with connection.cursor() as cursor:
        [started] = copy_run(
            cursor,
            origin_id=old.pk,
            terms=terms,
            payloads=payloads,
            actor=actor,
            comment=comment,
            parameters=parameters,
            grace=SWEEP_GRACE,
        )
    return started


def _payloads(which: Which, definition: Definition) -> Payloads:
    if which == "failed":
        return Payloads.UNSUCCESSFUL
    return Payloads.PRESENT if definition == "present" else Payloads.LISTED


def _terms(job: Job, old: Run, which: Which, definition: Definition) -> Terms:
    if definition == "snapshot":
        return _old_terms(job, old)
    return _present_terms(job) if which == "all" else _present_terms_for_old_payloads(job, old)


def _present_terms_for_old_payloads(job: Job, old: Run) -> Terms:
    """The job's, but for queue and strictness: they follow from the kinds of the payloads too."""
    strict = job.configuration.get("strict", job.strict or old.strict)
    return _present_terms(job)._replace(queue=old.queue, strict=strict)


def _present_terms(job: Job) -> Terms:
    return Terms(
        snapshot=_snapshot(job),
        queue=job.queue,
        strict=job.strict,
        max_lanes=job.max_lanes,
        priority=job.priority,
        group_id=job.group_id,
        rate_interval_ms=job.rate_interval_ms,
        start_timeout=job.start_timeout,
        run_timeout=job.run_timeout,
        limited=job.max_runs is not None,
    )


def _old_terms(job: Job, old: Run) -> Terms:
    """The old run's; but how many runs of a job may be active is a matter of all of them, and so of the job as it is."""
    return Terms(
        snapshot=old.snapshot,
        queue=old.queue,
        strict=old.strict,
        max_lanes=old.max_lanes,
        priority=old.priority,
        group_id=_held_group(old),
        rate_interval_ms=old.rate_interval_ms,
        start_timeout=_start_timeout(old),
        run_timeout=old.run_timeout,
        limited=job.max_runs is not None,
    )


def _held_group(old: Run) -> int | None:
    """None when it was deleted since; else nobody deletes it before the new run counts against it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM jobs_group WHERE id = %s FOR KEY SHARE", (old.group_id,))
        found = cursor.fetchone()
    return None if found is None else old.group_id


def _start_timeout(old: Run) -> dt.timedelta | None:
    """From its snapshot: expires_at has moved on if the run was paused before it began."""
    configured = old.snapshot.get("configuration", {}).get("start_timeout")
    return None if configured is None else interval(configured)


def _snapshot(job: Job) -> dict[str, Any]:
    """As jobs/sql/start_runs.sql has it: the document less its payload list, and the version."""
    names = ("key", "description", "configuration", "sinks", "schedules", "tags", "metadata", "version")
    return {name: getattr(job, name) for name in names}


def _check_kept(job: Job, old: Run) -> None:
    """Refuse a run that is not among the newest that the job keeps for replays."""
    keep = job.configuration.get("keep_replays", DEFAULT_KEEP_REPLAYS)
    if not keep:
        raise ConflictError(f"{job.key} keeps no runs for replays: set configuration.keep_replays to keep some")
    newer = Run.objects.filter(job=job, pk__gt=old.pk, state__in=FINAL_RUN_STATES).exclude(trigger=Trigger.REPLAY)
    if newer.order_by("pk")[:keep].count() >= keep:
        raise ConflictError(
            f"run {old.pk} is too old to be replayed: {job.key} keeps its newest {keep} (configuration.keep_replays)"
        )


def _refuse_erased(old: Run) -> None:
    """The run is held: what stands there now is what is copied."""
    if old.results_erased_at is not None:
        raise ConflictError(f"the results of run {old.pk} were erased: there is nothing to replay")
