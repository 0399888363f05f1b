"""The load to come as a heat map: a row a day, a cell an hour."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from scheduler.load import HourLoad
from scheduler.selectors.simulations import DAYS, simulate
from ui.pages import WorkspacePage
from ui.preferences import zone_of

FIRES, RUNS = "fires", "runs"
MEASURES = ((FIRES, _("Fires in an hour")), (RUNS, _("Runs at once")))
SHADES = 6
"""From nothing (0) to the most."""
HOURS = range(24)
MAP = "heat"
"""The id of the element that holds the map."""


@dataclass(frozen=True, slots=True)
class HeatCell:
    """An hour of the clock; ``shade`` is 0 to `SHADES` - 1. In autumn one stands for both passes of an hour."""

    hour: int
    fires: int
    runs: float
    shade: int
    shown: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A day; ``cells`` are None for hours that lie before the beginning or after the end, or that the clocks skip."""

    day: dt.date
    cells: Sequence[HeatCell | None]
    fires: int


class LoadPage(WorkspacePage):
    """``schedules/load/?measure=fires``: at once without the map, which takes up to a second and is asked for by itself."""

    template = "ui/scheduling/load.html"
    area = "ui:schedules"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The page; with ``whole``, for browsers without scripts, the map in it; or the map alone."""
        measure = RUNS if request.GET.get("measure") == RUNS else FIRES
        told: dict[str, Any] = {"measure": measure, "days": DAYS, "measures": MEASURES, "tab": "load"}
        if request.headers.get("HX-Target") == MAP:
            return self.part("ui/scheduling/heat.html", **told, **self._map(measure))
        if "whole" in request.GET:
            return self.page(whole=True, **told, **self._map(measure))
        return self.page(**told)

    def _map(self, measure: str) -> dict[str, Any]:
        zone = zone_of(self.request)
        load = simulate(workspace=self.workspace, now=self.now, days=DAYS)
        return {
            "load": load,
            "zone": zone.key,
            "rows": heat_rows(load.hours, zone=zone, measure=measure),
            "hours": HOURS,
            "shades": range(SHADES),
            "busiest": load.busiest,
        }


def heat_rows(hours: Sequence[HourLoad], *, zone: ZoneInfo, measure: str) -> list[HeatRow]:
    """The hours by the day and the hour that a clock shows; their shades go by the measure."""
    by_clock: dict[dt.date, dict[int, list[HourLoad]]] = defaultdict(lambda: defaultdict(list))
    for each in hours:
        there = each.start.astimezone(zone)
        by_clock[there.date()][there.hour].append(each)
    most = max((_value(found, measure) for day in by_clock.values() for found in day.values()), default=0)
    return [
        HeatRow(
            day,
            [_cell(hour, found[hour], measure, most) if hour in found else None for hour in HOURS],
            sum(each.fires for loads in found.values() for each in loads),
        )
        for day, found in by_clock.items()
    ]


def _cell(hour: int, loads: Sequence[HourLoad], measure: str, most: float) -> HeatCell:
    value = _value(loads, measure)
    shade = 0 if not value else min(SHADES - 1, 1 + int((SHADES - 1) * value / most))
    fires, runs = sum(each.fires for each in loads), max(each.concurrency for each in loads)
    return HeatCell(hour, fires, runs, shade, _short(value))


def _value(loads: Sequence[HourLoad], measure: str) -> float:
    if measure == FIRES:
        return sum(each.fires for each in loads)
    return max(each.concurrency for each in loads)


def _short(value: float) -> str:
    """In three or four characters: ``0.25``, ``12``, ``3k``, ``2M``."""
    if not value:
        return ""
    if value < 10:
        return f"{value:.2g}"
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:.2g}{unit}" if value < 100 * size else f"{value / size:.0f}{unit}"
    return f"{value:.0f}"
