"""The JSON of the metrics; docs/reference/api.md shows each. A share, a mean or a percentile of nothing is null."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from jobs.buckets import BUCKETS, edges_ms
from jobs.selectors.metrics.forecast import Breaches, ExpectedEnd, ExpectedHour
from jobs.selectors.metrics.standing import Standing
from jobs.selectors.metrics.totals import Counted, Measure, Step, Totals
from jobs.selectors.metrics.window import Window

PERCENTILES = (50, 95, 99)
_TRIGGERS = ("manual", "api", "schedule", "job", "rerun")


def summary(total: Totals, window: Window, counted_until: dt.datetime) -> dict[str, Any]:
    """All of a window as one."""
    return (
        _within(window, counted_until)
        | _counts(total)
        | {
            "triggers": {name: getattr(total, name) for name in _TRIGGERS},
            "payloads": {
                "succeeded": total.payloads_succeeded,
                "failed": total.payloads_failed,
                "cancelled": total.payloads_cancelled,
            },
            "throughput_per_hour": total.runs / _hours(window, counted_until),
            "duration": _measure(total.duration),
            "wait": _measure(total.wait),
            "lateness": _measure(total.lateness),
            "sla": _adherence(total),
        }
    )


def standing(now: Standing) -> dict[str, Any]:
    """What is not over."""
    return {
        "running": now.running,
        "queued": now.queued,
        "paused": now.paused,
        "oldest_queued_at": now.oldest_queued_at,
    }


def steps(counted: Counted, window: Window, step: Step) -> dict[str, Any]:
    """Hour by hour, or day by day."""
    results = [{"start": dt.datetime.fromisoformat(each.key), **_row(each)} for each in counted.totals]
    return _within(window, counted.counted_until) | {"step": step, "results": results}


def jobs(counted: Counted, window: Window) -> dict[str, Any]:
    """Job by job."""
    results = [{"job": each.key, **_row(each), "sla": _adherence(each)} for each in counted.totals]
    return _within(window, counted.counted_until) | {"results": results}


def latency(total: Totals, window: Window, counted_until: dt.datetime) -> dict[str, Any]:
    """Three measures, each with its buckets."""
    measures = {"duration": total.duration, "wait": total.wait, "lateness": total.lateness}
    return _within(window, counted_until) | {
        name: _measure(measure) | {"buckets": _buckets(measure)} for name, measure in measures.items()
    }


def sla(
    total: Totals, window: Window, counted_until: dt.datetime, by_job: Sequence[Totals], expected: Breaches
) -> dict[str, Any]:
    """Adherence, the jobs that have a service level, and what is to be expected."""
    return (
        _within(window, counted_until)
        | _adherence(total)
        | {
            "jobs": [{"job": each.key, **_adherence(each)} for each in by_job if each.judged],
            "forecast": breaches(expected),
        }
    )


def breaches(expected: Breaches) -> dict[str, Any]:
    """How likely a service level is missed."""
    return {
        "samples": expected.samples,
        "breach_probability": expected.probability,
        "horizon": expected.horizon,
        "expected_breaches": expected.expected,
        "risk_level": expected.risk,
    }


def forecast(ends: Sequence[ExpectedEnd], hours: Sequence[ExpectedHour], expected: Breaches) -> dict[str, Any]:
    """What is to come."""
    return {
        "running": [
            {
                "run": end.run.pk,
                "job": end.run.job_key,
                "state": end.run.state,
                "started_at": end.run.started_at,
                "typical_end_at": end.typical_end_at,
                "late_end_at": end.late_end_at,
            }
            for end in ends
        ],
        "hours": [{"start": hour.start, "runs": hour.runs, "failed": hour.failed} for hour in hours],
        "sla": breaches(expected),
    }


def _within(window: Window, counted_until: dt.datetime) -> dict[str, Any]:
    return {"since": window.since, "until": window.until, "counted_until": counted_until}


def _hours(window: Window, counted_until: dt.datetime) -> float:
    """What of the window is over, at least a minute of it."""
    over = min(window.until, max(counted_until, window.since)) - window.since
    return max(over, dt.timedelta(minutes=1)) / dt.timedelta(hours=1)


def _counts(total: Totals) -> dict[str, Any]:
    return {
        "runs": {
            "total": total.runs,
            "succeeded": total.succeeded,
            "failed": total.failed,
            "cancelled": total.cancelled,
        },
        "success_rate": total.success_rate,
    }


def _row(total: Totals) -> dict[str, Any]:
    """One of many."""
    return _counts(total) | {
        "duration": _measure(total.duration),
        "wait": _measure(total.wait),
        "lateness": _measure(total.lateness),
    }


def _adherence(total: Totals) -> dict[str, Any]:
    return {"checks": total.judged, "breaches": total.judged - total.met, "adherence_rate": total.adherence}


def _measure(measure: Measure) -> dict[str, Any]:
    percentiles = {f"p{percent}_seconds": _seconds(measure.percentile_ms(percent)) for percent in PERCENTILES}
    return {
        "count": measure.count,
        "mean_seconds": _seconds(measure.mean_ms),
        **percentiles,
        "most_seconds": _seconds(measure.most_ms),
    }


def _buckets(measure: Measure) -> list[dict[str, Any]]:
    """Those that have any, ascending. ``below_seconds`` of the last one there is is null: it has no end."""
    found = []
    for bucket in sorted(measure.buckets):
        low, high = edges_ms(bucket, most_ms=float("inf"))
        below = None if bucket == BUCKETS - 1 else high / 1000
        found.append({"from_seconds": low / 1000, "below_seconds": below, "count": measure.buckets[bucket]})
    return found


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else round(ms / 1000, 3)
