"""Jobs as their list shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from jobs.models import Job, Workspace
from jobs.selectors.jobs import JobView
from jobs.selectors.origins import kept_names
from jobs.selectors.strips import Brief, newest_runs, success_rate
from jobs.states import JobState
from scheduler.selectors.followed import followed_jobs
from ui import words
from ui.jobs_manager import verbs
from ui.jobs_manager.verbs import Offered


@dataclass(frozen=True, slots=True)
class Bar:
    """A run in a strip."""

    address: str
    state: str
    title: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job with its last runs.

    Args:
        view: The job with its last run.
        bars: Its newest runs, the newest first.
        rate: The share of them that succeeded, from 0 to 1; None for none.
        verbs: What may be done to it now.
        datasource_verbs: What a worker may be asked to do with it outside any run.
        follows: The jobs after whose ends it runs, by key.
        is_kept: Whether a file keeps it, where it is changed.
    """

    view: JobView
    bars: list[Bar]
    rate: float | None
    verbs: list[Offered]
    datasource_verbs: list[Offered]
    follows: Sequence[str]
    is_kept: bool

    @property
    def job(self) -> Job:
        """The job."""
        return self.view.job

    @property
    def next_at(self) -> dt.datetime | None:
        """When a schedule runs it next; None while none does."""
        at: dt.datetime | None = self.view.beside.get("next_run_at")
        return at if self.job.state == JobState.ACTIVE else None


def job_rows(views: Sequence[JobView], *, workspace: Workspace, now: dt.datetime, may: Any) -> list[JobRow]:
    """The rows of some jobs, in three queries."""
    job_ids = [view.job.pk for view in views]
    found, follows = newest_runs(job_ids=job_ids), followed_jobs(job_ids=job_ids)
    kept = kept_names(workspace_id=workspace.pk, kind="job", names=[view.job.key for view in views])
    return [
        JobRow(
            view=view,
            bars=[_bar(run, workspace, now) for run in found.get(view.job.pk, [])],
            rate=success_rate(found.get(view.job.pk, [])),
            verbs=verbs.offered(view, may),
            datasource_verbs=verbs.offered_for_datasource(view, may),
            follows=follows.get(view.job.pk, []),
            is_kept=view.job.key in kept,
        )
        for view in views
    ]


def _bar(run: Brief, workspace: Workspace, now: dt.datetime) -> Bar:
    title = words.relative(run.created_at, now=now)
    if run.took is not None:
        title += f", {words.duration(run.took.total_seconds() * 1000)}"
    return Bar(reverse("ui:run", args=[workspace.slug, run.id]), run.state, title)
