"""Metrics: how jobs and runs are doing."""

from __future__ import annotations

import datetime as dt
import re

from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import metric_shapes, shapes
from jobs.api.base import WorkspaceView
from jobs.api.described import metrics as on_metrics
from jobs.api.described.metrics import JOBS, MOST_JOBS
from jobs.api.described.operation import described
from jobs.api.pages import Query, page
from jobs.api.permissions import is_owner
from jobs.documents import KEY_PATTERN
from jobs.errors import FieldError, ValidationError
from jobs.models import Event
from jobs.selectors.metrics import forecast, standing, totals
from jobs.selectors.metrics.totals import Order, Step
from jobs.selectors.metrics.window import DAY, LONGEST, Window, window

_RANGE = ("since", "until")
_LONGEST_BY_HOUR = 31 * DAY
_RUNS = 20


@described(get=on_metrics.SUMMARY)
class Summary(WorkspaceView):
    """``metrics/summary/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """How runs ended within a stretch of time, all together, and what is going on now; ``job`` keeps those of one job."""
        query = Query(request, known=(*_RANGE, "job"), paged=False)
        asked = _window(query)
        total, counted_until = totals.total(workspace=self.workspace, window=asked, job_key=_job(query))
        now = standing.standing(workspace=self.workspace)
        return Response(metric_shapes.summary(total, asked, counted_until) | {"now": metric_shapes.standing(now)})


@described(get=on_metrics.THROUGHPUT)
class Throughput(WorkspaceView):
    """``metrics/throughput/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """The same hour by hour, or day by day."""
        query = Query(request, known=(*_RANGE, "job", "step"), paged=False)
        step = query.word("step", Step)
        asked = _window(query, days=step is Step.DAY)
        if step is Step.HOUR and asked.until - asked.since > _LONGEST_BY_HOUR:
            raise ValidationError([FieldError("step", f"expected day, for more than {_LONGEST_BY_HOUR.days} days")])
        if step is None:
            step = Step.HOUR if asked.until - asked.since <= 7 * DAY else Step.DAY
            asked = _window(query, days=step is Step.DAY)
        counted = totals.by_step(workspace=self.workspace, window=asked, step=step, job_key=_job(query))
        return Response(metric_shapes.steps(counted, asked, step))


@described(get=on_metrics.BY_JOB)
class Jobs(WorkspaceView):
    """``metrics/jobs/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """The same job by job, by ``order``; those without runs within the stretch of time are not among them."""
        query = Query(request, known=(*_RANGE, "order", "limit"), paged=False)
        asked = _window(query)
        counted = totals.by_job(
            workspace=self.workspace,
            window=asked,
            order=query.word("order", Order) or Order.RUNS,
            limit=query.number("limit", least=1, most=MOST_JOBS) or JOBS,
        )
        return Response(metric_shapes.jobs(counted, asked))


@described(get=on_metrics.LATENCY)
class Latency(WorkspaceView):
    """``metrics/latency/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """How long runs took, waited, and were late, with how many fell into which bucket."""
        query = Query(request, known=(*_RANGE, "job"), paged=False)
        asked = _window(query)
        total, counted_until = totals.total(workspace=self.workspace, window=asked, job_key=_job(query))
        return Response(metric_shapes.latency(total, asked, counted_until))


@described(get=on_metrics.SLA)
class Sla(WorkspaceView):
    """``metrics/sla/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """How many runs met their service level, which jobs missed theirs most, and how likely it is to be missed."""
        query = Query(request, known=(*_RANGE, "job"), paged=False)
        asked, job_key = _window(query), _job(query)
        total, counted_until = totals.total(workspace=self.workspace, window=asked, job_key=job_key)
        jobs = totals.by_job(
            workspace=self.workspace,
            window=asked,
            order=Order.MISSED,
            limit=JOBS,
            job_keys=[job_key] if job_key else None,
        ).totals
        expected = forecast.expected_breaches(workspace=self.workspace, now=_now(), job_key=job_key)
        return Response(metric_shapes.sla(total, asked, counted_until, jobs, expected))


@described(get=on_metrics.FORECAST)
class Forecast(WorkspaceView):
    """``metrics/forecast/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """When the runs that have begun should be over, and how many should end in each of the next 24 hours."""
        query = Query(request, known=("job",), paged=False)
        now, job_key = _now(), _job(query)
        ends = forecast.expected_ends(workspace=self.workspace, now=now, limit=_RUNS)
        hours = forecast.expected_hours(workspace=self.workspace, now=now, job_key=job_key)
        breaches = forecast.expected_breaches(workspace=self.workspace, now=now, job_key=job_key)
        return Response(metric_shapes.forecast(ends, hours, breaches))


@described(get=on_metrics.RECENT)
class Recent(WorkspaceView):
    """``metrics/recent/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """What happened last to the workspace's jobs and runs, the newest first."""
        query = Query(request)
        events = standing.recent_events(
            workspace=self.workspace,
            limit=query.limit + 1,
            before=query.number("after"),
            by_owner=is_owner(request, self.access),
        )
        return page(request, events, limit=query.limit, cursor=lambda event: event.pk, show=_event)


def _event(event: Event) -> dict[str, object]:
    return shapes.event_json(event) | {"run": event.run_id, "job": event.job.key if event.job else None}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _job(query: Query) -> str:
    """The key of the job asked for; empty for all. Raises ValidationError for what is no key."""
    key = query.text("job")
    if key is not None and not re.fullmatch(KEY_PATTERN, key):
        raise ValidationError([FieldError("job", "expected a job's key, type:name")])
    return key or ""


def _window(query: Query, *, days: bool = False) -> Window:
    """The stretch of time asked for; the last 24 hours when none is. Raises ValidationError."""
    now = _now()
    until = _time(query, "until") or now
    since = _time(query, "since") or until - DAY
    if since >= until:
        raise ValidationError([FieldError("since", f"expected a time before {until.isoformat()}")])
    if until - since > LONGEST:
        raise ValidationError([FieldError("since", f"expected at most {LONGEST.days} days before until")])
    return window(since=since, until=until, now=now, days=days)


def _time(query: Query, name: str) -> dt.datetime | None:
    written = query.text(name)
    if written is None:
        return None
    try:
        at = parse_datetime(written)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not 1970 < at.year < 9000:
        raise ValidationError([FieldError(name, "expected a time with its zone, such as 2026-11-21T12:00:00Z")])
    return at.astimezone(dt.UTC)
