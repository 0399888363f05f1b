"""Pause, resume, terminate: of jobs and of single runs. See docs/explanation/run-control.md for what each does to what runs.

Each change is one guarded statement; what it needs afterwards (messages, the rest of a million cancellations, the last step from
pausing to paused) is done here at once as far as it is quick, and by the sweep if this process dies before or if it is much.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from jobs import claims, dispatch
from jobs.documents import parse_job, refuse
from jobs.errors import BrokerUnavailable, ConflictError
from jobs.models import Event, FollowUp, Job, Run
from jobs.services import activation, closing
from jobs.states import ACTIVE_RUN_STATES, FINAL_RUN_STATES, JobState, RunState, StopReason

CANCEL_BATCH = 2000
"""Positions cancelled in one transaction, which holds the run's row meanwhile: about 30 ms."""

RUNS_AT_ONCE = 1000
"""Runs of a job that are paused or resumed in one transaction. The sweep changes the rest: until it has paused a run, no lane can
be taken of it, for its job is paused; and until it has resumed them all, a follow-up says that there are more."""

CHECK_FAILURES = "check_failures"
RESUME_REST = "resume_rest"
"""Kinds of `jobs.models.FollowUp`."""

SWEEP_GRACE = dt.timedelta(seconds=1)

log = structlog.get_logger(__name__)


def pause_job(*, job: Job, actor: str, note: str = "", resume_at: dt.datetime | None = None) -> Job:
    """Let nothing more of a job start: what runs may finish and is not retried, what is queued stays, schedules owe nothing.

    Pausing a job that is paused changes nothing, also not who paused it and why. One that would go on by itself stays paused from
    then on, by whoever asked.

    Args:
        job: Which.
        actor: Who does it.
        note: Why; kept with the job.
        resume_at: When it is to go on by itself; None for when somebody says so.

    Returns:
        The job as it stands now.

    Raises:
        ConflictError: The job is a draft or archived, or was deleted.
    """
    with transaction.atomic():
        changed = _change_state(job, JobState.ACTIVE, JobState.PAUSED, actor=actor, note=note, resume_at=resume_at)
        if not changed and resume_at is None and job.resume_at is not None:
            rows = Job.objects.filter(pk=job.pk, state=JobState.PAUSED, resume_at__isnull=False)
            changed = _changed(rows, job, JobState.PAUSED, actor=actor, note=note, resume_at=None)
        if not changed and job.state != JobState.PAUSED:
            raise ConflictError(f"{job.key} is {job.state}: only an active job can be paused")
        runs = _active_runs(job, (RunState.PENDING, RunState.RUNNING, RunState.RESUMING))
        with connection.cursor() as cursor:
            paused = claims.pause_runs(cursor, run_ids=runs, actor=actor, note=note, by_job=True)
            claims.settle_pause(cursor, run_ids=paused)
    if changed:
        log.info("job.paused", job=job.key, workspace_id=job.workspace_id, actor=actor, runs=len(paused))
    return job


def resume_job(*, job: Job, actor: str, note: str = "", only_if_due: bool = False) -> bool:
    """Let a job and the runs that were paused with it go on. Runs that were paused by themselves stay so.

    Args:
        job: Which.
        actor: Who does it.
        note: Why.
        only_if_due: Do nothing unless the job's ``resume_at`` has come.

    Returns:
        False when the job was active already, or is not due.

    Raises:
        ValidationError: It lacks what an active job must have: one `FieldError` for each thing that is missing.
        ConflictError: The job is a draft or archived, or was deleted.
    """
    with transaction.atomic():
        _refuse_unready(job)
        changed = _change_state(
            job, JobState.PAUSED, JobState.ACTIVE, actor=actor, note=note, resume_at=None, only_if_due=only_if_due
        )
        if not changed:
            if job.state not in (JobState.ACTIVE, JobState.PAUSED):
                raise ConflictError(f"{job.key} is {job.state}: only a paused job can be resumed")
            return False
        resumed = resume_rest(job, actor=actor, note=note)
    log.info("job.resumed", job=job.key, workspace_id=job.workspace_id, actor=actor, runs=resumed)
    return True


