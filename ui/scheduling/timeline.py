"""Runs as bars: which lane of its job's row each is drawn in, and how many ran at once. Pure."""

from __future__ import annotations

import datetime as dt
import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jobs.selectors.timelines import TimelineRun

WIDTH = 1440
LANE = 12
"""Of the drawing: a minute of a day wide each, a lane so high."""
THINNEST = 3.0
SLICES = 144


@dataclass(frozen=True, slots=True)
class Bar:
    """A run as it is drawn; ``y`` is its lane's. ``seconds``: how long it took, or takes until now."""

    run: TimelineRun
    x: float
    y: int
    width: float
    seconds: float
    going: bool


@dataclass(frozen=True, slots=True)
class Track:
    """A job with its runs. ``most``: how many ran at once; ``failed``: how many failed."""

    job_key: str
    bars: Sequence[Bar]
    lanes: int
    most: int
    failed: int
    longest: float

    @property
    def height(self) -> int:
        """Of the drawing."""
        return self.lanes * LANE


@dataclass(frozen=True, slots=True)
class Timeline:
    """All of it.

    Args:
        tracks: By job; those with the most at once come first.
        at_once: The most runs at once, of all jobs together, in each of `SLICES` slices.
        most: The highest of these.
        left_out: How many jobs are not shown.
    """

    tracks: Sequence[Track]
    at_once: Sequence[int]
    most: int
    left_out: int


def timeline(
    runs: Iterable[TimelineRun], *, start: dt.datetime, end: dt.datetime, now: dt.datetime, most_tracks: int
) -> Timeline:
    """Draw runs from ``start`` to ``end``. One that has not begun has no bar, for it takes nothing yet."""
    by_job: dict[str, list[TimelineRun]] = defaultdict(list)
    for run in runs:
        if run.started_at is not None and run.started_at < end and (run.ended_at or now) >= start:
            by_job[run.job_key].append(run)
    tracks = [_track(key, found, start, end, now) for key, found in by_job.items()]
    tracks.sort(key=lambda track: (-track.most, track.job_key))
    at_once = _slices([run for found in by_job.values() for run in found], start, end, now)
    return Timeline(tracks[:most_tracks], at_once, max(at_once, default=0), max(0, len(tracks) - most_tracks))


def _track(key: str, runs: Sequence[TimelineRun], start: dt.datetime, end: dt.datetime, now: dt.datetime) -> Track:
    bars: list[Bar] = []
    free: list[tuple[float, int]] = []
    lanes = 0
    for run in sorted(runs, key=lambda each: (each.started_at or end, each.id)):
        begun, over = _begin(run, end), run.ended_at or now
        x, width = _drawn(begun, over, start, end)
        if free and free[0][0] <= x:
            lane = heapq.heappop(free)[1]
        else:
            lane, lanes = lanes, lanes + 1
        heapq.heappush(free, (x + width, lane))
        bars.append(Bar(run, x, lane * LANE, width, (over - begun).total_seconds(), run.ended_at is None))
    return Track(
        job_key=key,
        bars=bars,
        lanes=lanes,
        most=_most(runs, start, end, now),
        failed=sum(run.state == "failed" for run in runs),
        longest=max(bar.seconds for bar in bars),
    )


def _drawn(begun: dt.datetime, over: dt.datetime, start: dt.datetime, end: dt.datetime) -> tuple[float, float]:
    """Where a bar begins, and how wide it is: always to be seen, and within the drawing."""
    whole = (end - start).total_seconds()
    first = max(0.0, (begun - start).total_seconds()) / whole * WIDTH
    last = min(whole, (over - start).total_seconds()) / whole * WIDTH
    first = min(first, WIDTH - THINNEST)
    return round(first, 2), round(max(THINNEST, last - first), 2)


def _most(runs: Sequence[TimelineRun], start: dt.datetime, end: dt.datetime, now: dt.datetime) -> int:
    """The most at any one moment. A run that ends at the moment at which another begins is not beside it."""
    changes = [change for run in runs for change in _changes(run, start, end, now)]
    most = at_once = 0
    for _at, change in sorted(changes):
        at_once += change
        most = max(most, at_once)
    return most


def _changes(
    run: TimelineRun, start: dt.datetime, end: dt.datetime, now: dt.datetime
) -> tuple[tuple[dt.datetime, int], tuple[dt.datetime, int]]:
    begun = max(start, _begin(run, end))
    over = run.ended_at or now
    # What took no time at all was there still.
    return (begun, 1), (max(over, begun + dt.timedelta(milliseconds=1)), -1)


def _slices(runs: Sequence[TimelineRun], start: dt.datetime, end: dt.datetime, now: dt.datetime) -> list[int]:
    """The most at once within each slice."""
    length = (end - start) / SLICES
    changes = sorted(change for run in runs for change in _changes(run, start, end, now))
    most, at_once, place = [0] * SLICES, 0, 0
    for number in range(SLICES):
        most[number] = at_once
        limit = start + (number + 1) * length
        while place < len(changes) and changes[place][0] < limit:
            at_once += changes[place][1]
            most[number] = max(most[number], at_once)
            place += 1
    return most


def _begin(run: TimelineRun, end: dt.datetime) -> dt.datetime:
    return run.started_at or end
