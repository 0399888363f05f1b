"""The calendar: what fired and what will, by month, week and day, on the reader's clock or on another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format

from jobs.errors import ValidationError
from scheduler.selectors.calendars import Calendar, Count, calendar
from scheduler.selectors.schedule_pages import job_keys
from scheduler.triggers.zones import zone_named
from ui.pages import WorkspacePage
from ui.preferences import zone_of
from ui.scheduling.calendar_grid import Grid, Span, grid, read_day, read_span
from ui.scheduling.editing import OFFERED_JOBS

SHOWN = {Span.MONTH: 4, Span.WEEK: 14, Span.DAY: 40}
"""Schedules in one cell; the rest is told by its number."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch with what happens in it.

    Args:
        day: Its day.
        label: What it is called: the day of the month, or the hour.
        entries: What is shown.
        more: How many schedules are not.
        fires: All fire times of all schedules.
        is_now: Whether now is within.
        is_beside: Whether it belongs to another month.
    """

    day: dt.date
    label: str
    entries: Sequence[Entry]
    more: int
    fires: int
    is_now: bool
    is_beside: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A schedule in a cell: its first time on the clock, and how many there are. ``tone`` is one of `ui.looks`."""

    count: Count
    time: str
    tone: str


class CalendarPage(WorkspacePage):
    """``schedules/calendar/?span=month&day=2026-11-23&job=&zone=``"""

    template = "ui/scheduling/calendar.html"
    area = "ui:schedules"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The cells of it."""
        zone = self._zone()
        today = self.now.astimezone(zone).date()
        shown = grid(
            span=read_span(_asked(request, "span")), day=read_day(_asked(request, "day"), today=today), zone=zone
        )
        job = _asked(request, "job")
        found = calendar(workspace=self.workspace, edges=shown.edges, now=self.now, job_key=job or None)
        cells = self._cells(shown, found, zone)
        return self.page(
            tab="calendar",
            grid=shown,
            title=_title(shown),
            weeks=[cells[at : at + 7] for at in range(0, len(cells), 7)],
            cells=cells,
            found=found,
            zone=zone,
            job=job,
            today=today,
            spans=list(Span),
            jobs=job_keys(workspace=self.workspace, limit=OFFERED_JOBS),
            is_empty=not any(cell.fires for cell in cells),
        )

    def _zone(self) -> ZoneInfo:
        try:
            return zone_named(_asked(self.request, "zone"))
        except ValidationError:
            return zone_of(self.request)

    def _cells(self, shown: Grid, found: Calendar, zone: ZoneInfo) -> list[Cell]:
        most = SHOWN[shown.span]
        return [
            Cell(
                day=day,
                label=start.astimezone(zone).strftime("%H:%M") if shown.span == Span.DAY else str(day.day),
                entries=[_entry(count, zone) for count in counts[:most]],
                more=max(0, len(counts) - most),
                fires=sum(count.total for count in counts),
                is_now=start <= self.now < end,
                is_beside=shown.span == Span.MONTH and day.month != shown.day.month,
            )
            for day, start, end, counts in zip(
                shown.days, shown.edges[:-1], shown.edges[1:], found.stretches, strict=True
            )
        ]


def _entry(count: Count, zone: ZoneInfo) -> Entry:
    time = "" if count.first is None else count.first.astimezone(zone).strftime("%H:%M")
    tone = "orange" if count.skipped else "amber" if count.pending else "green" if count.fired else "blue"
    return Entry(count, time, tone)


def _title(shown: Grid) -> str:
    match shown.span:
        case Span.MONTH:
            return date_format(shown.day, "F Y")
        case Span.WEEK:
            return f"{date_format(shown.days[0], 'j M Y')} – {date_format(shown.days[-1], 'j M Y')}"  # noqa: RUF001 - from one to the other
        case Span.DAY:
            return date_format(shown.day, "l, j F Y")


def _asked(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "").strip()