def resume_rest(job: Job, *, actor: str = "", note: str = "") -> int:
    """Resume the next runs that were paused with a job, within the transaction that has locked it; how many."""
    runs = _active_runs(job, (RunState.PAUSING, RunState.PAUSED), pause__by_job=True)
    if len(runs) == RUNS_AT_ONCE:
        FollowUp.objects.create(job=job, run_id=runs[0], kind=RESUME_REST)
    return _resume(runs, actor=actor, note=note)


def _refuse_unready(job: Job) -> None:
    """It may have been edited while it was paused, and its secrets deleted."""
    seen = Job.objects.filter(pk=job.pk, state=JobState.PAUSED).first()
    if seen is not None:
        document = parse_job(seen.document())
        refuse(activation.missing_at_hand(workspace_id=seen.workspace_id, document=document))


def pause_run(*, run: Run, actor: str, note: str = "") -> bool:
    """Let nothing more start in a run; what runs may finish.

    One that is paused with its job is paused by itself from then on: it does not go on with the job.

    Returns:
        False when it was paused by itself, or being paused, already.

    Raises:
        ConflictError: It has ended, or is being ended.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _lock_job(run)
        changed: object = claims.pause_runs(cursor, run_ids=[run.pk], actor=actor, note=note, by_job=False)
        claims.settle_pause(cursor, run_ids=[run.pk] if changed else [])
        changed = changed or _keep_paused(run, actor=actor, note=note)
    state = _refreshed(run)
    if not changed and state not in (RunState.PAUSING, RunState.PAUSED):
        raise ConflictError(_too_late(run, "paused"))
    if changed:
        log.info("run.pausing", run=run.pk, job=run.job_key, actor=actor)
    return bool(changed)


def resume_run(*, run: Run, actor: str, note: str = "") -> bool:
    """Let a paused run go on with what is left.

    Returns:
        False when it was not paused.

    Raises:
        ConflictError: It has ended, is being ended, or its whole job is paused.
    """
    with transaction.atomic():
        job = _lock_job(run)
        if job and job.state == JobState.PAUSED:
            raise ConflictError(f"{job.key} is paused: {_after_its_job(run)}")
        changed = _resume([run.pk], actor=actor, note=note)
    if not changed and _refreshed(run) in (RunState.CANCELLING, *FINAL_RUN_STATES):
        raise ConflictError(_too_late(run, "resumed"))
    _refreshed(run)
    if changed:
        log.info("run.resumed", run=run.pk, job=run.job_key, actor=actor)
    return bool(changed)


def _lock_job(run: Run) -> Job | None:
    """Whoever pauses or resumes the whole job waits until this transaction is over."""
    if run.job_id is None:
        return None
    return Job.objects.select_for_update(no_key=True).filter(pk=run.job_id).first()


def _keep_paused(run: Run, *, actor: str, note: str) -> bool:
    """Of a run that is paused with its job: whether it is now paused by itself."""
    held = Run.objects.filter(pk=run.pk, state__in=(RunState.PAUSING, RunState.PAUSED), pause__by_job=True)
    row = held.select_for_update(no_key=True).only("state").first()
    if row is None:
        return False
    pause = {"actor": actor, "at": dt.datetime.now(dt.UTC).isoformat(), "note": note, "by_job": False}
    Run.objects.filter(pk=row.pk).update(pause=pause)
    data = {"note": note, "by_job": False}
    Event.objects.create(
        workspace_id=run.workspace_id, job_id=run.job_id, run=run, kind=f"run.{row.state}", actor=actor, data=data
    )
    return True


def _after_its_job(run: Run) -> str:
    run.refresh_from_db(fields=["pause"])
    if (run.pause or {}).get("by_job"):
        return f"resume the job, and run {run.pk} goes on with it"
    return f"resume the job first, and then run {run.pk}, which was paused by itself"


def terminate_run(*, run: Run, actor: str, note: str = "") -> bool:
    """End a run early: what is queued is cancelled, what runs is told to stop and then stopped by force.

    Returns as soon as the run is being ended: nothing of it starts any more. A small run that nobody works has ended by then.

    Returns:
        False when it had ended, or was being ended, already: nothing changed.
    """
    stopped = stop_runs(run_ids=[run.pk], reason=StopReason.TERMINATED, actor=actor, note=note)
    _refreshed(run)
    return bool(stopped)


def stop_runs(*, run_ids: Sequence[int], reason: StopReason, actor: str = "", note: str = "") -> list[int]:
    """Begin to end these runs, and cancel the first of what is queued.

    Returns:
        The ids of those that were neither ended nor being ended.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            stopped = claims.stop_runs(cursor, run_ids=run_ids, reason=reason, actor=actor, note=note)
        transaction.on_commit(functools.partial(_cancel_first, stopped), robust=True)
    if stopped:
        log.info("run.cancelling", runs=stopped[:20], count=len(stopped), reason=reason.value, actor=actor)
    return stopped


