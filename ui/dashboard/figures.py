"""What the dashboard shows, read from the totals and from what is going on: a constant number of queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from jobs.models import Workspace
from jobs.selectors.metrics import standing, totals
from jobs.selectors.metrics.standing import Standing, Worker
from jobs.selectors.metrics.totals import Step, Totals
from jobs.selectors.metrics.window import DAY, last
from ui.charts import Column, Part, Stacked


@dataclass(frozen=True, slots=True)
class Board:
    """All of it, for the template."""

    standing: Standing
    day: Totals
    chart: Stacked
    workers: list[Worker]


def board(*, workspace: Workspace, now: dt.datetime) -> Board:
    """Read it."""
    window = last(DAY, now=now)
    day, _until = totals.total(workspace=workspace, window=window)
    hours = totals.by_step(workspace=workspace, window=window, step=Step.HOUR)
    return Board(
        standing=standing.standing(workspace=workspace),
        day=day,
        chart=Stacked(_("Runs by state, hour by hour"), [_column(hour) for hour in hours.totals], unit=_("runs")),
        workers=standing.workers(workspace=workspace, now=now),
    )


def _column(total: Totals) -> Column:
    start = dt.datetime.fromisoformat(total.key)
    parts = [
        Part("green", total.succeeded, _("completed")),
        Part("red", total.failed, _("failed")),
        Part("violet", total.cancelled, _("cancelled")),
    ]
    return Column(f"{start:%H:%M} UTC", parts)
