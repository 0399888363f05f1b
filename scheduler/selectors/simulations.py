"""What all schedules of a workspace will do within the next days."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jobs.models import Workspace
from scheduler.definition import Definition
from scheduler.load import HourLoad, Hours, Source, busiest, count_by_hour, curve
from scheduler.models import Schedule
from scheduler.selectors.firing import Entry, Span, drawn_entries, firing_schedules, median_seconds, span_of
from scheduler.states import Overlap
from scheduler.triggers.words import count_of

DAYS = 30
FIRE_TIMES = 100_000
"""About so many fire times are looked for in all, at some 10 us each."""
LEAST_EACH, MOST_EACH = 30, 20_000
"""Of one schedule."""
_SIGNIFICANT = 2


@dataclass(slots=True)
class Known:
    """What one simulation found out and another may need."""

    counted: dict[Definition, Hours] = field(default_factory=dict)
    medians: dict[int, float] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)

    def medians_of(self, job_ids: set[int]) -> dict[int, float]:
        """By job, how long its runs take; at least for these."""
        if unknown := job_ids - self.asked:
            self.medians |= median_seconds(job_ids=unknown)
            self.asked |= unknown
        return self.medians


@dataclass(frozen=True, slots=True)
class Load:
    """The load to come.

    Args:
        start: The begin of the first hour, aware UTC.
        hours: Each hour in order, also those in which nothing happens.
        fires: All fire times.
        busiest: The hour with the most runs at once; None when nothing fires.
        schedules: How many schedules fire by the clock as things stand.
        sampled: Whether any of it was not counted one by one; ``remarks`` says what.
        remarks: What a reader must know of the numbers, in sentences without a full stop.
    """

    start: dt.datetime
    hours: list[HourLoad]
    fires: int
    busiest: HourLoad | None
    schedules: int
    sampled: bool
    remarks: list[str]


def simulate(*, workspace: Workspace, now: dt.datetime, days: int = DAYS) -> Load:
    """Tell what the schedules of a workspace will do. Of very many of them, and of very many fire times, a part is looked at.

    Counted are the fire times by the clock of all schedules that fire as things stand, whatever their misfire and overlap policies
    make of them. How many runs that means at once is told by the median of each job's last `RUNS_MEASURED` runs; a schedule that
    does not allow them to overlap has one at a time.

    Args:
        workspace: Whose.
        now: Aware UTC; the first hour is the one that it lies in, counted from its begin.
        days: 1 to `MOST_DAYS`.

    Raises:
        ValidationError: On ``days``.
    """
    within = span_of(now=now, days=days)
    firing = firing_schedules(workspace=workspace)
    total = firing.count()
    entries = list(drawn_entries(firing=firing, total=total))
    return load_of(entries, within, remarks=left_out(workspace, firing=total, looked_at=len(entries)))


def load_of(entries: Sequence[Entry], within: Span, *, remarks: Sequence[str], known: Known | None = None) -> Load:
    """Add up what these schedules do. ``known`` is what was found out before, and gets what is found out now."""
    known = known or Known()
    by_timing: dict[Definition, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_timing[entry.definition].append(entry)
    most = min(MOST_EACH, max(LEAST_EACH, FIRE_TIMES // max(1, len(by_timing))))
    medians = known.medians_of({entry.job_id for entry in entries})
    sources, sampled = [], 0
    for definition, alike in by_timing.items():
        if definition not in known.counted:
            known.counted[definition] = count_by_hour(definition, start=within.start, hours=within.hours, most=most)
        hours = known.counted[definition]
        sampled += len(alike) if hours.sampled else 0
        sources += _sources(hours, alike, medians)
    hours_load = curve(sources=sources, start=within.start, hours=within.hours)
    told = [*remarks, *_on_sampling(sampled), *_on_measuring(entries, medians)]
    return Load(
        start=within.start,
        hours=hours_load,
        fires=sum(hour.fires for hour in hours_load),
        busiest=busiest(hours_load),
        schedules=round(sum(entry.weight for entry in entries)),
        sampled=bool(sampled) or any(entry.weight > 1 for entry in entries),
        remarks=told,
    )


def _sources(hours: Hours, alike: Sequence[Entry], medians: Mapping[int, float]) -> list[Source]:
    """Those of the same timing by how long their runs take, told to two digits."""
    weights: dict[tuple[float, bool, int | None], float] = defaultdict(float)
    for entry in alike:
        seconds = float(f"{medians.get(entry.job_id, 0.0):.{_SIGNIFICANT}g}")
        weights[seconds, entry.overlap != Overlap.ALLOW_ALL, entry.actions_left] += entry.weight
    return [
        Source(hours if left is None else _first(hours, left), weight, seconds, alone)
        for (seconds, alone, left), weight in weights.items()
    ]


def _first(hours: Hours, left: int) -> Hours:
    """No more than so many fires."""
    limited = Hours(sampled=hours.sampled)
    for hour in sorted(hours.counts):
        count = min(left, hours.counts[hour])
        if count:
            limited.counts[hour] = count
            limited.offsets[hour] = hours.offsets[hour] * count / hours.counts[hour]
        left -= count
    return limited


def left_out(workspace: Workspace, *, firing: int, looked_at: int) -> list[str]:
    """Which schedules of a workspace the numbers do not hold, and which were not looked at."""
    remarks = []
    others = Schedule.objects.filter(workspace=workspace).count() - firing
    if others > 0:
        remarks.append(
            f"{count_of(others, 'schedule')} {'is' if others == 1 else 'are'} left out: paused or ended,"
            " of a job that is not active, or without times of their own"
        )
    if looked_at < firing:
        remarks.append(
            f"of {firing:,} schedules {looked_at:,} were looked at, and the others are taken to be like them"
        )
    return remarks


def _on_sampling(sampled: int) -> list[str]:
    if not sampled:
        return []
    fire = "fires" if sampled == 1 else "fire"
    return [
        f"{count_of(sampled, 'schedule')} {fire} so often that a part was counted, and the rest is taken to repeat it"
    ]


def _on_measuring(entries: Sequence[Entry], medians: Mapping[int, float]) -> list[str]:
    unknown = len({entry.job_id for entry in entries} - medians.keys())
    return [f"{count_of(unknown, 'job')} never ran to the end: no time is counted for their runs"] if unknown else []
