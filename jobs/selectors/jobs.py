"""Reading jobs with their last runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from jobs import extensions
from jobs.errors import NotFoundError
from jobs.models import Job, Workspace
from jobs.selectors import runs
from jobs.selectors.runs import RunView


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as readers see it. In lists the job's payload, sinks and schedules are not loaded."""

    job: Job
    last_run: RunView | None
    besides: dict[str, Any] = field(default_factory=dict)
    """What the apps above say of it, JSON-ready by name: when it runs next."""


def find_job(*, workspace: Workspace, key: str) -> Job:
    """The job of that key, in one query. Raises NotFoundError, also for another workspace's.

    Its payload list, which may have megabytes, is loaded when it is asked for.
    """
    return _one(Job.objects.defer("payload"), workspace, key)


def find_job_to_trigger(*, workspace: Workspace, key: str) -> Job:
    """The same with as much of it as starting a run reads: a trigger is asked for hundreds of times a second."""
    read = ("workspace", "type", "name", "state", "state_change", "configuration", "max_runs")
    return _one(Job.objects.only(*read), workspace, key)


def get_job(*, workspace: Workspace, key: str) -> JobView:
    """The whole job of that key with its last run, in four queries at most. Raises NotFoundError as `find_job` does."""
    return job_view(_one(Job.objects.all(), workspace, key))


def job_view(job: Job) -> JobView:
    """A job with its last run, in three queries at most."""
    return _views([job])[0]


def list_jobs(*, workspace: Workspace, limit: int, after: str | None = None) -> list[JobView]:
    """A page of jobs by key, without payloads, sinks and schedules, in four queries at most.

    Args:
        workspace: Whose.
        limit: The most to return.
        after: The key of the last job of the page before; None for the first page.
    """
    jobs = Job.objects.filter(workspace=workspace)
    if after is not None:
        job_type, _, name = after.partition(":")
        jobs = jobs.filter(Q(type=job_type, name__gt=name) | Q(type__gt=job_type))
    return _views(list(jobs.defer("payload", "sinks", "schedules").order_by("type", "name")[:limit]))


def versions(*, workspace: Workspace) -> dict[str, int]:
    """The version of every job of a workspace by key, in one query."""
    rows = Job.objects.filter(workspace=workspace).values_list("type", "name", "version")
    return {f"{job_type}:{name}": version for job_type, name, version in rows}


def _views(jobs: Sequence[Job]) -> list[JobView]:
    ids = [job.pk for job in jobs]
    last = runs.last_runs(job_ids=ids)
    told = [extension.of_jobs(ids) for extension in extensions.all_extensions()]
    return [
        JobView(job, last.get(job.pk), {name: value for each in told for name, value in each.get(job.pk, {}).items()})
        for job in jobs
    ]


def _one(jobs: QuerySet[Job], workspace: Workspace, key: str) -> Job:
    job_type, _, name = key.partition(":")
    job = jobs.filter(workspace=workspace, type=job_type, name=name).first()
    if job is None:
        raise NotFoundError(f"there is no job {key!r} in {workspace.slug}")
    return job
