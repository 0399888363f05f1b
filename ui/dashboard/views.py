"""The dashboard: is anything wrong?"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from ui import preferences
from ui.dashboard import drawings
from ui.dashboard.figures import board, day_begins
from ui.pages import WorkspacePage


class Figures(WorkspacePage):
    """``dashboard/figures/``: what is live of it."""

    area = "ui:dashboard"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """That part."""
        return self.part("ui/dashboard/figures.html", **self.told())

    def told(self) -> dict[str, Any]:
        """What the template needs."""
        found, zone = board(workspace=self.workspace, now=self.now), preferences.zone_of(self.request)
        since = day_begins(found.day).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "board": found,
            "day": found.whole_day,
            "payloads_done": found.whole_day.payloads_succeeded + found.whole_day.payloads_failed,
            "lateness": found.whole_day.lateness,
            "late_95": found.whole_day.lateness.percentile_ms(95),
            "of_day": drawings.by_state(self.workspace, found.day, zone=zone),
            "of_week": drawings.by_state_of_week(self.workspace, found.week, zone=zone),
            "throughput": drawings.throughput(found.day),
            "late_line": drawings.lateness(found.day),
            "is_new": not (any(hour.runs for hour in found.week) or found.is_busy or found.coming),
            "links": {
                "running": drawings.list_address("ui:runs", self.workspace, state="at_work"),
                "failed": drawings.list_address("ui:runs", self.workspace, state="failed", since=since),
                "queued": drawings.list_address("ui:runs", self.workspace, state="pending"),
                "late": drawings.list_address(
                    "ui:schedules", self.workspace, late="yes" if found.lateness.overdue else None
                ),
                "schedules": drawings.list_address("ui:schedules", self.workspace),
                "workers": drawings.list_address("ui:workers", self.workspace),
                "jobs": drawings.list_address("ui:jobs", self.workspace),
            },
        }


class Dashboard(Figures):
    """``/ui/w/<workspace>/``"""

    template = "ui/dashboard/dashboard.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The whole page."""
        return self.page(**self.told())
