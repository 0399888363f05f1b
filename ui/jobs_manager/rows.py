"""Jobs as their list shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from jobs.models import Job, Workspace
from jobs.selectors.jobs import JobView
from jobs.selectors.strips import Brief, newest_runs, success_rate
from jobs.states import JobState
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
    """

    view: JobView
    bars: list[Bar]
    rate: float | None
    verbs: list[Offered]
    datasource_verbs: list[Offered]

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
    """The rows of some jobs, in one query."""
    found = newest_runs(job_ids=[view.job.pk for view in views])
    return [_row(view, found.get(view.job.pk, []), workspace, now, may) for view in views]


def _row(view: JobView, runs: Sequence[Brief], workspace: Workspace, now: dt.datetime, may: Any) -> JobRow:
    return JobRow(
        view,
        [_bar(run, workspace, now) for run in runs],
        success_rate(runs),
        verbs.offered(view, may),
        verbs.offered_for_datasource(view, may),
    )


def _bar(run: Brief, workspace: Workspace, now: dt.datetime) -> Bar:
    title = words.relative(run.created_at, now=now)
    if run.took is not None:
        title += f", {words.duration(run.took.total_seconds() * 1000)}"
    return Bar(reverse("ui:run", args=[workspace.slug, run.id]), run.state, title)
