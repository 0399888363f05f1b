"""The one way to each state of a job, for whoever lets a person choose one."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from jobs.models import Job
from jobs.services import activation, control
from jobs.services.as_seen import lock_as_seen
from jobs.states import JobState


def change_state(
    *, job: Job, target: JobState, actor: str, note: str = "", expected_updated_at: dt.datetime | None = None
) -> Job:
    """Pause, resume, activate or archive a job, or make it a draft: whichever leads to the state. One that is in it is left alone.

    Args:
        job: Which.
        target: Any state.
        actor: Who does it.
        note: Why; kept with the job.
        expected_updated_at: The job's ``updated_at`` as the caller saw it; None for whatever stands there.

    Returns:
        The job as it stands now.

    Raises:
        ValidationError: It cannot become active: one `FieldError` for each thing that is missing.
        ConflictError: The state does not follow the present one, runs are active, or somebody changed the job meanwhile.
        NotFoundError: The job was deleted.
    """
    if target == JobState.PAUSED or (job.state, target) == (JobState.PAUSED, JobState.ACTIVE):
        paused = target == JobState.PAUSED
        return hold(job=job, paused=paused, actor=actor, note=note, expected_updated_at=expected_updated_at)
    return activation.transition(
        job=job, target=target, actor=actor, note=note, expected_updated_at=expected_updated_at
    )


def hold(*, job: Job, paused: bool, actor: str, note: str = "", expected_updated_at: dt.datetime | None = None) -> Job:
    """Pause a job, or resume it; never out of another state. Takes, returns and raises what `change_state` does."""
    with transaction.atomic():
        lock_as_seen(job_id=job.pk, key=job.key, expected_updated_at=expected_updated_at)
        if paused:
            return control.pause_job(job=job, actor=actor, note=note)
        control.resume_job(job=job, actor=actor, note=note)
        return job
