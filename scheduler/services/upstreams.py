"""Which schedules wait for which jobs: derived from their documents, and without cycles."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.db import connection

from jobs.errors import FieldError, ValidationError
from jobs.models import Job, Workspace
from scheduler.documents import JobTrigger
from scheduler.models import Schedule, Upstream
from scheduler.selectors import cycle_through

_LOCK_JOBS = """
    SELECT j.type || ':' || j.name, j.id FROM jobs_job AS j
    WHERE j.id IN (
        SELECT unnest(%(ids)s::bigint[])
        UNION
        SELECT n.id FROM unnest(%(types)s::text[], %(names)s::text[]) AS k (type, name)
        JOIN jobs_job AS n ON n.workspace_id = %(workspace_id)s AND n.type = k.type AND n.name = k.name
    )
    ORDER BY j.id
    FOR KEY SHARE
"""


def prepare(workspace_id: int, documents: Sequence[Mapping[str, Any]], former: Sequence[Mapping[str, Any]]) -> None:
    """Before a job is written whose schedules wait, or waited, for other jobs: lock who waits for whom, ahead of the job's own row.

    Two who save at once could close a cycle that neither sees; and each would wait for the other's row.
    """
    if any(_names_jobs(document) for document in (*documents, *former)):
        _lock_graph(workspace_id)


def wait_for(row: Schedule, job: Job, *, at: int, triggers: Sequence[tuple[int, JobTrigger]]) -> None:
    """Write down which jobs a schedule waits for, in the transaction that writes its job.

    Args:
        row: The schedule.
        job: Its job, locked.
        at: The schedule's place in the job's list.
        triggers: With their places in the schedule's list.

    Raises:
        ValidationError: One of them does not exist, or waits, over others, for this one.
    """
    former = _upstream_ids(row)
    if triggers or former:
        _lock_graph(job.workspace_id)
    # Before the rows that point to them, as who deletes a job does.
    known = _lock_jobs(job.workspace_id, [key for _, trigger in triggers for key in trigger.jobs], former)
    row.upstreams.all().delete()
    for place_in_list, trigger in triggers:
        path = f"schedules.{at}.triggers.{place_in_list}.jobs"
        _refuse_unknown(trigger.jobs, known, job, path)
        Upstream.objects.bulk_create(
            Upstream(schedule=row, trigger=place_in_list, key=key, job_id=known[key]) for key in trigger.jobs
        )
        _refuse_cycle(job, path)
    _mark_awaited(job.workspace_id, former | _upstream_ids(row))


def wait_for_again(job: Job) -> None:
    """Schedules that waited for a job of this key, which was deleted, wait for this one."""
    waiting = Upstream.objects.filter(key=job.key, job=None, schedule__workspace_id=job.workspace_id)
    if waiting.update(job=job):
        Job.objects.filter(pk=job.pk).update(awaited=True)


def stop_waiting(row: Schedule) -> Callable[[], None]:
    """A schedule is to be deleted: call what is returned when that is done."""
    former = _upstream_ids(row)
    _lock_jobs(row.workspace_id, (), former)
    return lambda: _mark_awaited(row.workspace_id, former)


def _names_jobs(document: Mapping[str, Any]) -> bool:
    return any(trigger.get("type") == "job" for trigger in document.get("triggers", []))


def _upstream_ids(row: Schedule) -> set[int]:
    return {pk for pk in row.upstreams.values_list("job_id", flat=True) if pk is not None}


def _lock_graph(workspace_id: int) -> None:
    """Who waits for whom in a workspace changes under this lock."""
    Workspace.objects.select_for_update(no_key=True).only("pk").get(pk=workspace_id)


def _lock_jobs(workspace_id: int, keys: Sequence[str], ids: Collection[int]) -> dict[str, int]:
    """Keep these jobs from being deleted; the ids by key of those that are there."""
    if not keys and not ids:
        return {}
    types, names = zip(*(key.partition(":")[::2] for key in keys), strict=True) if keys else ((), ())
    with connection.cursor() as cursor:
        cursor.execute(
            _LOCK_JOBS,
            {"workspace_id": workspace_id, "types": list(types), "names": list(names), "ids": list(ids)},
        )
        return dict(cursor.fetchall())


def _refuse_unknown(keys: Sequence[str], known: Collection[str], job: Job, path: str) -> None:
    if job.key in keys:
        raise ValidationError([FieldError(path, f"{job.key} cannot wait for itself")])
    for key in keys:
        if key not in known:
            raise ValidationError([FieldError(path, f"the workspace has no job {key!r}")])


def _refuse_cycle(job: Job, path: str) -> None:
    cycle = cycle_through(job_id=job.pk)
    if cycle:
        raise ValidationError([FieldError(path, "these jobs would wait for each other: " + " -> ".join(cycle))])


def _mark_awaited(workspace_id: int, job_ids: Collection[int]) -> None:
    """Whether a run's end must look for schedules at all. By id, as all who lock several jobs do."""
    if job_ids:
        _lock_graph(workspace_id)  # or somebody else's new follower is not seen
    for pk in sorted(job_ids):
        awaited = Upstream.objects.filter(job_id=pk).exists()
        Job.objects.filter(pk=pk).exclude(awaited=awaited).update(awaited=awaited)
