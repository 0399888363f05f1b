"""Runs with their counts: what a run counts itself, and what its lanes have not handed over yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import Case, Count, F, IntegerField, OuterRef, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce, Least

from jobs.models import ConcurrencyGroup, Lane, Pin, Requeued, Run
from jobs.selectors.rows import Rows, fetched

_COUNTS = """
    SELECT
        COALESCE(sum(l.succeeded), 0) AS succeeded, COALESCE(sum(l.failed), 0) AS failed,
        COALESCE(sum(CASE WHEN r.strict THEN LEAST(l.high - l.low, 1) ELSE l.high - l.low END), 0)
            + (SELECT count(*) FROM jobs_lane AS h JOIN jobs_requeued AS q ON q.lane_id = h.id WHERE h.run_id = r.id)
            + (SELECT count(*) FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.looking IS NOT NULL AND q.lane_id IS NULL)
            AS at_work
    FROM jobs_lane AS l WHERE l.run_id = r.id HAVING r.ended_at IS NULL
"""
"""What `with_running` annotates. In one statement with the run's own: or what goes from a lane to its run meanwhile would be in
neither."""

_UNLISTED = (
    "digest",
    "max_lanes",
    "next_position",
    "nudges",
    "outcome",
    "priority",
    "queue",
    "rate_interval_ms",
    "run_timeout",
    "schedule_id",
    "strict",
    "wake_at",
)
"""What a list of runs does not tell: to read a column takes longer here than in the database."""

_GROUP = Rows(ConcurrencyGroup, only=("id", "name"))
_PIN = Rows(Pin)


@dataclass(frozen=True, slots=True)
class Counts:
    """A run's payloads by state; ``total`` is the sum of the others."""

    total: int
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as readers see it."""

    run: Run
    counts: Counts


def views(ids: str, parameters: Sequence[Any], *, listed: bool = True, with_snapshot: bool = False) -> list[RunView]:
    """The runs that a query finds the ids of, in its order, each with its group and its pin; in one query.

    Args:
        ids: The query, of one column.
        parameters: Its parameters.
        listed: Whether what a list does not show is left unread.
        with_snapshot: Whether their snapshots, which may be long, are read with them.
    """
    but = (*(_UNLISTED if listed else ()), *(() if with_snapshot else ("snapshot",)))
    rows = _columns(but)
    return [_view(rows, row) for row in fetched(_query(but).format(ids=ids), parameters)]


def with_running(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Annotate what the lanes say: ``in_lanes`` and ``held``, the positions of their ranges and the requeued ones that they hold;
    ``tracked``, those that go on elsewhere; ``uncounted_succeeded`` and ``uncounted_failed``, outcomes that the run does not count
    yet.

    A strict lane commits each outcome before it begins the next: one payload of its range is running, the rest is queued.
    """
    lanes = Lane.objects.filter(run=OuterRef("pk")).order_by().values("run")
    width = F("high") - F("low")
    at_work = Case(When(run__strict=True, then=Least(width, 1)), default=width)
    in_lanes = lanes.annotate(width=Sum(at_work)).values("width")
    succeeded = lanes.annotate(number=Sum("succeeded")).values("number")
    failed = lanes.annotate(number=Sum("failed")).values("number")
    # Through the lane, and not by run: a run may have a hundred thousand retries waiting, and a lane holds few.
    taken = Requeued.objects.filter(lane__run=OuterRef("pk")).order_by().values("lane__run")
    held = taken.annotate(number=Count("position")).values("number")
    elsewhere = Requeued.objects.filter(run=OuterRef("pk"), looking__isnull=False, lane__isnull=True).order_by()
    tracked = elsewhere.values("run").annotate(number=Count("position")).values("number")
    return runs.annotate(
        in_lanes=Coalesce(Subquery(in_lanes, output_field=IntegerField()), 0),
        held=Coalesce(Subquery(held, output_field=IntegerField()), 0),
        tracked=Coalesce(Subquery(tracked, output_field=IntegerField()), 0),
        uncounted_succeeded=Coalesce(Subquery(succeeded, output_field=IntegerField()), 0),
        uncounted_failed=Coalesce(Subquery(failed, output_field=IntegerField()), 0),
    )


def counts_of(run: Run) -> Counts:
    """The counts of a run that has ended, or was read `with_running`."""
    return _counts(
        run,
        getattr(run, "uncounted_succeeded", 0),
        getattr(run, "uncounted_failed", 0),
        sum(getattr(run, name, 0) for name in ("in_lanes", "held", "tracked")),
    )


def _counts(run: Run, succeeded: int, failed: int, at_work: int) -> Counts:
    succeeded, failed = run.succeeded + succeeded, run.failed + failed
    unsettled = run.total - succeeded - failed - run.cancelled
    running = min(unsettled, at_work)
    return Counts(
        total=run.total,
        queued=unsettled - running,
        running=running,
        succeeded=succeeded,
        failed=failed,
        cancelled=run.cancelled,
    )


@cache
def _columns(but: tuple[str, ...]) -> Rows[Run]:
    return Rows(Run, but=but)


@cache
def _query(but: tuple[str, ...]) -> str:
    """(A run that has ended has no lanes: they are not looked for.)"""
    return f"""
        SELECT {_columns(but).selected("r")}, {_GROUP.selected("g")}, {_PIN.selected("p")},
            COALESCE(lanes.succeeded, 0), COALESCE(lanes.failed, 0), COALESCE(lanes.at_work, 0)
        FROM unnest(ARRAY({{ids}})) WITH ORDINALITY AS page (id, place)
        JOIN jobs_run AS r ON r.id = page.id
        LEFT JOIN LATERAL ({_COUNTS}) AS lanes ON true
        LEFT JOIN jobs_group AS g ON g.id = r.group_id
        LEFT JOIN jobs_pin AS p ON p.run_id = r.id
        ORDER BY page.place
    """  # noqa: S608 - of names of columns


def _view(rows: Rows[Run], row: tuple[Any, ...]) -> RunView:
    group, pin = len(rows), len(rows) + len(_GROUP)
    run = rows.instance(row[:group])
    related = run._state.fields_cache
    related["group"] = _GROUP.optional(row[group:pin])
    related["pin"] = _PIN.optional(row[pin:-3])
    return RunView(run, _counts(run, *row[-3:]))
