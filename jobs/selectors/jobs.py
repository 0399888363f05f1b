"""Reading jobs with their last runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from operator import or_
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat

from jobs import extensions
from jobs.errors import NotFoundError
from jobs.models import Job, Run, Workspace
from jobs.selectors import runs
from jobs.selectors.ordering import Ordering, in_order
from jobs.selectors.rows import Rows, fetched
from jobs.selectors.run_views import RunView


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as readers see it. ``beside`` is what the apps above tell of it, by name."""

    job: Job
    last_run: RunView | None
    beside: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs are meant; None for any.

    Args:
        type: Of this type.
        state: In this state.
        tag: With this among their tags.
        group: Of the concurrency group of this name.
        search: With this in their name, key (with the colon), description or tags, however it is capitalised.
        last: Whose newest run is in this state.
    """

    type: str | None = None
    state: str | None = None
    tag: str | None = None
    group: str | None = None
    search: str | None = None
    last: str | None = None


BY_KEY = Ordering(("type", "name"))
ANY_JOB = JobFilter()
REST = ("payload", "sinks", "schedules")
"""Of a job's document, what may be long and is read for a list only if it is asked for."""
_UNLISTED = (
    "awaited",
    "group_id",
    "max_lanes",
    "max_runs",
    "priority",
    "queue",
    "rate_interval_ms",
    "run_timeout",
    "start_timeout",
)
"""What no list of jobs tells."""

_TRIGGERED = Rows(
    Job, only=("id", "workspace_id", "type", "name", "state", "state_change", "configuration", "max_runs")
)
_TO_TRIGGER = f"""
    SELECT {_TRIGGERED.selected("j")} FROM jobs_job AS j WHERE workspace_id = %s AND type = %s AND name = %s
"""  # noqa: S608 - of names of columns


def find_job(*, workspace: Workspace, key: str) -> Job:
    """The job of that key, in one query. Raises NotFoundError, also for another workspace's.

    Its payload list, which may have megabytes, is loaded when it is asked for.
    """
    return _one(Job.objects.defer("payload"), workspace, key)


def find_job_to_trigger(*, workspace: Workspace, key: str) -> Job:
    """The same with as much of it as starting a run reads: a trigger is asked for hundreds of times a second."""
    job_type, _, name = key.partition(":")
    for row in fetched(_TO_TRIGGER, [workspace.pk, job_type, name]):
        return _TRIGGERED.instance(row)
    raise _unknown(workspace, key)


def get_job(*, workspace: Workspace, key: str) -> JobView:
    """The whole job of that key with its last run, in four queries at most. Raises NotFoundError as `find_job` does."""
    return job_view(_one(Job.objects.all(), workspace, key))


def job_view(job: Job) -> JobView:
    """A job with its last run, in one query, and with what the apps above tell of it."""
    return _viewed([job])[0]


def list_jobs(
    *,
    workspace: Workspace,
    limit: int,
    after: Sequence[Any] | None = None,
    wanted: JobFilter = ANY_JOB,
    ordering: Ordering = BY_KEY,
    load: Collection[str] = (),
) -> list[JobView]:
    """A page of jobs in two queries, and those of the apps above.

    Args:
        workspace: Whose.
        limit: The most to return.
        after: What the last job of the page before has in the ordering's columns; None for the first page.
        wanted: Which of them.
        ordering: `BY_KEY`, or by one of its times and its id.
        load: What of `REST` is read with them.
    """
    jobs = _wanted(Job.objects.filter(workspace=workspace), wanted)
    page = in_order(jobs, ordering, after=after, limit=limit)
    return _viewed(_listed(frozenset(load)).in_order(page.values("pk")))


def find_ids(*, workspace: Workspace, wanted: JobFilter, limit: int) -> list[int]:
    """The ids of the jobs meant, up to ``limit``, in order, in one query."""
    return list(
        _wanted(Job.objects.filter(workspace=workspace), wanted).order_by("pk").values_list("pk", flat=True)[:limit]
    )


@cache
def _listed(load: frozenset[str]) -> Rows[Job]:
    return Rows(Job, but=(*_UNLISTED, *(set(REST) - load)))


def _wanted(jobs: QuerySet[Job], wanted: JobFilter) -> QuerySet[Job]:
    equal = {
        "type": wanted.type,
        "state": wanted.state,
        "tags__contains": wanted.tag and [wanted.tag],
        "group__name": wanted.group,
    }
    jobs = jobs.filter(**{column: value for column, value in equal.items() if value is not None})
    if wanted.last is not None:
        newest = Run.objects.filter(job=OuterRef("pk")).order_by("-pk").values("state")[:1]
        jobs = jobs.annotate(last_state=Subquery(newest)).filter(last_state=wanted.last)
    if wanted.search is not None:
        # A type alone would find all of its jobs: it is looked at where a colon says that it is one.
        named = Concat("type", Value(":"), "name") if ":" in wanted.search else F("name")
        found = [Q((f"{place}__icontains", wanted.search)) for place in ("named", "description", "tags")]
        jobs = jobs.alias(named=named).filter(reduce(or_, found))
    return jobs


def _viewed(jobs: Sequence[Job]) -> list[JobView]:
    ids = [job.pk for job in jobs]
    last = runs.last_runs(job_ids=ids)
    beside: dict[int, dict[str, Any]] = {}
    for extension in extensions.all_extensions():
        for job_id, told in extension.of_jobs(ids).items():
            beside.setdefault(job_id, {}).update(told)
    return [JobView(job, last.get(job.pk), beside.get(job.pk, {})) for job in jobs]


def versions(*, workspace: Workspace) -> dict[str, int]:
    """The version of every job of a workspace by key, in one query."""
    rows = Job.objects.filter(workspace=workspace).values_list("type", "name", "version")
    return {f"{job_type}:{name}": version for job_type, name, version in rows}


def _one(jobs: QuerySet[Job], workspace: Workspace, key: str) -> Job:
    job_type, _, name = key.partition(":")
    job = jobs.filter(workspace=workspace, type=job_type, name=name).first()
    if job is None:
        raise _unknown(workspace, key)
    return job


def _unknown(workspace: Workspace, key: str) -> NotFoundError:
    return NotFoundError(f"there is no job {key!r} in {workspace.slug}")
