"""Finished runs: executed again (rerun), or their stored results delivered again (replay)."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Mapping
from typing import Any, Literal

import structlog
from django.db import connection, transaction

from jobs import claims
from jobs.claims import StartedRun
from jobs.claims.copies import Terms, copy_run, replay_run
from jobs.documents import DEFAULT_KEEP_REPLAYS
from jobs.durations import interval
from jobs.errors import ConflictError
from jobs.models import FollowUp, Job, Run
from jobs.services import closing
from jobs.services.old_replays import ERASE_REPLAYS
from jobs.services.pins import hold_run
from jobs.services.runs import SWEEP_GRACE, publish_after_commit, why_not
from jobs.states import FINAL_RUN_STATES, JobState, PayloadState, Trigger

Which = Literal["all", "failed"]
Definition = Literal["present", "snapshot"]

_UNSUCCESSFUL = (PayloadState.FAILED.value, PayloadState.CANCELLED.value)
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
        job = _locked_job(old, "rerun", expected_updated_at)
        if job.state != JobState.ACTIVE:
            raise ConflictError(why_not(job, verb=f"rerun run {old.pk}"))
        given = old.parameters if parameters is None else parameters
        if which == "all" and definition == "present":
            [started] = _start_present(job, old, actor=actor, comment=comment, parameters=given)
        else:
            terms = _present_terms(job, old) if definition == "present" else _old_terms(job, old)
            states = None if which == "all" else _UNSUCCESSFUL
            started = _copy(old, terms, states, actor=actor, comment=comment, parameters=given)
        if which == "failed" and not started.total:
            raise ConflictError(f"no payload of run {old.pk} failed or was cancelled: there is nothing to rerun")
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
        ConflictError: The run has not ended, is a replay itself, or is too old; its job was deleted, is a draft or archived, or was
            changed meanwhile.
        NotFoundError: The run was deleted.
    """
    with transaction.atomic():
        old = _finished(run, "replayed")
        job = _locked_job(old, "replayed", expected_updated_at)
        if job.state not in (JobState.ACTIVE, JobState.PAUSED):
            raise ConflictError(why_not(job, verb=f"replay run {old.pk}"))
        _check_kept(job, old)
        configuration = old.snapshot.get("configuration", {})
        judged_by = {name: configuration[name] for name in _JUDGED_BY if name in configuration}
        snapshot = _snapshot(job) | {"configuration": judged_by}
        with connection.cursor() as cursor:
            made = replay_run(
                cursor, origin_id=old.pk, snapshot=snapshot, actor=actor, comment=comment, grace=SWEEP_GRACE
            )
        if made is None:
            raise ConflictError(f"run {old.pk} has payloads without an outcome: it cannot be replayed")
        FollowUp.objects.create(job=job, run_id=made, kind=ERASE_REPLAYS)
        transaction.on_commit(functools.partial(closing.close_runs, run_ids=[made]), robust=True)
    log.info("run.created", runs=[made], count=1, trigger="replay", origin=old.pk, actor=actor)
    return made


def _finished(run: Run, verb: str) -> Run:
    hold_run(run_id=run.pk)
    old = Run.objects.get(pk=run.pk)
    if old.state not in FINAL_RUN_STATES:
        raise ConflictError(f"run {old.pk} is {old.state}: only a run that has ended can be {verb}")
    if old.trigger == Trigger.REPLAY:
        raise ConflictError(f"run {old.pk} is a replay, which cannot be {verb}; run {old.origin_id} is what it replays")
    return old


def _locked_job(old: Run, verb: str, expected_updated_at: dt.datetime | None) -> Job:
    """FOR SHARE, as starting a run locks it: nobody can pause or change it meanwhile, and others may start runs of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM jobs_job WHERE id = %s FOR SHARE", (old.job_id,))
    job = None if old.job_id is None else Job.objects.defer("payload").filter(pk=old.job_id).first()
    if job is None:
        raise ConflictError(f"{old.job_key} was deleted: run {old.pk} cannot be {verb}")
    if expected_updated_at is not None and job.updated_at != expected_updated_at:
        changed = f"{job.key} was changed at {job.updated_at.isoformat()}, after you read it"
        raise ConflictError(f"{changed}: read it again, and decide again whether run {old.pk} is to be {verb}")
    return job


def _start_present(job: Job, old: Run, *, actor: str, comment: str, parameters: Mapping[str, Any]) -> list[StartedRun]:
    with connection.cursor() as cursor:
        return claims.start_runs(
            cursor,
            job_ids=[job.pk],
            scheduled_for=[None],
            trigger=Trigger.RERUN,
            actor=actor,
            comment=comment,
            parameters_json=json.dumps(dict(parameters)),
            now=None,
            grace=SWEEP_GRACE,
            origin_id=old.pk,
        )


def _copy(
    old: Run, terms: Terms, states: tuple[str, ...] | None, *, actor: str, comment: str, parameters: Mapping[str, Any]
) -> StartedRun:
    with connection.cursor() as cursor:
        [started] = copy_run(
            cursor,
            origin_id=old.pk,
            terms=terms,
            states=states,
            actor=actor,
            comment=comment,
            parameters=parameters,
            grace=SWEEP_GRACE,
        )
    return started


def _present_terms(job: Job, old: Run) -> Terms:
    """The job's. Queue and strictness follow from the kinds of the payloads too, and those are the old run's."""
    return Terms(
        snapshot=_snapshot(job),
        queue=old.queue,
        strict=job.configuration.get("strict", job.strict or old.strict),
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
        group_id=old.group_id,
        rate_interval_ms=old.rate_interval_ms,
        start_timeout=_start_timeout(old),
        run_timeout=old.run_timeout,
        limited=job.max_runs is not None,
    )


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