def cancel_queued(*, run_id: int, now: claims.Now = None) -> bool:
    """Cancel one batch of a run that is being ended, and close the run if that was all.

    Returns:
        True when there is more to cancel.
    """
    batch = claims.cancel_queued(run_id=run_id, take=CANCEL_BATCH, now=now)
    if batch is not None and batch.complete:
        closing.close_runs(run_ids=[run_id], now=now)
    return batch is not None and batch.more


def _cancel_first(run_ids: Sequence[int]) -> None:
    for run_id in run_ids[:10]:
        cancel_queued(run_id=run_id)


def _resume(run_ids: Sequence[int], *, actor: str, note: str) -> int:
    """Within the caller's transaction; the messages follow its commit."""
    with connection.cursor() as cursor:
        resumed = claims.resume_runs(cursor, run_ids=run_ids, actor=actor, note=note, grace=SWEEP_GRACE)
    transaction.on_commit(functools.partial(_publish, resumed), robust=True)
    return len(resumed)


def _publish(resumed: Sequence[claims.ResumedRun]) -> None:
    lanes = sorted(
        (slot, run.id, run.queue)
        for run in resumed
        if run.admitted
        for slot in range(max(run.messages, run.total == 0))
    )
    try:
        dispatch.publish([dispatch.LaneMessage(queue, [(run_id, slot)]) for slot, run_id, queue in lanes])
    except BrokerUnavailable as error:
        log.warning("control.broker_unavailable", runs=len(resumed), reason=str(error))


def _change_state(
    job: Job,
    before: JobState,
    after: JobState,
    *,
    actor: str,
    note: str,
    resume_at: dt.datetime | None,
    only_if_due: bool = False,
) -> bool:
    """Guarded by the state before; the job given is brought up to date either way. Raises ConflictError when it was deleted."""
    rows = Job.objects.filter(pk=job.pk, state=before)
    if only_if_due:
        rows = rows.filter(resume_at__lte=Now())
    return _changed(rows, job, after, actor=actor, note=note, resume_at=resume_at)


def _changed(
    rows: QuerySet[Job], job: Job, after: JobState, *, actor: str, note: str, resume_at: dt.datetime | None
) -> bool:
    """Whether it was one of the rows; the job given is brought up to date either way. Raises ConflictError when it was deleted."""
    change = {"actor": actor, "at": dt.datetime.now(dt.UTC).isoformat(), "note": note}
    changed = rows.update(state=after, state_change=change, resume_at=resume_at, updated_at=Now())
    try:
        job.refresh_from_db(fields=["state", "state_change", "resume_at", "updated_at"])
    except Job.DoesNotExist as error:
        raise ConflictError(f"{job.key} was deleted meanwhile") from error
    if changed:
        kind = "job.paused" if after == JobState.PAUSED else "job.resumed"
        data = {"key": job.key, "note": note}
        Event.objects.create(workspace_id=job.workspace_id, job=job, kind=kind, actor=actor, data=data)
    return bool(changed)


def _active_runs(job: Job, states: Sequence[RunState], **more: object) -> list[int]:
    """Through those alone that have not ended, which have an index of their own: of the others there may be millions."""
    active = Run.objects.filter(
        job=job, state__in=[state for state in states if state in ACTIVE_RUN_STATES], ended_at=None
    )
    return list(active.filter(**more).order_by("-admitted", "pk").values_list("pk", flat=True)[:RUNS_AT_ONCE])


def _refreshed(run: Run) -> str:
    run.refresh_from_db(fields=["state", "pause", "stop", "ended_at"])
    return run.state


def _too_late(run: Run, verb: str) -> str:
    if run.state == RunState.CANCELLING:
        return f"run {run.pk} is being cancelled: it cannot be {verb}"
    if run.state in FINAL_RUN_STATES:
        return f"run {run.pk} has {run.state if run.state != RunState.CANCELLED else 'been cancelled'}: it cannot be {verb}"
    return f"run {run.pk} is {run.state}: it cannot be {verb}"
