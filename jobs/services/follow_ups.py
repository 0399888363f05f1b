"""What a run's end calls for in a transaction of its own: to pause a job whose runs keep failing, and to let it go on again.

A run's end locks the run; what happens here locks the job first. Together they could wait for each other, so the end leaves a row
(`jobs.models.FollowUp`) in its own transaction, and the next sweep deals with it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from typing import Any

import structlog
from django.db import transaction
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime

from jobs.durations import parse_ms
from jobs.errors import ConflictError, ValidationError
from jobs.models import FollowUp, Job, Occurrence, Run
from jobs.services import control
from jobs.states import JobState, RunState, Trigger

BATCH = 100
SIDE_BY_SIDE = 100
"""So many runs that were begun later may have ended earlier."""

log = structlog.get_logger(__name__)


def work_off() -> int:
    """Deal with what is there, a row a transaction; how many were dealt with. Others may do the same at once."""
    done = 0
    while done < BATCH and _work_off_one():
        done += 1
    return done


def recover_jobs() -> int:
    """Resume the jobs that were paused for their failures and whose pause is over; how many."""
    due = Job.objects.filter(resume_at__lte=Now(), state=JobState.PAUSED).order_by("resume_at")[:BATCH]
    recovered = 0
    for job in due:
        with contextlib.suppress(ConflictError):  # Archived or deleted since: there is nothing to resume.
            recovered += _recover(job)
    return recovered


def _recover(job: Job) -> bool:
    try:
        return control.resume_job(job=job, actor="", note="its pause after failures is over", only_if_due=True)
    except ValidationError as error:
        lacks = "; ".join(f"{each.field}: {each.message}" for each in error.errors)
        _pause(job, note=f"its pause after failures is over, but it cannot go on: {lacks}"[:2000], resume_at=None)
        return False


def _work_off_one() -> bool:
    with transaction.atomic():
        known = FollowUp.objects.filter(kind__in=_TASKS)
        follow_up = known.select_for_update(skip_locked=True).order_by("pk").first()
        if follow_up is None:
            return False
        job = Job.objects.select_for_update(no_key=True).filter(pk=follow_up.job_id).first()
        if job is not None and job.state == JobState.ACTIVE:
            _TASKS[follow_up.kind](job)
        follow_up.delete()
    return True


def _check_failures(job: Job) -> None:
    rule = job.configuration.get("pause_after_failures") or {}
    most = int(rule.get("runs", 0))
    if not most or not _failed_in_a_row(job, most):
        return
    after = rule.get("resume_after")
    resume_at = None if after is None else dt.datetime.now(dt.UTC) + dt.timedelta(milliseconds=parse_ms(after))
    note = f"{most} runs in a row failed" if most > 1 else "a run failed"
    _pause(job, note=note, resume_at=resume_at)
    log.warning("job.paused_after_failures", job=job.key, workspace_id=job.workspace_id, runs=most)


def _pause(job: Job, *, note: str, resume_at: dt.datetime | None) -> None:
    control.pause_job(job=job, actor="", note=note, resume_at=resume_at)
    if job.watched:
        data = {"note": note, "resume_at": resume_at and resume_at.isoformat()}
        Occurrence.objects.create(workspace_id=job.workspace_id, job=job, kind="job.paused", data=data)


def _failed_in_a_row(job: Job, most: int) -> bool:
    """Whether the last ``most`` runs to end since the job became active all failed. Cancelled ones say nothing."""
    told = (RunState.SUCCEEDED, RunState.FAILED)
    ended = Run.objects.filter(job=job, state__in=told).exclude(trigger=Trigger.REPLAY)
    # The newest by id, which has an index, and only then by their ends: asked for those since a time, it might read them all.
    # Runs that go on side by side end in another order, a few of them.
    newest = ended.order_by("-pk").values_list("ended_at", "state")[: most + SIDE_BY_SIDE]
    since = _active_since(job.state_change) or dt.datetime.min.replace(tzinfo=dt.UTC)
    last = sorted(((at, state) for at, state in newest if at is not None), reverse=True)[:most]
    failed = [state == RunState.FAILED and at > since for at, state in last]
    return len(failed) == most and all(failed)


def _active_since(change: Any) -> dt.datetime | None:
    at = change.get("at") if isinstance(change, dict) else None
    return parse_datetime(at) if isinstance(at, str) else None


def _resume_rest(job: Job) -> None:
    """In the name of who resumed the job."""
    change = job.state_change or {}
    control.resume_rest(job, actor=change.get("actor", ""), note=change.get("note", ""))


_TASKS: dict[str, Callable[[Job], object]] = {
    control.CHECK_FAILURES: _check_failures,
    control.RESUME_REST: _resume_rest,
}
