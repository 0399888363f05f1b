"""Writing jobs: the one way in for the API, the admin and the manifests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from jobs import extensions
from jobs.documents import JobDocument, parse_job, refuse
from jobs.durations import interval
from jobs.errors import ConflictError, FieldError, ForbiddenError, OutOfDateError, ValidationError
from jobs.models import ConcurrencyGroup, Event, Job, Rate, Run, Workspace
from jobs.services import activation, admission, audit, origins
from jobs.states import ACTIVE_RUN_STATES, JobState

MUST_BE_NEW = 0
"""The ``expected_version`` of a job that must not exist yet."""

log = structlog.get_logger(__name__)


def save_job(
    *,
    workspace: Workspace,
    document: object,
    actor: str,
    expected_version: int | None = None,
    state: JobState = JobState.ACTIVE,
    checked: bool = False,
    from_file: bool = False,
    schedules_refused: str = "",
) -> Job:
    """Create the job of the document's key, or replace it as a whole.

    A document that says what the job already says writes nothing: version, times and events stay.

    Args:
        workspace: The owner.
        document: A `JobDocument`, or anything that `parse_job` is to make one of.
        actor: Who did it, for the event log.
        expected_version: The version that the writer saw; `MUST_BE_NEW` when there must be none; None to write whatever
            stands there.
        state: What a new job begins as, active or a draft; one that exists keeps its state. One that begins as active must have all
            that a draft must have to become active (`activation.missing`); one that is edited while it is, what it needs of its
            document (`activation.lacking`).
        checked: Do not look for all that again, because `check_job` has: for who saves within a transaction, where nobody may wait
            for sinks to answer.
        from_file: It is written for the file that the job is kept in: nobody else may change such a job, or the schedules of a job
            that are kept in files.
        schedules_refused: Why the writer may not write schedules, when that is so: the document may have those alone that the job
            has already.

    Returns:
        The job as it stands now.

    Raises:
        ValidationError: The document was refused; it names a concurrency group that the workspace does not have; or it lacks what
            an active job must have.
        ConflictError: The job has another version than expected, or exists though it must be new.
        origins.KeptInFileError: It is kept in a file, and this is not written for it.
        ForbiddenError: The writer may not write schedules, and the document would change them.
    """
    parsed = document if isinstance(document, JobDocument) else parse_job(document)
    present = _present(workspace, parsed)
    if schedules_refused:
        if parsed.to_dict()["schedules"] != (present.schedules if present else []):
            raise ForbiddenError(schedules_refused)
        # What was compared is what is written over.
        expected_version = _compared_version(present) if expected_version is None else expected_version
    if present is None:
        return _create(workspace, parsed, actor=actor, expected_version=expected_version, state=state, checked=checked)
    return _replace(present, parsed, actor=actor, expected_version=expected_version, from_file=from_file)


def check_job(*, workspace: Workspace, document: JobDocument) -> None:
    """What `save_job` finds wrong with a document that was parsed, without saving it: a form tells it beside its fields.

    May look whether sinks can be reached: not for within a transaction.

    Raises:
        ValidationError: It names a concurrency group that the workspace does not have; or it lacks what an active job must have.
    """
    present = _present(workspace, document)
    _refuse_unready(workspace.pk, document, present.state if present else JobState.ACTIVE, new=present is None)
    with transaction.atomic():
        _group_id(document.configuration.concurrency_group, workspace.pk)


def delete_job(*, job: Job, actor: str, expected_version: int | None = None, from_file: bool = False) -> None:
    """Delete a job; its runs stay, under its key.

    The job's row is locked first, and starting a run locks it too, so no run can begin in between.

    Args:
        job: Which.
        actor: Who does it.
        expected_version: The version that the caller saw; None for whatever stands there.

    Raises:
        OutOfDateError: It has another version.
        ConflictError: Runs of it are still active.
        origins.KeptInFileError: It, or a schedule of it, is kept in a file, and this is not done for that.
    """
    with transaction.atomic():
        present = Job.objects.select_for_update().only("version").filter(pk=job.pk).first()
        if not from_file:
            _refuse_kept(job, ())
        if expected_version is not None and (present is None or present.version != expected_version):
            raise OutOfDateError(_out_of_date(job, expected_version))
        active = Run.objects.filter(job=job, state__in=ACTIVE_RUN_STATES).count()
        if active:
            raise ConflictError(f"{job.key} has {active} active run(s): wait for their end, then delete it")
        _record(job, "job.deleted", actor=actor, before=job.document())
        Rate.objects.filter(key=f"job:{job.pk}").delete()
        Job.objects.filter(pk=job.pk).delete()
        origins.forget(workspace_id=job.workspace_id, kind="job", name=job.key)
    _say("job.deleted", job, workspace_id=job.workspace_id, actor=actor)


def _say(event: str, job: Job, **facts: Any) -> None:
    """Log it once it is so: a dry run undoes it."""
    transaction.on_commit(lambda: log.info(event, job=job.key, **facts), robust=True)


def _create(
    workspace: Workspace,
    document: JobDocument,
    *,
    actor: str,
    expected_version: int | None,
    state: JobState,
    checked: bool,
) -> Job:
    if expected_version:
        raise ConflictError(f"{document.key} was deleted meanwhile")
    if state not in (JobState.ACTIVE, JobState.DRAFT):
        raise ValidationError([FieldError("state", "a new job is either active or a draft")])
    if not checked:
        _refuse_unready(workspace.pk, document, state, new=True)
    try:
        with transaction.atomic():
            _tell_before(workspace.pk, document, None)
            columns = _columns(document, workspace.pk)
            job = Job.objects.create(
                workspace=workspace, type=document.type, name=document.name, state=state, **columns
            )
            _record(job, "job.created", actor=actor, after=job.document())
            _tell(job, actor)
    except IntegrityError as error:
        raise ConflictError(f"{document.key} was created by somebody else meanwhile") from error
    _say("job.created", job, workspace=workspace.slug, actor=actor)
    job.refresh_from_db(fields=["updated_at"])
    return job


def _replace(job: Job, document: JobDocument, *, actor: str, expected_version: int | None, from_file: bool) -> Job:
    if expected_version == MUST_BE_NEW:
        raise ConflictError(f"{job.key} exists already")
    _refuse_unready(job.workspace_id, document, job.state, new=False)
    guard = {} if expected_version is None else {"version": expected_version}
    with transaction.atomic():
        _tell_before(job.workspace_id, document, job)
        columns = _columns(document, job.workspace_id)
        same = all(getattr(job, name) == value for name, value in columns.items())
        if same and expected_version in (None, job.version):
            return job
        if not (same or from_file):
            _refuse_kept(job, columns["schedules"])
        changed = Job.objects.filter(pk=job.pk, **guard).update(**columns, version=F("version") + 1, updated_at=Now())
        if not changed:
            raise OutOfDateError(_out_of_date(job, expected_version))
        if job.max_runs is not None and job.max_runs != columns["max_runs"]:
            transaction.on_commit(lambda: admission.admit(job_ids=[job.pk]), robust=True)  # There may be more room now.
        before = job.document()
        for name, value in columns.items():
            setattr(job, name, value)
        job.refresh_from_db(fields=["version", "updated_at"])
        _record(job, "job.updated", actor=actor, before=before, after=job.document())
        _tell(job, actor)
    _say("job.updated", job, workspace_id=job.workspace_id, version=job.version, actor=actor)
    return job


def _refuse_kept(job: Job, schedules: Sequence[Mapping[str, Any]]) -> None:
    """Within the transaction that writes the job, after `_tell_before`: from then on nobody applies files."""
    origins.refuse_edit(workspace_id=job.workspace_id, kind="job", name=job.key)
    origins.refuse_edit_of_schedules(
        workspace_id=job.workspace_id, job_key=job.key, before=job.schedules, after=schedules
    )


def _out_of_date(job: Job, expected_version: int | None) -> str:
    if expected_version is None:
        return f"{job.key} was deleted meanwhile"
    return f"{job.key} was changed by somebody else: you have version {expected_version}; read it again and repeat your change"


def _compared_version(present: Job | None) -> int:
    return MUST_BE_NEW if present is None else present.version


def _present(workspace: Workspace, document: JobDocument) -> Job | None:
    return Job.objects.filter(workspace=workspace, type=document.type, name=document.name).first()


def _refuse_unready(workspace_id: int, document: JobDocument, state: str, *, new: bool) -> None:
    """What lies outside the document, such as a secret, may go while a job is active, and must not keep anybody from editing it."""
    if state == JobState.ACTIVE:
        refuse(
            activation.missing(workspace_id=workspace_id, document=document) if new else activation.lacking(document)
        )


def _columns(document: JobDocument, workspace_id: int) -> dict[str, Any]:
    """What the job's row holds, within the transaction that writes it: the group that the document names is locked."""
    configuration = document.configuration
    written = document.to_dict()
    names = ("description", "payload", "configuration", "sinks", "schedules", "tags", "metadata")
    return {name: written[name] for name in names} | {
        "queue": document.queue,
        "strict": document.runs_strictly,
        "max_lanes": configuration.max_concurrent_requests,
        "priority": configuration.priority,
        "group_id": _group_id(configuration.concurrency_group, workspace_id),
        "max_runs": configuration.max_concurrent_runs,
        "rate_interval_ms": configuration.rate_limit.interval_ms if configuration.rate_limit else None,
        "start_timeout": _time(configuration.start_timeout),
        "run_timeout": _time(configuration.run_timeout),
    }


