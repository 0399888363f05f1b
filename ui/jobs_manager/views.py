"""The list of jobs, and a job's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from jobs.documents import JOB_TYPES
from jobs.models import Job, Origin
from jobs.selectors.events import list_job_events
from jobs.selectors.jobs import JobFilter, JobView, get_job, list_jobs
from jobs.selectors.origins import origin_of
from jobs.selectors.runs import RunFilter, list_runs
from jobs.states import JobState, RunState
from scheduler.selectors.schedule_pages import ScheduleFilter, schedules_by_next
from scheduler.selectors.schedules import ScheduleView
from ui.jobs_manager import bulk, retry_waits, verbs
from ui.jobs_manager.rows import JobRow, job_rows
from ui.listing import Filter, ListPage
from ui.looks import look
from ui.pages import WorkspacePage
from ui.places import May
from ui.pretty import pretty
from ui.standing import Standing

HISTORY = 20
_USUAL = {"priority": 0, "max_concurrent_requests": 5}
"""What a document says where nothing was said."""
SHOWN_PAYLOADS = 50
SUGGESTED = 20


class JobList(ListPage):
    """The jobs of a workspace by key, with how they are doing."""

    area = "ui:jobs"
    template = "ui/jobs_manager/list.html"
    rows_template = "ui/jobs_manager/list_rows.html"
    types: Sequence[str] = JOB_TYPES

    def choices(self) -> Sequence[Filter]:
        """(The datasources' own list has no choice of types.)"""
        types = [] if len(self.types) == 1 else [Filter("type", _("Type"), [(each, each) for each in self.types])]
        return (
            Filter("search", _("Search"), kind="search", hint=_("type:name, description or tag")),
            *types,
            Filter("state", _("State"), [(each.value, look(each).word) for each in JobState]),
            Filter("last", _("Last run"), [(each.value, look(each).word) for each in RunState]),
            Filter("tag", _("Tag")),
        )

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[JobRow]:
        """In four queries."""
        only = self.types[0] if len(self.types) == 1 else values["type"] or None
        wanted = JobFilter(
            type=only,
            state=values["state"] or None,
            tag=values["tag"] or None,
            search=values["search"] or None,
            last=values["last"] or None,
        )
        behind = after.split(":", 1) if ":" in after else None
        views = list_jobs(workspace=self.workspace, limit=limit, after=behind, wanted=wanted)
        return job_rows(views, workspace=self.workspace, now=self.now, may=May(self.access.role))

    def cursor(self, row: JobRow) -> str:
        """Its key."""
        return row.job.key

    def more(self, listed: Any) -> dict[str, Any]:
        """What a row needs, and what may be done to many: to all that fit too, where a bulk action knows the filters."""
        values = {each.filter.name: each.value for each in listed.filters}
        wanted = {name: values[name] for name in bulk.FILTERS if values.get(name)}
        if len(self.types) == 1:
            wanted["type"] = self.types[0]
        bulk_filter = {} if values.get("last") else wanted
        return {
            "now": self.now,
            "bulk_verbs": [(n, w.word) for n, w in bulk.WHATS.items() if self.may(bulk.role_for(n))],
            "bulk_filter": bulk_filter,
        }


class DatasourceList(JobList):
    """Datasource jobs, which are made here."""

    area = "ui:datasources"
    template = "ui/jobs_manager/datasources.html"
    types = ("datasource",)


class JobKeys(WorkspacePage):
    """The keys of jobs that fit what is being typed into a field."""

    def get(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        """Some of them."""
        asked = request.GET.get("job", "").replace("\0", "").strip()
        found = list_jobs(workspace=self.workspace, limit=SUGGESTED, wanted=JobFilter(search=asked or None))
        return self.part("ui/jobs_manager/keys.html", keys=[view.job.key for view in found])


class JobPage(WorkspacePage):
    """Whatever is about one job."""

    @property
    def area(self) -> str:  # type: ignore[override]
        """Datasources have a page of their own."""
        return "ui:datasources" if self.kwargs["key"].startswith("datasource:") else "ui:jobs"

    @cached_property
    def view(self) -> JobView:
        """The job of the address. Raises NotFoundError."""
        return get_job(workspace=self.workspace, key=self.kwargs["key"])

    @property
    def job(self) -> Job:
        """The same."""
        return self.view.job

    @property
    def place(self) -> list[Any]:
        """The arguments of its addresses."""
        return [self.workspace.slug, self.job.key]

    @cached_property
    def origin(self) -> Origin | None:
        """The file that keeps it, None for none."""
        return origin_of(workspace_id=self.workspace.pk, kind="job", name=self.job.key)

    def head(self) -> dict[str, Any]:
        """What each page of the job needs."""
        may = May(self.access.role)
        return {
            "job": self.job,
            "row": job_rows([self.view], workspace=self.workspace, now=self.now, may=may)[0],
            "may_run": verbs.may_run(self.view, may),
            "origin": self.origin,
        }


class JobDetail(JobPage):
    """A job: how it is doing, what it does, when, and where its results go."""

    template = "ui/jobs_manager/job.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """In some ten queries."""
        job = self.job
        runs = list_runs(workspace=self.workspace, limit=HISTORY, wanted=RunFilter(job_key=job.key))
        configuration = job.configuration
        return self.page(
            **self.head(),
            runs=[Standing(view, self.now) for view in runs],
            payloads=job.payload[:SHOWN_PAYLOADS],
            payload_count=len(job.payload),
            configuration=pretty(
                {name: value for name, value in configuration.items() if value not in ({}, None, _USUAL.get(name))}
            ),
            waits=retry_waits.drawn(configuration.get("retry")),
            schedules=self._schedules(),
            sinks=[_sink(entry) for entry in job.sinks],
            metadata=pretty(job.metadata),
            events=list_job_events(job_id=job.pk, limit=HISTORY),
        )

    def _schedules(self) -> list[ScheduleView]:
        """What runs it and when, the next first."""
        wanted = ScheduleFilter(job_key=self.job.key)
        return schedules_by_next(workspace=self.workspace, wanted=wanted, limit=HISTORY, now=self.now)


def _sink(entry: Mapping[str, Any]) -> tuple[str, str]:
    """How the job knows it, and of what kind it is; the latter is empty for a sink of the workspace."""
    name = entry.get("name") or entry.get("sink") or entry.get("kind") or ""
    return str(name), "" if entry.get("sink") else str(entry.get("kind", ""))
