"""Jobs, with their schedules and sinks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Q, QuerySet

from jobs.documents import JobDocument, refuse
from jobs.errors import ValidationError
from jobs.models import Job, Workspace
from jobs.services import activation
from jobs.services.jobs import delete_job, save_job
from manifests.documents import Wanted
from manifests.objects.base import Present


class Jobs:
    """See `manifests.objects.base.Objects`."""

    def present(self, *, workspace: Workspace, names: Collection[str], lock: bool) -> dict[str, Present]:
        """By key."""
        return {
            job.key: Present(job.document(), str(job.version))
            for job in rows(workspace=workspace, keys=names, lock=lock)
        }

    def everything(self, *, workspace: Workspace) -> dict[str, dict[str, Any]]:
        """By key."""
        found = Job.objects.filter(workspace=workspace).order_by("type", "name")
        return {job.key: job.document() for job in found.iterator(chunk_size=100)}

    def save(self, *, workspace: Workspace, wanted: Wanted, actor: str) -> None:
        """Through the service that the API writes through; a new one begins as active, and must have all that it needs."""
        document = wanted.job
        assert document is not None
        is_new = not rows(workspace=workspace, keys=[wanted.name], lock=False).exists()
        missing = activation.missing_at_hand(workspace_id=workspace.pk, document=document) if is_new else []
        try:
            save_job(workspace=workspace, document=document, actor=actor, checked=True, from_file=True)
        except ValidationError as error:
            refuse([*missing, *error.errors])
        refuse(missing)

    def delete(self, *, workspace: Workspace, name: str, actor: str) -> None:
        """The same."""
        job = rows(workspace=workspace, keys=[name], lock=False).first()
        if job is not None:
            delete_job(job=job, actor=actor, from_file=True)


def rows(*, workspace: Workspace, keys: Collection[str], lock: bool, to_delete: bool = False) -> QuerySet[Job]:
    """The jobs of these keys by id, the order in which all who lock several do. ``to_delete``: locked as for that."""
    wanted = Q(pk__in=[])
    for job_type, names in _by_type(keys).items():
        wanted |= Q(type=job_type, name__in=names)
    found = Job.objects.filter(wanted, workspace=workspace).order_by("pk")
    return found.select_for_update(no_key=not to_delete) if lock else found


def in_order(documents: Iterable[Wanted]) -> list[Wanted]:
    """Each job after those whose ends its schedules wait for; who wait for each other in their own order, to be refused."""
    left = {each.name: each for each in documents}
    found: list[Wanted] = []
    while left:
        free = [name for name, each in left.items() if not _awaited(each.job) & (left.keys() - {name})]
        for name in free or list(left):
            found.append(left.pop(name))
    return found


def awaited_by(wanted: Wanted) -> set[str]:
    """The keys of the jobs that a job's or a schedule's triggers wait for."""
    schedules = [wanted.document] if wanted.kind == "schedule" else wanted.document.get("schedules", [])
    return _upstreams(schedules)


def _awaited(job: JobDocument | None) -> set[str]:
    return set() if job is None else _upstreams(job.schedules)


def _upstreams(schedules: Iterable[dict[str, Any]]) -> set[str]:
    triggers = (trigger for schedule in schedules for trigger in schedule.get("triggers", ()))
    return {key for trigger in triggers if trigger.get("type") == "job" for key in trigger.get("jobs", ())}


def _by_type(keys: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key in keys:
        job_type, _, name = key.partition(":")
        found.setdefault(job_type, []).append(name)
    return found
