"""What the dashboard shows, read from the totals and from what is going on: a constant number of queries, whatever there is."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.models import Workspace
from jobs.selectors import runs
from jobs.selectors.metrics import standing, totals
from jobs.selectors.metrics.standing import Standing, Worker
from jobs.selectors.metrics.totals import Order, Step, Totals
from jobs.selectors.metrics.window import HOUR, Window, last, window
from jobs.states import RunState
from scheduler.selectors.beats import beat_lives
from scheduler.selectors.overdue import overdue
from scheduler.selectors.standing import NextDue, missed, next_due

DAY_HOURS, WEEK_HOURS = 24, 168
GRACE = dt.timedelta(seconds=15)
"""A schedule is late when nobody has dealt with it for so long."""
PATIENCE = dt.timedelta(minutes=5)
"""Somebody should look when a run has waited longer than this."""
FEW, MANY = 5, 100


@dataclass(frozen=True, slots=True)
class Failures:
    """``still``: of how many jobs the newest run has failed, of those that had a failure within the day."""

    count: int
    still: int


@dataclass(frozen=True, slots=True)
class Lateness:
    """Schedules that nobody has dealt with, and fire times of the last day that were given up; `MANY` of each at most."""

    overdue: int
    missed: int

    @property
    def count(self) -> int:
        """Both."""
        return self.overdue + self.missed


@dataclass(frozen=True, slots=True)
class Board:
    """All of it.

    Args:
        standing: What is going on.
        waits_long: Whether a run has waited longer than `PATIENCE`.
        day, week: The hours of the last day and week, the oldest first; the last of them is not over.
        failures, lateness: What went wrong.
        slowest, failing: Jobs of the last seven days and of today, the worst first, `FEW` at most; who never failed is not failing.
        coming: What schedules do next.
        fires: Whether a beat is at work; without one no schedule does anything.
        workers: Who holds lanes of this workspace.
    """

    standing: Standing
    waits_long: bool
    day: Sequence[Totals]
    week: Sequence[Totals]
    failures: Failures
    lateness: Lateness
    slowest: Sequence[Totals]
    failing: Sequence[Totals]
    coming: Sequence[NextDue]
    fires: bool
    workers: Sequence[Worker]

    @property
    def is_busy(self) -> bool:
        """Whether any run is not over."""
        return bool(self.standing.running or self.standing.queued or self.standing.paused)

    @property
    def whole_day(self) -> Totals:
        """The day's hours together."""
        return combined(self.day)


def board(*, workspace: Workspace, now: dt.datetime) -> Board:
    """Read it."""
    hours, days = _last_week(now), _last_days(now)
    week = totals.by_step(workspace=workspace, window=hours, step=Step.HOUR).totals
    slowest = totals.by_job(workspace=workspace, window=days, order=Order.SLOWEST, limit=FEW).totals
    failing = totals.by_job(workspace=workspace, window=days, order=Order.FAILED, limit=FEW).totals
    now_standing = standing.standing(workspace=workspace)
    day, since = week[-DAY_HOURS:], hours.until - DAY_HOURS * HOUR
    oldest = now_standing.oldest_queued_at
    return Board(
        standing=now_standing,
        waits_long=oldest is not None and now - oldest > PATIENCE,
        day=day,
        week=week,
        failures=_failures(workspace, count=sum(hour.failed for hour in day), since=since),
        lateness=_lateness(workspace, since=since, now=now),
        slowest=[job for job in slowest if job.duration.count],
        failing=[job for job in failing if job.failed],
        coming=next_due(workspace=workspace, now=now, limit=FEW + 1),
        fires=beat_lives(),
        workers=standing.workers(workspace=workspace, now=now),
    )


def combined(steps: Sequence[Totals]) -> Totals:
    """Several totals as one. Pure."""
    spread: Counter[str] = Counter()
    for step in steps:
        spread.update(step.spread)
    most = {name: max((getattr(step, name) for step in steps), default=0) for name in _MOST}
    sums = {name: sum(getattr(step, name) for step in steps) for name in _SUMS}
    return Totals("", **sums, **most, spread=dict(spread))


_MOST = ("duration_most_ms", "wait_most_ms", "late_most_ms")
_SUMS = (
    *("succeeded", "failed", "cancelled", "manual", "api", "schedule", "job", "rerun"),
    *("payloads_succeeded", "payloads_failed", "payloads_cancelled"),
    *("duration_ms", "wait_ms", "late", "late_ms", "judged", "met"),
)


def day_begins(steps: Sequence[Totals]) -> dt.datetime:
    """When the first of them began."""
    return dt.datetime.fromisoformat(steps[0].key)


def _last_week(now: dt.datetime) -> Window:
    """Whole hours, so many that the one that is going on is the last of them."""
    until = last(HOUR, now=now).until
    return Window(until - WEEK_HOURS * HOUR, until)


def _last_days(now: dt.datetime) -> Window:
    """The same in days alone: of each job one row a day is read, where hours would be up to 48 more."""
    return window(since=now - WEEK_HOURS * HOUR, until=now, now=now, days=True)


def _failures(workspace: Workspace, *, count: int, since: dt.datetime) -> Failures:
    newest = standing.last_failures(workspace=workspace, limit=MANY)
    within = [run for run in newest if run.ended_at is not None and run.ended_at >= since]
    jobs = {run.job_id for run in within if run.job_id is not None}
    ends = runs.last_runs(job_ids=jobs)
    still = sum(view.run.state == RunState.FAILED for view in ends.values())
    return Failures(count, still)


def _lateness(workspace: Workspace, *, since: dt.datetime, now: dt.datetime) -> Lateness:
    owing = overdue(workspace_id=workspace.pk, since=now - GRACE, limit=MANY)
    return Lateness(len(owing), len(missed(workspace=workspace, since=since, limit=MANY)))
