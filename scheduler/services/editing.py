"""Editing one schedule by itself. It is an entry of its job's document, and is written with that, as a version of the job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jobs.errors import ConflictError, FieldError, NotFoundError, OutOfDateError, ValidationError
from jobs.models import Job
from jobs.services.jobs import save_job
from jobs.services.origins import KeptInFileError
from scheduler.models import Schedule

DEFAULT_NAME = "default"

_TRIES = 10
"""At a job that others write at the same time."""

Entries = list[dict[str, Any]]


def create_schedule(*, job: Job, document: object, actor: str, expected_version: int | None = None) -> Schedule:
    """Add a schedule to a job.

    Args:
        job: Whose.
        document: As a person wrote it: what `scheduler.documents.parse_schedule` reads.
        actor: Who did it, for the event log.
        expected_version: The job's version that the writer saw; None for whatever stands there.

    Raises:
        ValidationError: The document was refused; the fields are the schedule's own, such as ``triggers.0.expression``.
        ConflictError: The job has a schedule of that name.
        OutOfDateError: It has another version than expected.
        NotFoundError: The job was deleted.
    """
    written, name = _object(document), _name_of(document)

    def add(entries: Entries) -> int:
        if _place(entries, name) is not None:
            raise ConflictError(f"{job.key} has a schedule {name!r} already")
        entries.append(written)
        return len(entries) - 1

    return _row(_edit(job, add, actor, expected_version), name)


def replace_schedule(
    *, schedule: Schedule, document: object, actor: str, expected_version: int | None = None
) -> Schedule:
    """Write a schedule anew, as a whole. Its name stays; what it has decided stays decided.

    Takes what `create_schedule` does.

    Raises:
        ValidationError: The document was refused.
        OutOfDateError: The job has another version than expected.
        NotFoundError: The schedule or its job was deleted.
    """
    written = {**_object(document), "name": schedule.name}
    return update_schedule(schedule=schedule, change=lambda _: written, actor=actor, expected_version=expected_version)


def update_schedule(
    *,
    schedule: Schedule,
    change: Callable[[Mapping[str, Any]], dict[str, Any]],
    actor: str,
    expected_version: int | None = None,
) -> Schedule:
    """Write a schedule anew from what it says now.

    Args:
        schedule: Which.
        change: From the schedule's document, as it was written, to what it is to be; asked again when others were faster.
        actor: Who did it, for the event log.
        expected_version: The job's version that the writer saw; None for whatever stands there.

    Raises:
        ValidationError: The document was refused.
        OutOfDateError: The job has another version than expected.
        NotFoundError: The schedule or its job was deleted.
    """

    def replace(entries: Entries) -> int:
        at = _find(entries, schedule)
        entries[at] = change(entries[at])
        return at

    return _row(_edit(schedule.job, replace, actor, expected_version), schedule.name)


def delete_schedule(*, schedule: Schedule, actor: str, expected_version: int | None = None) -> None:
    """Take a schedule out of its job, with what it has decided. The runs that it started stay.

    Raises:
        OutOfDateError: The job has another version than expected.
        NotFoundError: The schedule or its job was deleted.
    """

    def remove(entries: Entries) -> None:
        del entries[_find(entries, schedule)]

    _edit(schedule.job, remove, actor, expected_version)


def _edit(job: Job, change: Callable[[Entries], int | None], actor: str, expected_version: int | None) -> Job:
    """Write the job with its list of schedules changed; again from what stands there, when somebody else was faster.

    Not under a lock on the job: `save_job` locks its concurrency group first.
    """
    for left in reversed(range(_TRIES)):
        present = Job.objects.select_related("workspace").filter(pk=job.pk).first()
        if present is None:
            raise NotFoundError(f"{job.key} was deleted")
        if expected_version not in (None, present.version):
            raise OutOfDateError(_changed(present))
        entries = [dict(entry) for entry in present.schedules]
        at = change(entries)
        try:
            return _save(present, entries, at, actor)
        except KeptInFileError:
            raise
        except ConflictError as error:
            if expected_version is not None or not left:
                raise OutOfDateError(str(error)) from error
    raise AssertionError("the last try returns or raises")


def _changed(job: Job) -> str:
    return f"{job.key} was changed by somebody else: it has version {job.version}; read it again and repeat your change"


def _save(job: Job, entries: Entries, at: int | None, actor: str) -> Job:
    document = job.document() | {"schedules": entries}
    try:
        return save_job(workspace=job.workspace, document=document, actor=actor, expected_version=job.version)
    except ValidationError as error:
        raise ValidationError([_own(each, f"schedules.{at}") for each in error.errors]) from error


def _own(error: FieldError, prefix: str) -> FieldError:
    """What is wrong with the schedule that is edited is told by its own fields, all else by the job's."""
    if error.field == prefix or error.field.startswith(f"{prefix}."):
        return FieldError(error.field.removeprefix(prefix).removeprefix("."), error.message)
    return error


def _object(document: object) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise ValidationError([FieldError("", "expected an object with triggers")])
    return dict(document)


def _name_of(document: object) -> object:
    return document.get("name", DEFAULT_NAME) if isinstance(document, Mapping) else DEFAULT_NAME


def _place(entries: Entries, name: object) -> int | None:
    return next((at for at, entry in enumerate(entries) if _name_of(entry) == name), None)


def _find(entries: Entries, schedule: Schedule) -> int:
    at = _place(entries, schedule.name)
    if at is None:
        raise NotFoundError(f"schedule {schedule.name} was deleted meanwhile")
    return at


def _row(job: Job, name: object) -> Schedule:
    found = (
        Schedule.objects.select_related("job", "workspace", "principal")
        .defer("job__payload")
        .filter(job=job, name=name)
        .first()
    )
    if found is None:
        raise NotFoundError(f"schedule {name} was deleted meanwhile")
    return found