def _group_id(name: str | None, workspace_id: int) -> int | None:
    if name is None:
        return None
    groups = ConcurrencyGroup.objects.filter(workspace=workspace_id)
    group = groups.select_for_update(no_key=True).filter(name=name).first()
    if group is None:
        present = ", ".join(groups.order_by("name").values_list("name", flat=True)[:20]) or "none"
        message = f"the workspace has no concurrency group {name!r}: create it first; there are: {present}"
        raise ValidationError([FieldError("configuration.concurrency_group", message)])
    return group.pk


def _time(duration: str | int | float | None) -> dt.timedelta | None:
    return None if duration is None else interval(duration)


def _tell_before(workspace_id: int, document: JobDocument, job: Job | None) -> None:
    for extension in extensions.all_extensions():
        former = [] if job is None else getattr(job, extension.field)
        extension.saving(workspace_id, getattr(document, extension.field), former)


def _tell(job: Job, actor: str) -> None:
    for extension in extensions.all_extensions():
        extension.saved(job, actor)


def _record(
    job: Job,
    kind: str,
    *,
    actor: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    data = {"key": job.key, "version": job.version}
    Event.objects.create(workspace_id=job.workspace_id, job=job, kind=kind, actor=actor, data=data)
    audit.record(
        workspace_id=job.workspace_id, action=kind, target=f"job {job.key}", before=before, after=after, actor=actor
    )
