"""The dashboard's figures as charts, each column with the address of the runs that it counts."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from jobs.models import Workspace
from jobs.selectors.metrics.totals import Totals
from jobs.selectors.metrics.window import HOUR
from ui.charts import Column, Line, Part, Stacked
from ui.dashboard.figures import combined

HOURS_A_COLUMN = 6
"""Of the chart of a week."""


def list_address(name: str, workspace: Workspace, **filters: object) -> str:
    """A list with filters; empty for a page that there is not."""
    try:
        path = reverse(name, args=[workspace.slug])
    except NoReverseMatch:
        return ""
    query = urlencode({key: str(value) for key, value in filters.items() if value not in (None, "")})
    return f"{path}?{query}" if query else path


def by_state(workspace: Workspace, hours: Sequence[Totals], *, zone: zoneinfo.ZoneInfo) -> Stacked:
    """How many runs ended how, hour by hour."""
    return Stacked(
        _("Runs by state, hour by hour"), [_column(workspace, [hour], zone, "%H:%M") for hour in hours], unit=_("runs")
    )


def by_state_of_week(workspace: Workspace, hours: Sequence[Totals], *, zone: zoneinfo.ZoneInfo) -> Stacked:
    """The same, `HOURS_A_COLUMN` at once."""
    groups = [hours[n : n + HOURS_A_COLUMN] for n in range(0, len(hours), HOURS_A_COLUMN)]
    columns = [_column(workspace, group, zone, "%a %H:%M") for group in groups]
    return Stacked(_("Runs by state, over 7 days"), columns, unit=_("runs"))


def throughput(hours: Sequence[Totals]) -> Line:
    """Payloads that were done, hour by hour."""
    values = [hour.payloads_succeeded + hour.payloads_failed for hour in hours]
    return Line(_("Payloads an hour, over 24 hours"), values)


def lateness(hours: Sequence[Totals]) -> Line:
    """How late the runs of schedules began, in the mean of each hour, in milliseconds."""
    return Line(_("Mean lateness, over 24 hours"), [hour.lateness.mean_ms for hour in hours], tone="orange")


def _column(workspace: Workspace, hours: Sequence[Totals], zone: zoneinfo.ZoneInfo, form: str) -> Column:
    begun, total = dt.datetime.fromisoformat(hours[0].key), combined(hours)
    parts = [
        Part("green", total.succeeded, _("completed")),
        Part("red", total.failed, _("failed")),
        Part("violet", total.cancelled, _("cancelled")),
    ]
    until = begun + len(hours) * HOUR
    address = list_address("ui:runs", workspace, state="over", since=_plain(begun), until=_plain(until))
    return Column(begun.astimezone(zone).strftime(form), parts, address if total.runs else "")


def _plain(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
