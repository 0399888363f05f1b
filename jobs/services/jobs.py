"""Writing jobs: the one way in for the API, the admin and the manifests."""

from __future__ import annotations

from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from jobs.documents import JobDocument, parse_job
from jobs.errors import ConflictError
from jobs.models import Event, Job, Run, Workspace
from jobs.states import ACTIVE_RUN_STATES

MUST_BE_NEW = 0
"""The ``expected_version`` of a job that must not exist yet."""

log = structlog.get_logger(__name__)


def save_job(*, workspace: Workspace, document: object, actor: str, expected_version: int | None = None) -> Job:
    """Create the job of the document's key, or replace it as a whole.

    A document that says what the job already says writes nothing: version, times and events stay.

    Args:
        workspace: The owner.
        document: A `JobDocument`, or anything that `parse_job` is to make one of.
        actor: Who did it, for the event log.
        expected_version: The version that the writer saw; `MUST_BE_NEW` when there must be none; None to write whatever
            stands there.

    Returns:
        The job as it stands now.

    Raises:
        ValidationError: The document was refused.
        ConflictError: The job has another version than expected, or exists though it must be new.
    """
    parsed = document if isinstance(document, JobDocument) else parse_job(document)
    present = Job.objects.filter(workspace=workspace, type=parsed.type, name=parsed.name).first()
    if present is None:
        return _create(workspace, parsed, actor=actor, expected_version=expected_version)
    return _replace(present, parsed, actor=actor, expected_version=expected_version)


def delete_job(*, job: Job, actor: str) -> None:
    """Delete a job; its runs stay, under its key.

    The job's row is locked first, and starting a run locks it too, so no run can begin in between.

    Raises:
        ConflictError: Runs of it are still active.
    """
    with transaction.atomic():
        Job.objects.select_for_update().filter(pk=job.pk).first()
        active = Run.objects.filter(job=job, state__in=ACTIVE_RUN_STATES).count()
        if active:
            raise ConflictError(f"{job.key} has {active} active run(s): wait for their end, then delete it")
        _record(job, "job.deleted", actor=actor)
        Job.objects.filter(pk=job.pk).delete()
    log.info("job.deleted", job=job.key, workspace_id=job.workspace_id, actor=actor)


def _create(workspace: Workspace, document: JobDocument, *, actor: str, expected_version: int | None) -> Job:
    if expected_version:
        raise ConflictError(f"{document.key} was deleted meanwhile")
    try:
        with transaction.atomic():
            job = Job.objects.create(workspace=workspace, type=document.type, name=document.name, **_columns(document))
            _record(job, "job.created", actor=actor)
    except IntegrityError as error:
        raise ConflictError(f"{document.key} was created by somebody else meanwhile") from error
    log.info("job.created", job=job.key, workspace=workspace.slug, actor=actor)
    job.refresh_from_db(fields=["updated_at"])
    return job


def _replace(job: Job, document: JobDocument, *, actor: str, expected_version: int | None) -> Job:
    if expected_version == MUST_BE_NEW:
        raise ConflictError(f"{job.key} exists already")
    columns = _columns(document)
    if expected_version in (None, job.version) and all(getattr(job, name) == value for name, value in columns.items()):
        return job
    guard = {} if expected_version is None else {"version": expected_version}
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, **guard).update(**columns, version=F("version") + 1, updated_at=Now())
        if not changed:
            raise ConflictError(_out_of_date(job, expected_version))
        for name, value in columns.items():
            setattr(job, name, value)
        job.refresh_from_db(fields=["version", "updated_at"])
        _record(job, "job.updated", actor=actor)
    log.info("job.updated", job=job.key, workspace_id=job.workspace_id, version=job.version, actor=actor)
    return job


def _out_of_date(job: Job, expected_version: int | None) -> str:
    if expected_version is None:
        return f"{job.key} was deleted meanwhile"
    return f"{job.key} was changed by somebody else: you have version {expected_version}; read it again and repeat your change"


def _columns(document: JobDocument) -> dict[str, Any]:
    written = document.to_dict()
    names = ("description", "payload", "configuration", "sinks", "schedules", "tags", "metadata")
    return {name: written[name] for name in names} | {
        "queue": document.queue,
        "strict": document.runs_strictly,
        "max_lanes": document.configuration.max_concurrent_requests,
        "priority": document.configuration.priority,
    }


def _record(job: Job, kind: str, *, actor: str) -> None:
    data = {"key": job.key, "version": job.version}
    Event.objects.create(workspace_id=job.workspace_id, job=job, kind=kind, actor=actor, data=data)
