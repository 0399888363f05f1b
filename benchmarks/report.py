"""What was measured, as a table for people and as rows for programs. Pure: no clock, no server."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

API_CALLS = ("jobs", "runs", "run", "events", "payloads", "summary", "throughput", "page_1", "page_1000")
"""What is asked of the API, as `benchmarks.subjects.api` says."""
PAGES = (
    *(
        "dashboard",
        "jobs",
        "job",
        "edit_job",
        "runs",
        "run",
        "run_log",
        "run_times",
        "run_events",
        "compare",
        "large_run",
    ),
    *(
        "large_run_times",
        "schedules",
        "schedule",
        "calendar",
        "timeline",
        "chains",
        "sinks",
        "deliveries",
        "notifications",
    ),
    *("workers", "members", "audit"),
)
"""What is asked of the web UI, as `benchmarks.subjects.pages` says."""

UNITS = {
    "done_per_second": "1/s",
    "baseline_per_second": "1/s",
    "seconds": "s",
    "p50_ms": "ms",
    "p99_ms": "ms",
    "idle_p50_ms": "ms",
    "idle_p99_ms": "ms",
    "idle_rss_mb": "MB",
    "busy_rss_mb": "MB",
    "rows_per_payload": "rows",
    "bytes_per_payload": "bytes",
    "most_at_once": "requests",
    "pause_ms": "ms",
    "resume_ms": "ms",
    "terminate_ms": "ms",
    "longest_wait_ms": "ms",
    "extend_seconds": "s",
    "cancelled_seconds": "s",
    "fires_per_second": "1/s",
    "deliveries_per_second": "1/s",
    "idle_queries_per_second": "1/s",
    "queries_per_second": "1/s",
    "late_p50_ms": "ms",
    "late_p99_ms": "ms",
    "wrong_fires": "fires",
    "beat_rss_mb": "MB",
    "start_seconds": "s",
    "edit_seconds": "s",
    "cpu_percent": "% of a core",
    "server_cpu_percent": "% of a core",
    "next_us": "µs",
    "records_per_second": "1/s of a core",
    "peak_rss_mb": "MB",
    "grown_mb": "MB",
    "triggers_per_second": "1/s",
    "trigger_cpu_ms": "ms of a core",
    "event_cpu_ms": "ms of a core",
    **{f"{call}_p{percent}_ms": "ms" for call in API_CALLS for percent in (50, 99)},
    **{f"{call}_cpu_ms": "ms of a core" for call in API_CALLS},
    **{f"{page}_p{percent}_ms": "ms" for page in PAGES for percent in (50, 95)},
}
"""Every metric, with its unit."""

HEADINGS = ("scenario", "subject", "metric", "median", "min", "max", "ratio", "target", "met")

Row = dict[str, str | float]


@dataclass(frozen=True, slots=True)
class Target:
    """What one metric of a subject is to reach: a multiple of another subject's median, or a plain value.

    Args:
        metric: One of `UNITS`.
        bound: The multiple or the value.
        peer: The subject that the multiple is of; None for a plain value.
        at_least: True when more is better, False when less is.
        peer_metric: The peer's metric, where it is not the same one.
        subject: Whose metric it is.
    """

    metric: str
    bound: float
    peer: str | None = None
    at_least: bool = True
    peer_metric: str = ""
    subject: str = "ours"

    @property
    def words(self) -> str:
        """Such as ``>= 12 x celery`` or ``<= 0.25``."""
        sign = ">=" if self.at_least else "<="
        return f"{sign} {self.bound:g}" + (f" x {self.peer} {self.peer_metric}".rstrip() if self.peer else "")

    def is_met(self, value: float) -> bool:
        """Whether a ratio (or the value itself, where there is no peer) reaches the bound."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(slots=True)
class Results:
    """All samples: (scenario, subject, metric) -> one value a round, in the order in which they first came."""

    samples: dict[tuple[str, str, str], list[float]] = field(default_factory=dict)

    def add(self, *, scenario: str, subject: str, sample: Mapping[str, float]) -> None:
        """Keep what one measurement found. Raises KeyError for a metric that has no unit."""
        for metric, value in sample.items():
            UNITS[metric]
            self.samples.setdefault((scenario, subject, metric), []).append(value)

    def median(self, *, scenario: str, subject: str, metric: str) -> float | None:
        """The median over the rounds; None when nothing was measured."""
        values = self.samples.get((scenario, subject, metric))
        return statistics.median(values) if values else None

    def rows(self) -> list[Row]:
        """The rows of bench.json: medians, each with its unit."""
        return [
            {
                "scenario": scenario,
                "subject": subject,
                "metric": metric,
                "value": statistics.median(values),
                "unit": UNITS[metric],
            }
            for (scenario, subject, metric), values in self.samples.items()
        ]


def table(*, results: Results, targets: Mapping[str, Sequence[Target]]) -> str:
    """The results as text, one line a metric and one more for each further target of it.

    Args:
        targets: scenario -> its targets.
    """
    lines = [line for key in results.samples for line in _lines(results, key, targets.get(key[0], ()))]
    widths = [max(len(line[column]) for line in [HEADINGS, *lines]) for column in range(len(HEADINGS))]
    ruled = [HEADINGS, tuple("-" * width for width in widths), *lines]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in ruled
    )


def percentile(values: Sequence[float], *, percent: float) -> float:
    """The nearest-rank percentile: the smallest value that at least ``percent`` per cent of the values do not exceed.

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("no values, no percentile")
    rank = -(-len(values) * percent // 100)
    return sorted(values)[max(0, int(rank) - 1)]


def _lines(results: Results, key: tuple[str, str, str], targets: Sequence[Target]) -> list[tuple[str, ...]]:
    scenario, subject, metric = key
    values = results.samples[key]
    measured = (*key, *(_figure(value) for value in (statistics.median(values), min(values), max(values))))
    judged = [
        _verdict(results, scenario, target)
        for target in targets
        if (target.subject, target.metric) == (subject, metric)
    ]
    first, *others = judged or [("", "", "")]
    return [(*measured, *first), *(("",) * len(measured) + verdict for verdict in others)]


def _verdict(results: Results, scenario: str, target: Target) -> tuple[str, str, str]:
    """Ratio, target and whether it is met; ratio and verdict are empty where the peer was not measured."""
    value = results.median(scenario=scenario, subject=target.subject, metric=target.metric)
    peer_metric = target.peer_metric or target.metric
    peer = results.median(scenario=scenario, subject=target.peer, metric=peer_metric) if target.peer else 1.0
    if value is None or not peer:
        return "", target.words, ""
    ratio = value / peer
    return f"{ratio:.2f}" if target.peer else "", target.words, "yes" if target.is_met(ratio) else "no"


def _figure(value: float) -> str:
    """Four significant digits, and no exponent."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
