"""The load to come of a workspace, as its schedules stand: a page behind the list of schedules and each schedule's page."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from jobs.admin.scope import WorkspaceAdmin, workspaces
from jobs.models import Role, Workspace
from scheduler.load import HourLoad
from scheduler.models import Schedule
from scheduler.selectors.firing import MOST_DAYS
from scheduler.selectors.simulations import DAYS, simulate


class SimulationForm(forms.Form):
    """Which workspace, and how far ahead."""

    workspace = forms.ModelChoiceField(queryset=Workspace.objects.none(), to_field_name="slug", empty_label=None)
    days = forms.IntegerField(min_value=1, max_value=MOST_DAYS, initial=DAYS)


class SimulationPages(WorkspaceAdmin[Schedule]):
    """The page with the load."""

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and this one."""
        view = self.admin_site.admin_view(self.simulation_view)
        return [path("simulation/", view, name="scheduler_schedule_simulation"), *super().get_urls()]

    def simulation_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for whom and how far, and show it."""
        own = workspaces(request, Role.VIEWER).order_by("slug")
        first = own.first()
        if first is None:
            raise Http404("you have no workspace")
        form = SimulationForm({"workspace": first.slug, "days": DAYS} | request.GET.dict())
        form.fields["workspace"].queryset = own  # type: ignore[attr-defined]
        context = self.admin_site.each_context(request) | {"title": "Load to come", "form": form}
        if form.is_valid():
            context |= of_workspace(form.cleaned_data["workspace"], days=form.cleaned_data["days"], now=timezone.now())
        return TemplateResponse(request, "admin/scheduler/schedule/simulation.html", context)


def of_workspace(workspace: Workspace, *, days: int, now: dt.datetime) -> dict[str, Any]:
    """What the page shows: the load, and its hours by day, each with how high its bars stand, from 0 to 100."""
    load = simulate(workspace=workspace, now=now, days=days)
    most_fires = max((hour.fires for hour in load.hours), default=0)
    most_runs = max((hour.concurrency for hour in load.hours), default=0.0)
    by_day = itertools.groupby(load.hours, key=lambda hour: hour.start.date())
    rows = [_day(day, list(hours), most_fires=most_fires, most_runs=most_runs) for day, hours in by_day]
    most = at_once(load.busiest.concurrency if load.busiest else 0)
    return {"load": load, "days": rows, "chosen": workspace, "most": most}


def at_once(runs: float) -> str:
    """How many runs are expected at once, on average over an hour: ``less than one run``, ``2.4 runs``."""
    if runs < 1:
        return "less than one run"
    return "1 run" if runs == 1 else f"{runs:g} runs"


def _day(day: dt.date, hours: list[HourLoad], *, most_fires: int, most_runs: float) -> dict[str, Any]:
    return {
        "day": day,
        "fires": sum(hour.fires for hour in hours),
        "most_at_once": at_once(max(hour.concurrency for hour in hours)),
        "before": range(hours[0].start.hour),
        "hours": [
            {
                "load": hour,
                "at_once": at_once(hour.concurrency),
                "fires": _share(hour.fires, most_fires),
                "runs": _share(hour.concurrency, most_runs),
            }
            for hour in hours
        ],
    }


def _share(value: float, most: float) -> int:
    """In per cent; what is there at all is seen."""
    return max(4, round(100 * value / most)) if value else 0
