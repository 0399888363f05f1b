"""The operations on metrics."""

from __future__ import annotations

from jobs.api.described.live_shapes import WorkspaceEvent
from jobs.api.described.metric_shapes import ByJob, Forecast, Latency, ServiceLevels, Summary, Throughput
from jobs.api.described.operation import Answer, Operation, instant, pages, text, whole, word
from jobs.api.described.shape import page_of
from jobs.documents import KEY_PATTERN
from jobs.selectors.metrics.totals import Order, Step

TAG = "Metrics"
MOST_JOBS, JOBS = 100, 20
_SINCE = (
    instant("since", "The beginning; left out, a day before the end."),
    instant("until", "The end; left out, now. At most 366 days after the beginning."),
)
_JOB = text("job", "Only runs of the job of this key.", pattern=KEY_PATTERN, example="task:ping")

SUMMARY = Operation(
    id="summarizeMetrics",
    tag=TAG,
    summary="Tell how runs ended",
    says="How runs ended within a stretch of time, all together, and what is going on now.",
    parameters=(*_SINCE, _JOB),
    answers={200: Answer(says="The totals.", shape=Summary)},
)
THROUGHPUT = Operation(
    id="getThroughput",
    tag=TAG,
    summary="Tell how runs ended hour by hour",
    says="How runs ended within a stretch of time, hour by hour or day by day.",
    parameters=(
        *_SINCE,
        _JOB,
        word("step", "By hour, for up to 31 days, or by day; left out, by hour for up to 7 days.", Step),
    ),
    answers={200: Answer(says="The totals of each.", shape=Throughput)},
)
BY_JOB = Operation(
    id="getMetricsByJob",
    tag=TAG,
    summary="Tell how runs ended job by job",
    says="How runs ended within a stretch of time, job by job. Jobs without runs in it are left out.",
    parameters=(
        *_SINCE,
        word(
            "order",
            "What comes first: most runs, most failed, the longest mean duration or lateness, or most missed service levels.",
            Order,
            default="runs",
        ),
        whole("limit", "How many jobs at most.", least=1, most=MOST_JOBS, default=JOBS),
    ),
    answers={200: Answer(says="The totals of each.", shape=ByJob)},
)
LATENCY = Operation(
    id="getLatency",
    tag=TAG,
    summary="Tell how long runs took",
    says="How long runs took, waited and were late, with how many fell into which bucket.",
    parameters=(*_SINCE, _JOB),
    answers={200: Answer(says="The three measures.", shape=Latency)},
)
SLA = Operation(
    id="getServiceLevels",
    tag=TAG,
    summary="Tell how many runs met their service level",
    says="How many runs met their service level, which jobs missed theirs most, and how likely it is to be missed.",
    parameters=(*_SINCE, _JOB),
    answers={200: Answer(says="The share, and what is to be expected.", shape=ServiceLevels)},
)
FORECAST = Operation(
    id="getForecast",
    tag=TAG,
    summary="Tell what is to come",
    says="When the runs that have run longest should be over, and how many should end in each of the next 24 hours.",
    parameters=(_JOB,),
    answers={200: Answer(says="What is to be expected.", shape=Forecast)},
)
RECENT = Operation(
    id="listRecentEvents",
    tag=TAG,
    summary="List what happened last",
    says="What happened last in the workspace. What is told of members, tokens, secrets and the workspace itself only owners get.",
    parameters=pages("The id"),
    answers={200: Answer(says="The events, the newest first.", shape=page_of(WorkspaceEvent))},
)
