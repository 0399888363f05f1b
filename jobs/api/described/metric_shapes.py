"""The shapes of the metrics, as `jobs.api.metric_shapes` makes them."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from jobs.api.described.shape import Shape
from jobs.api.described.shapes import STARTED
from jobs.selectors.metrics.totals import Step
from jobs.states import RunState

_WITHIN = {
    "since": "2026-11-20T12:00:00Z",
    "until": "2026-11-21T13:00:00Z",
    "counted_until": "2026-11-21T12:34:56Z",
}
_RUNS = {"total": 400, "succeeded": 380, "failed": 12, "cancelled": 8}
_DURATION = {
    "count": 392,
    "mean_seconds": 12.5,
    "p50_seconds": 8.1,
    "p95_seconds": 44.0,
    "p99_seconds": 93.0,
    "most_seconds": 118.2,
}
_WAIT = _DURATION | {
    "mean_seconds": 0.04,
    "p50_seconds": 0.03,
    "p95_seconds": 0.09,
    "p99_seconds": 0.1,
    "most_seconds": 0.4,
}
_NONE = {
    "count": 0,
    "mean_seconds": None,
    "p50_seconds": None,
    "p95_seconds": None,
    "p99_seconds": None,
    "most_seconds": None,
}
_ADHERENCE = {"checks": 120, "breaches": 3, "adherence_rate": 0.975}
_BREACHES = {
    "samples": 25,
    "breach_probability": 0.05,
    "horizon": 120,
    "expected_breaches": 6.0,
    "risk_level": "low",
}
_ROW = {"runs": _RUNS, "success_rate": 0.969, "duration": _DURATION, "wait": _WAIT, "lateness": _NONE}


class Within(Shape):
    """A stretch of time, in whole hours of UTC or whole days."""

    since: dt.datetime
    """Its beginning."""
    until: dt.datetime
    """Its end, which does not belong to it."""
    counted_until: dt.datetime
    """Up to when runs are counted: now or the end, unless there is much to catch up with."""


class Outcomes(Shape):
    """How runs ended."""

    total: int
    """The sum of the others."""
    succeeded: int
    failed: int
    cancelled: int


class PayloadOutcomes(Shape):
    """How payloads ended."""

    succeeded: int
    failed: int
    cancelled: int


class Triggers(Shape):
    """Runs by what started them."""

    manual: int
    api: int
    schedule: int
    job: int
    rerun: int


class Measure(Shape):
    """How long something took. Percentiles are estimates, from buckets; of nothing they are null."""

    count: int
    """Of how many runs."""
    mean_seconds: float | None
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None
    most_seconds: float | None


class Bucket(Shape):
    """How many took so long."""

    from_seconds: float
    below_seconds: float | None
    """Null for the last bucket there is, which has no end."""
    count: int


class Spread(Measure):
    """How long something took, with its buckets."""

    buckets: list[Bucket]
    """Those that have any, ascending."""


class Adherence(Shape):
    """How many runs met their service level."""

    checks: int
    """How many had one."""
    breaches: int
    """How many missed it."""
    adherence_rate: float | None
    """The share of those that met it; null when none had one."""


class Breaches(Shape):
    """How likely a service level is missed."""

    samples: int
    """From how many hours with judged runs that is known, 25 at most. It takes three."""
    breach_probability: float | None
    horizon: int
    """How many judged runs are to be expected within 24 hours."""
    expected_breaches: float | None
    """How many of them will miss it."""
    risk_level: Literal["high", "medium", "low", "unknown"]


class Row(Shape):
    """How runs ended, and how long they took."""

    runs: Outcomes
    success_rate: float | None
    """Of those that succeeded or failed; null when none did."""
    duration: Measure
    """From start to end, of those that succeeded or failed."""
    wait: Measure
    """From the trigger to the start, of the same."""
    lateness: Measure
    """From the fire time to the start, of those that a schedule owed."""


class Standing(Shape):
    """What is going on now."""

    running: int
    """Runs that have begun and are not over, those that are being paused or ended included."""
    queued: int
    paused: int
    oldest_queued_at: dt.datetime | None
    """When the one was triggered that has waited longest."""


class Summary(Within, Row):
    """How runs ended within a stretch of time, all together, and what is going on now."""

    triggers: Triggers
    payloads: PayloadOutcomes
    throughput_per_hour: float
    """Runs by hour, of what is over of it."""
    sla: Adherence
    now: Standing

    EXAMPLE = (
        _WITHIN
        | _ROW
        | {
            "triggers": {"manual": 3, "api": 97, "schedule": 290, "job": 10, "rerun": 0},
            "payloads": {"succeeded": 39000, "failed": 40, "cancelled": 200},
            "throughput_per_hour": 16.3,
            "sla": _ADHERENCE,
            "now": {"running": 2, "queued": 5, "paused": 0, "oldest_queued_at": "2026-11-21T12:33:10Z"},
        }
    )


class StepRow(Row):
    """One hour or day."""

    start: dt.datetime


class Throughput(Within):
    """Hour by hour, or day by day."""

    step: Step
    results: list[StepRow]
    """Each in order, also those without runs."""

    EXAMPLE = _WITHIN | {"step": "hour", "results": [{"start": "2026-11-20T12:00:00Z"} | _ROW]}


class JobRow(Row):
    """One job."""

    job: str
    """Its key."""
    sla: Adherence


class ByJob(Within):
    """Job by job."""

    results: list[JobRow]
    """In the order asked for; those without runs are left out."""

    EXAMPLE = _WITHIN | {"results": [{"job": "task:ping", "sla": _ADHERENCE} | _ROW]}


class Latency(Within):
    """How long runs took, waited, and were late."""

    duration: Spread
    wait: Spread
    lateness: Spread

    EXAMPLE = _WITHIN | {
        "duration": _DURATION | {"buckets": [{"from_seconds": 2.0, "below_seconds": 5.0, "count": 392}]},
        "wait": _WAIT | {"buckets": [{"from_seconds": 0.02, "below_seconds": 0.05, "count": 392}]},
        "lateness": _NONE | {"buckets": []},
    }


class JobAdherence(Adherence):
    """How many runs of a job met their service level."""

    job: str
    """Its key."""


class ServiceLevels(Within, Adherence):
    """How many runs met their service level, and what is to be expected."""

    jobs: list[JobAdherence]
    """The 20 that missed theirs most."""
    forecast: Breaches

    EXAMPLE = _WITHIN | _ADHERENCE | {"jobs": [{"job": "task:ping"} | _ADHERENCE], "forecast": _BREACHES}


class ExpectedEnd(Shape):
    """A run that has begun, and when it should be over."""

    run: int
    job: str
    state: RunState
    started_at: dt.datetime
    typical_end_at: dt.datetime | None
    """Half of the job's runs of the last week were over as soon; null for a job without any."""
    late_end_at: dt.datetime | None
    """95 of 100 were."""


class ExpectedHour(Shape):
    """An hour to come."""

    start: dt.datetime
    runs: float
    """How many should end within it: the mean of the same hour of the same weekday, over four weeks."""
    failed: float = Field(description="How many of them should fail.")


class Forecast(Shape):
    """What is to come."""

    running: list[ExpectedEnd]
    """The 20 runs that have run longest."""
    hours: list[ExpectedHour]
    """The next 24."""
    sla: Breaches

    EXAMPLE = {
        "running": [
            {
                "run": 6,
                "job": "task:ping",
                "state": "running",
                "started_at": STARTED,
                "typical_end_at": "2026-11-21T12:00:08.100000Z",
                "late_end_at": "2026-11-21T12:00:44Z",
            }
        ],
        "hours": [{"start": "2026-11-21T13:00:00Z", "runs": 16.5, "failed": 0.5}],
        "sla": _BREACHES,
    }
