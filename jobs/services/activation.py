"""Draft, active, archived: which state of a job may follow which, and what must hold before it becomes active.

Pausing and resuming concern the job's runs too and have a module of their own: `jobs.services.control`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import structlog
from django.db import transaction
from django.db.models.functions import Now

from jobs import extensions, kinds
from jobs.documents import JobDocument, parse_job, refuse
from jobs.errors import ConflictError, FieldError, NotFoundError, OutOfDateError
from jobs.models import Event, Job, Run, Secret
from jobs.states import JobState

SinkCheck = Callable[[int, Mapping[str, Any]], str | None]
"""Looks whether one sink of a job (its workspace's id, its entry) can be reached: None, or why not. May take seconds; not for
within a transaction."""

_FOLLOWS: dict[JobState, tuple[JobState, ...]] = {
    JobState.DRAFT: (JobState.ACTIVE, JobState.ARCHIVED),
    JobState.ACTIVE: (JobState.ARCHIVED,),
    JobState.PAUSED: (JobState.ARCHIVED,),
    JobState.ARCHIVED: (JobState.ACTIVE, JobState.DRAFT),
}
_sink_checks: list[SinkCheck] = []

log = structlog.get_logger(__name__)


def register_sink_check(check: SinkCheck) -> None:
    """Add what looks whether sinks can be reached, for jobs that require it. Called by the app that knows sinks, when it loads."""
    _sink_checks.append(check)


def transition(
    *, job: Job, target: JobState, actor: str, note: str = "", expected_updated_at: dt.datetime | None = None
) -> Job:
    """Move a job to another state. A job that is in it already is left alone.

    Args:
        job: Which.
        target: draft, active or archived.
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
    seen = _read(job)
    _refuse_changed(seen, expected_updated_at)
    if seen.state == target:
        return seen
    _refuse_what_does_not_follow(seen, target)
    if target == JobState.ACTIVE:
        refuse(_missing_of(seen))
    with transaction.atomic():
        _move(seen, target, actor=actor, note=note)
    log.info(f"job.{target}", job=seen.key, workspace_id=seen.workspace_id, actor=actor, before=str(seen.state))
    return _read(seen)


def missing(*, workspace_id: int, document: JobDocument) -> list[FieldError]:
    """What a job with this document lacks to become active. Checks sinks, so it may take seconds.

    Looked at are: what the document lacks by itself (`lacking`), whether the workspace has the secrets that its payloads and sinks
    name, and whether its sinks can be reached, if the configuration ``requires`` that.
    """
    return [
        *missing_at_hand(workspace_id=workspace_id, document=document),
        *unreachable_sinks(workspace_id=workspace_id, document=document),
    ]


def missing_at_hand(*, workspace_id: int, document: JobDocument) -> list[FieldError]:
    """The same without asking sinks: for within a transaction, where nobody may wait for them to answer."""
    return [
        *_missing_secrets(workspace_id, document),
        *lacking(document),
        *_lacking_around(workspace_id, document),
    ]


def lacking(document: JobDocument) -> list[FieldError]:
    """What the document of an active job must have and does not: a payload, and a schedule if it requires one."""
    errors = [] if document.payload else [FieldError("payload", "expected at least one payload")]
    requires = document.configuration.requires
    if requires and requires.schedule and not document.schedules:
        message = "expected at least one schedule: configuration.requires.schedule asks for it of an active job"
        errors.append(FieldError("schedules", message))
    return errors


def _missing_of(job: Job) -> list[FieldError]:
    """The document is read anew: what was valid when it was saved may not be so any more."""
    return missing(workspace_id=job.workspace_id, document=parse_job(job.document()))


def _missing_secrets(workspace_id: int, document: JobDocument) -> Iterator[FieldError]:
    """Each secret once, at the first payload that names it."""
    named: dict[str, int] = {}
    for position, item in enumerate(document.payload):
        kind = kinds.get(item.kind)
        for name in kind.secrets(item.parameters) if kind else ():
            named.setdefault(name, position)
    present = set(Secret.objects.filter(workspace=workspace_id, name__in=named).values_list("name", flat=True))
    for name, position in named.items():
        if name not in present:
            how = "set it first (under Secrets, or by manage.py set_secret)"
            message = f"names the secret {name!r}, which the workspace does not have: {how}"
            yield FieldError(f"payload.{position}.parameters", message)


def _lacking_around(workspace_id: int, document: JobDocument) -> Iterator[FieldError]:
    """What the apps above miss, such as secrets that sinks name."""
    for extension in extensions.all_extensions():
        yield from extension.missing(workspace_id, getattr(document, extension.field))


def unreachable_sinks(*, workspace_id: int, document: JobDocument) -> Iterator[FieldError]:
    """The sinks that do not answer, if the configuration ``requires`` it. May take seconds; not for within a transaction."""
    requires = document.configuration.requires
    if requires is None or not requires.sinks_reachable:
        return
    for place, sink in enumerate(document.sinks):
        for check in _sink_checks:
            if reason := check(workspace_id, sink):
                yield FieldError(f"sinks.{place}", f"cannot be reached: {reason}")


def _read(job: Job) -> Job:
    found = Job.objects.select_related("workspace").filter(pk=job.pk).first()
    if found is None:
        raise NotFoundError(f"{job.key} was deleted")
    return found


def _refuse_changed(job: Job, expected_updated_at: dt.datetime | None) -> None:
    if expected_updated_at is not None and job.updated_at != expected_updated_at:
        raise OutOfDateError(
            f"{job.key} was changed at {job.updated_at.isoformat()}, after you read it: read it again and repeat your change"
        )


def _refuse_what_does_not_follow(job: Job, target: JobState) -> None:
    state = JobState(job.state)
    if target in _FOLLOWS[state]:
        return
    hints = {
        (JobState.PAUSED, JobState.ACTIVE): "resume it",
        (JobState.ACTIVE, JobState.PAUSED): "pause it, which holds its runs too",
    }
    allowed = " or ".join(_FOLLOWS[state])
    raise ConflictError(
        f"{job.key} is {state}: it cannot become {target} this way; {hints.get((state, target), f'it can become {allowed}')}"
    )


def _move(job: Job, target: JobState, *, actor: str, note: str) -> None:
    """Guarded by what was judged. Starting a run locks the job's row too, so that none begins meanwhile."""
    rows = Job.objects.filter(pk=job.pk, state=job.state, updated_at=job.updated_at)
    change = {"actor": actor, "at": dt.datetime.now(dt.UTC).isoformat(), "note": note}
    if not rows.update(state=target, state_change=change, resume_at=None, updated_at=Now()):
        raise ConflictError(f"{job.key} was changed by somebody else meanwhile: read it again and repeat your change")
    if target == JobState.ARCHIVED:
        _refuse_active_runs(job)
    data = {"key": job.key, "before": job.state, "note": note}
    Event.objects.create(workspace_id=job.workspace_id, job=job, kind=f"job.{target}", actor=actor, data=data)


def _refuse_active_runs(job: Job) -> None:
    active = Run.objects.filter(job=job, ended_at=None).count()
    if active:
        raise ConflictError(
            f"{job.key} has {active} active run(s): wait for their end or terminate them, then archive it"
        )
