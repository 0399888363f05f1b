"""What is to be expected, from what has been."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.models import Run, Workspace
from jobs.selectors.metrics.standing import longest_running
from jobs.selectors.metrics.totals import Order, Step, Totals, by_job, by_step
from jobs.selectors.metrics.window import DAY, HOUR, Window, floor, last

ALPHA = 0.35
"""How much the newest sample weighs; the one before it weighs this share of the rest, and so on."""
SAMPLES = 25
FEWEST_SAMPLES = 3
HIGH, MEDIUM = 0.6, 0.3
WEEK = 7 * DAY
WEEKS = 4
HOURS_AHEAD = 24
DURATIONS_OF = WEEK


@dataclass(frozen=True, slots=True)
class Breaches:
    """How likely a run is to miss its service level.

    Args:
        samples: Of how many hours with judged runs that is known, `SAMPLES` at most.
        probability: 0 to 1; None with fewer than `FEWEST_SAMPLES`.
        horizon: How many judged runs are expected within 24 hours: as many as there were in the last.
        expected: How many of those will miss it; None where the probability is.
        risk: ``high``, ``medium``, ``low``, or ``unknown``.
    """

    samples: int
    probability: float | None
    horizon: int
    expected: float | None
    risk: str


@dataclass(frozen=True, slots=True)
class ExpectedEnd:
    """A run that has begun, and when it should be over if it takes as long as its job's of the last week; None without such."""

    run: Run
    typical_end_at: dt.datetime | None
    """Half of them were over by then."""
    late_end_at: dt.datetime | None
    """95 of 100 were."""


@dataclass(frozen=True, slots=True)
class ExpectedHour:
    """How many runs should end within an hour to come: the mean of the same hour a week ago, two weeks ago and so on, over those of
    the last `WEEKS` weeks that had runs at all."""

    start: dt.datetime
    runs: float
    failed: float


def breaches(hours: Sequence[Totals]) -> Breaches:
    """Weigh what was missed, hour by hour. Pure.

    Args:
        hours: Totals of hours, the oldest first; the last 24 of them are the last 24 hours.
    """
    shares = [(hour.judged - hour.met) / hour.judged for hour in hours if hour.judged][-SAMPLES:]
    horizon = sum(hour.judged for hour in hours[-HOURS_AHEAD:])
    if len(shares) < FEWEST_SAMPLES:
        return Breaches(len(shares), None, horizon, None, "unknown")
    probability = shares[0]
    for share in shares[1:]:
        probability = ALPHA * share + (1 - ALPHA) * probability
    risk = "high" if probability >= HIGH else "medium" if probability >= MEDIUM else "low"
    return Breaches(len(shares), probability, horizon, probability * horizon, risk)


def expected_breaches(*, workspace: Workspace, now: dt.datetime, job_key: str = "") -> Breaches:
    """How likely a run is to miss its service level, from the hours of the last week; in three queries."""
    window = last(WEEK, now=now)
    return breaches(by_step(workspace=workspace, window=window, step=Step.HOUR, job_key=job_key).totals)


def expected_ends(*, workspace: Workspace, now: dt.datetime, limit: int) -> list[ExpectedEnd]:
    """The runs that have begun, the one that began first first, and when they should be over; in four queries."""
    runs = longest_running(workspace=workspace, limit=limit)
    window = last(DURATIONS_OF, now=now)
    keys = sorted({run.job_key for run in runs})
    counted = by_job(workspace=workspace, window=window, order=Order.RUNS, limit=limit, job_keys=keys)
    known = {each.key: each.duration for each in counted.totals}
    return [
        ExpectedEnd(run, *(_end(run, known[run.job_key].percentile_ms(percent)) for percent in (50, 95)))
        if run.job_key in known
        else ExpectedEnd(run, None, None)
        for run in runs
    ]


def expected_hours(*, workspace: Workspace, now: dt.datetime, job_key: str = "") -> list[ExpectedHour]:
    """What the next 24 hours should bring, the hour first that begins next; in three queries."""
    this_hour = floor(now, HOUR)
    window = Window(this_hour - WEEKS * WEEK, this_hour)
    past = by_step(workspace=workspace, window=window, step=Step.HOUR, job_key=job_key).totals
    return expect(past, first=this_hour + HOUR)


def expect(past: Sequence[Totals], *, first: dt.datetime) -> list[ExpectedHour]:
    """The 24 hours from ``first`` on, given all hours of the `WEEKS` weeks before the hour that precedes it, in order. Pure."""
    weeks = [past[n * 168 : (n + 1) * 168] for n in range(WEEKS)]
    known = [week for week in weeks if any(hour.runs for hour in week)]
    share = max(1, len(known))
    return [
        ExpectedHour(
            first + n * HOUR,
            sum(week[(n + 1) % 168].runs for week in known) / share,
            sum(week[(n + 1) % 168].failed for week in known) / share,
        )
        for n in range(HOURS_AHEAD)
    ]


def _end(run: Run, duration_ms: float | None) -> dt.datetime | None:
    if duration_ms is None or run.started_at is None:
        return None
    return run.started_at + dt.timedelta(milliseconds=duration_ms)
