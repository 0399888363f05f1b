"""The last 24 hours: each run a bar, so that overlaps are seen at a glance."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse

from jobs.selectors.timelines import runs_between
from ui.pages import WorkspacePage
from ui.preferences import zone_of
from ui.scheduling.timeline import LANE, SLICES, WIDTH, Timeline, timeline

LENGTH = dt.timedelta(hours=24)
STEP = dt.timedelta(hours=12)
MOST_RUNS, MOST_TRACKS = 1500, 60
HOURS = 3
"""Between two lines."""
HIGH = 40


class TimelinePage(WorkspacePage):
    """``schedules/timeline/?until=``"""

    template = "ui/scheduling/timeline.html"
    area = "ui:schedules"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """24 hours up to now, or up to the instant of the address."""
        until = self._until()
        start = until - LENGTH
        runs = runs_between(workspace=self.workspace, start=start, end=until, limit=MOST_RUNS)
        drawn = timeline(runs, start=start, end=until, now=self.now, most_tracks=MOST_TRACKS)
        told: dict[str, Any] = {
            "start": start,
            "until": until,
            "zone": zone_of(request).key,
            "drawn": drawn,
            "columns": columns(drawn),
            "lines": lines(start, request),
            "width": WIDTH,
            "lane": LANE,
            "high": HIGH,
            "is_cut": len(runs) >= MOST_RUNS,
            "before": (until - STEP).isoformat(),
            "after": (until + STEP).isoformat() if until + STEP < self.now else "",
            "is_now": until == self.now,
        }
        if request.headers.get("HX-Target") == "timeline":
            return self.part("ui/scheduling/tracks.html", **told)
        return self.page(tab="timeline", **told)

    def _until(self) -> dt.datetime:
        try:
            until = dt.datetime.fromisoformat(self.request.GET.get("until", ""))
        except ValueError:
            return self.now
        fits = until.tzinfo is not None and dt.datetime(1971, 1, 1, tzinfo=dt.UTC) < until < self.now
        return until if fits else self.now


def columns(drawn: Timeline) -> list[tuple[float, float, float]]:
    """How many ran at once, as columns: x, y and height of each that is not empty."""
    wide = WIDTH / SLICES
    heights = [(number * wide, HIGH * count / drawn.most) for number, count in enumerate(drawn.at_once) if count]
    return [(x, round(HIGH - height, 2), round(height, 2)) for x, height in heights]


def lines(start: dt.datetime, request: HttpRequest) -> list[tuple[float, str]]:
    """Where the whole hours lie, and what the reader's clock shows then."""
    zone = zone_of(request)
    first = start.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(dt.UTC) + dt.timedelta(hours=1)
    hours = [first + dt.timedelta(hours=number) for number in range(24)]
    return [
        (round((hour - start) / LENGTH * WIDTH, 2), hour.astimezone(zone).strftime("%H:%M"))
        for hour in hours
        if hour.astimezone(zone).hour % HOURS == 0
    ]
