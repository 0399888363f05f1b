"""Objects that are kept in files: refusing edits elsewhere, and releasing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from django.db import transaction

from jobs.errors import ConflictError, NotFoundError
from jobs.models import Event, Job, Origin, Workspace
from jobs.selectors.origins import origin_of, schedule_name, schedules_from_files
from jobs.services import audit

log = structlog.get_logger(__name__)


class KeptInFileError(ConflictError):
    """The object is written in a file: it is edited there, or released first."""


def reason(origin: Origin) -> str:
    """Why it cannot be edited, and what to do: a sentence without its full stop."""
    applied = f"applied at {origin.applied_at:%Y-%m-%d %H:%M:%S} UTC by {origin.applied_by or 'somebody'}"
    return (
        f"the {origin.kind} {origin.name} is kept in the file {origin.path} of the source {origin.source!r}, {applied}:"
        " change it there and apply that, or release it first"
    )


def refuse_edit(*, workspace_id: int, kind: str, name: str) -> None:
    """For who is about to change or delete an object and does not do so for its file.

    Raises:
        KeptInFileError: It is kept in one.
    """
    origin = origin_of(workspace_id=workspace_id, kind=kind, name=name)
    if origin is not None:
        raise KeptInFileError(reason(origin))


def refuse_edit_of_schedules(
    *, workspace_id: int, job_key: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> None:
    """The same for the schedules of a job that came alone: the others of its schedules may be edited.

    Raises:
        KeptInFileError: One that is kept in a file would be changed or would go.
    """
    present, wanted = _by_name(before), _by_name(after)
    changed = {name for name in present if present[name] != wanted.get(name)}
    if not changed:
        return
    kept = schedules_from_files(workspace_id=workspace_id, job_key=job_key)
    for name in sorted(changed & kept.keys()):
        raise KeptInFileError(reason(kept[name]))


def release(*, workspace: Workspace, kind: str, name: str, actor: str, note: str = "") -> None:
    """Let an object be edited everywhere again. The object stays as it is; its file, applied again, takes it back.

    Args:
        workspace: The owner.
        kind: ``job``, ``schedule``, ``sink``, ``concurrency_group`` or ``notice_rule``.
        name: The object's; a job's is its key, a schedule's is JOB/NAME.
        actor: Who does it, for the event log.
        note: Why.

    Raises:
        NotFoundError: There is no such object that is kept in a file.
    """
    with transaction.atomic():
        # Before the origin, as whoever applies files locks them.
        Workspace.objects.select_for_update(no_key=True).only("pk").get(pk=workspace.pk)
        origin = origin_of(workspace_id=workspace.pk, kind=kind, name=name)
        if origin is None:
            raise NotFoundError(f"no {kind} {name!r} of {workspace.slug} is kept in a file")
        origin.delete()
        data = {"name": name, "source": origin.source, "path": origin.path, "note": note}
        job = _job(workspace, kind, name)
        action = f"{kind}.released"
        Event.objects.create(workspace=workspace, job=job, kind=action, actor=actor, data=data)
        if (
            kind == "sink"
        ):  # What is said of sinks the database does not copy into the audit: their services write it there.
            audit.record(
                workspace_id=workspace.pk, action=action, target=f"sink {name}", before=None, after=data, actor=actor
            )
    log.info(f"{kind}.released", name=name, workspace=workspace.slug, source=origin.source, actor=actor)


def forget(*, workspace_id: int, kind: str, name: str) -> None:
    """An object was deleted, within this transaction: what comes under its name later is another one."""
    Origin.objects.filter(workspace=workspace_id, kind=kind, name=name).delete()
    if kind == "job":
        prefix = schedule_name(name, "")
        Origin.objects.filter(workspace=workspace_id, kind="schedule", name__startswith=prefix).delete()


def _by_name(schedules: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """With its name written out, so that one that leaves it out equals itself."""
    return {str(each.get("name", "default")): {"name": "default", **each} for each in schedules}


def _job(workspace: Workspace, kind: str, name: str) -> Job | None:
    """The job in whose history this belongs."""
    if kind not in ("job", "schedule"):
        return None
    job_type, _, rest = name.partition(":")
    return Job.objects.filter(workspace=workspace, type=job_type, name=rest.partition("/")[0]).only("pk").first()
