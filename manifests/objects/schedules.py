"""Schedules that are kept in a file without their jobs. They are entries of their jobs, and written as versions of these."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from jobs.errors import FieldError, NotFoundError, ValidationError
from jobs.models import Job, Workspace
from jobs.selectors.jobs import find_job
from jobs.selectors.origins import schedule_name
from jobs.services.jobs import save_job
from manifests.documents import Wanted, digest
from manifests.objects.base import Present
from manifests.objects.jobs import rows

Entries = list[dict[str, Any]]


class Schedules:
    """See `manifests.objects.base.Objects`."""

    def present(self, *, workspace: Workspace, names: Collection[str], lock: bool) -> dict[str, Present]:
        """By JOB/NAME. Their jobs count versions, also for other changes: what they say stands for it."""
        keys = {name.partition("/")[0] for name in names}
        found = {
            schedule_name(job.key, entry["name"]): entry
            for job in rows(workspace=workspace, keys=keys, lock=lock).defer("payload")
            for entry in _entries(job)
        }
        return {name: Present(found[name], digest(found[name])) for name in names if name in found}

    def everything(self, *, workspace: Workspace) -> dict[str, dict[str, Any]]:
        """None: they are exported with their jobs."""
        return {}

    def save(self, *, workspace: Workspace, wanted: Wanted, actor: str) -> None:
        """In its place in its job's list; at the end when it is new."""
        key, _, name = wanted.name.partition("/")
        entries = self._entries(workspace, key)
        at = next((at for at, entry in enumerate(entries) if entry["name"] == name), len(entries))
        entries[at : at + 1] = [wanted.document]
        self._write(workspace, key, entries, at, actor)

    def delete(self, *, workspace: Workspace, name: str, actor: str) -> None:
        """Out of its job's list."""
        key, _, own = name.partition("/")
        if not rows(workspace=workspace, keys=[key], lock=False).exists():
            return
        entries = self._entries(workspace, key)
        self._write(workspace, key, [entry for entry in entries if entry["name"] != own], None, actor)

    def _entries(self, workspace: Workspace, key: str) -> Entries:
        try:
            return _entries(find_job(workspace=workspace, key=key))
        except NotFoundError as error:
            raise ValidationError([FieldError("job", f"the workspace has no job {key!r}")]) from error

    def _write(self, workspace: Workspace, key: str, entries: Sequence[Any], at: int | None, actor: str) -> None:
        job = find_job(workspace=workspace, key=key)
        document = job.document() | {"schedules": list(entries)}
        try:
            save_job(workspace=workspace, document=document, actor=actor, from_file=True)
        except ValidationError as error:
            raise ValidationError([_own(each, f"schedules.{at}.") for each in error.errors]) from error


def _entries(job: Job) -> Entries:
    return [{"name": "default", **entry} for entry in job.schedules]


def _own(error: FieldError, prefix: str) -> FieldError:
    return FieldError(error.field.removeprefix(prefix), error.message)
