"""Reading runs with their counts, and what is kept beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce, Least

from jobs.errors import NotFoundError
from jobs.models import Event, Job, Lane, LogLine, Requeued, Run, Workspace
from jobs.selectors.ordering import Ordering, in_order
from jobs.states import FINAL_RUN_STATES

_COUNTS = """
    SELECT r.id, r.total, r.succeeded + lanes.succeeded, r.failed + lanes.failed, r.cancelled,
        lanes.width + held.number + tracked.number
    FROM jobs_run AS r, LATERAL (
        SELECT
            COALESCE(sum(l.succeeded), 0) AS succeeded, COALESCE(sum(l.failed), 0) AS failed,
            COALESCE(sum(CASE WHEN r.strict THEN LEAST(l.high - l.low, 1) ELSE l.high - l.low END), 0) AS width
        FROM jobs_lane AS l WHERE l.run_id = r.id
    ) AS lanes, LATERAL (
        SELECT count(*) AS number FROM jobs_lane AS l JOIN jobs_requeued AS q ON q.lane_id = l.id WHERE l.run_id = r.id
    ) AS held, LATERAL (
        SELECT count(*) AS number FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.looking IS NOT NULL AND q.lane_id IS NULL
    ) AS tracked
    WHERE r.id = ANY (%s)
"""
"""What `with_running` annotates, for runs that have been read: the ORM takes milliseconds to write it down."""

_UNSHOWN = (
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


def get_run(*, workspace: Workspace, run_id: int, with_snapshot: bool = False) -> RunView:
    """One run, in one query; in two while it is active. Raises NotFoundError, also for another workspace's."""
    found = _views(Run.objects.filter(workspace=workspace, pk=run_id), with_snapshot=with_snapshot)
    if not found:
        raise NotFoundError(f"there is no run {run_id} in {workspace.slug}")
    return found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are meant; None for any.

    Args:
        job_key: Of the job of this key; when there is none, those that deleted jobs of this key left.
        state: In this state.
        active: True for those that have not ended, False for those that have.
        trigger: Made by this.
        actor: Asked for by them.
        origin: Made from the run of this id.
        since: Created from this time on, aware.
        until: Created before this time, aware.
    """

    job_key: str | None = None
    state: str | None = None
    active: bool | None = None
    trigger: str | None = None
    actor: str | None = None
    origin: int | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


NEWEST_FIRST = Ordering(("pk",), descending=True)
OLDEST_FIRST = Ordering(("pk",))
ANY_RUN = RunFilter()


def find_run(*, workspace: Workspace, run_id: int) -> Run:
    """One run for who needs no counts, in one query. Raises NotFoundError as `get_run` does."""
    run = Run.objects.filter(workspace=workspace, pk=run_id).defer("snapshot").first()
    if run is None:
        raise NotFoundError(f"there is no run {run_id} in {workspace.slug}")
    return run


def list_runs(
    *,
    workspace: Workspace,
    limit: int,
    after: int | None = None,
    wanted: RunFilter = ANY_RUN,
    ordering: Ordering = NEWEST_FIRST,
    with_snapshot: bool = False,
) -> list[RunView]:
    """A page of runs in one query; one more if some are active, and one more with ``wanted.job_key``.

    Args:
        workspace: Whose.
        limit: The most to return.
        after: The id of the last run of the page before; None for the first page.
        wanted: Which of them.
        ordering: `NEWEST_FIRST` or `OLDEST_FIRST`.
        with_snapshot: Whether their snapshots, which may be long, are read with them.
    """
    runs = _wanted(Run.objects.filter(workspace=workspace), workspace, wanted)
    page = in_order(runs, ordering, after=None if after is None else [after], limit=limit)
    return _views(page.defer(*_UNSHOWN), with_snapshot=with_snapshot)


def find_run_ids(*, workspace: Workspace, wanted: RunFilter, limit: int) -> list[int]:
    """The ids of the runs meant, up to ``limit`` of the newest, in order; in one query, in two with ``wanted.job_key``."""
    runs = _wanted(Run.objects.filter(workspace=workspace), workspace, wanted)
    return sorted(runs.order_by("-pk").values_list("pk", flat=True)[:limit])


def last_runs(*, job_ids: Iterable[int]) -> dict[int, RunView]:
    """The newest run of each job that has one, by job id, in one query; in two if some are active."""
    # One step into the index (job, -id) for each job; asking the runs instead would visit every run of theirs.
    newest = Run.objects.filter(job=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    last = Job.objects.filter(pk__in=list(job_ids)).annotate(last_run=Subquery(newest))
    views = _views(Run.objects.filter(pk__in=last.values("last_run")).defer(*_UNSHOWN))
    return {view.run.job_id: view for view in views if view.run.job_id is not None}


def list_logs(
    *,
    run: Run,
    limit: int,
    after: int | None = None,
    position: int | None = None,
    level: str | None = None,
    ordering: Ordering = OLDEST_FIRST,
) -> list[LogLine]:
    """A page of a run's log lines, in one query.

    Args:
        run: Whose.
        limit: The most to return.
        after: The id of the last line of the page before; None for the first page.
        position: Only those of this payload.
        level: Only those of this level.
        ordering: As they were written (`OLDEST_FIRST`), or the other way round.
    """
    wanted = {"position": position, "level": level}
    lines = LogLine.objects.filter(run=run, **{name: value for name, value in wanted.items() if value is not None})
    return list(in_order(lines, ordering, after=None if after is None else [after], limit=limit))


def list_events(
    *,
    run: Run,
    limit: int,
    after: int | None = None,
    kind: str | None = None,
    ordering: Ordering = OLDEST_FIRST,
) -> list[Event]:
    """A page of a run's events, in one query.

    Args:
        run: Whose.
        limit: The most to return.
        after: The id of the last event of the page before; None for the first page.
        kind: Only those of this kind.
        ordering: As they happened (`OLDEST_FIRST`), or the other way round.
    """
    events = Event.objects.filter(run=run)
    if kind is not None:
        events = events.filter(kind=kind)
    return list(in_order(events, ordering, after=None if after is None else [after], limit=limit))


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
        run.total,
        run.succeeded + getattr(run, "uncounted_succeeded", 0),
        run.failed + getattr(run, "uncounted_failed", 0),
        run.cancelled,
        sum(getattr(run, name, 0) for name in ("in_lanes", "held", "tracked")),
    )


def _counts(total: int, succeeded: int, failed: int, cancelled: int, at_work: int) -> Counts:
    unsettled = total - succeeded - failed - cancelled
    running = min(unsettled, at_work)
    return Counts(
        total=total,
        queued=unsettled - running,
        running=running,
        succeeded=succeeded,
        failed=failed,
        cancelled=cancelled,
    )


def _of_job(workspace: Workspace, key: str) -> Q:
    """By the job's id, which has an index that ends with the run's; the key has none."""
    job_type, _, name = key.partition(":")
    job_id = Job.objects.filter(workspace=workspace, type=job_type, name=name).values_list("pk", flat=True).first()
    return Q(job_key=key) if job_id is None else Q(job=job_id)


def _wanted(runs: QuerySet[Run], workspace: Workspace, wanted: RunFilter) -> QuerySet[Run]:
    if wanted.job_key is not None:
        runs = runs.filter(_of_job(workspace, wanted.job_key))
    if wanted.active:
        runs = runs.filter(ended_at=None, pk__gt=0)  # In words that the index of those that have not ended answers.
    if wanted.state is not None:
        runs = runs.filter(_in_state(wanted.state))
    equal = {
        "ended_at__isnull": None if wanted.active is None else wanted.active,
        "trigger": wanted.trigger,
        "actor": wanted.actor,
        "origin": wanted.origin,
        "created_at__gte": wanted.since,
        "created_at__lt": wanted.until,
    }
    return runs.filter(**{column: value for column, value in equal.items() if value is not None})


def _in_state(state: str) -> Q:
    """In the words of the index that has such runs alone: there may be one among a million."""
    if state in FINAL_RUN_STATES:
        return Q(outcome=state)
    return Q(state=state, ended_at=None, pk__gt=0)


def _views(runs: QuerySet[Run], *, with_snapshot: bool = False) -> list[RunView]:
    with_rest = runs.select_related("group", "pin")
    found = list(with_rest if with_snapshot else with_rest.defer("snapshot"))
    active = _active_counts([run.pk for run in found if run.ended_at is None])
    return [RunView(run, active[run.pk] if run.pk in active else counts_of(run)) for run in found]


def _active_counts(run_ids: list[int]) -> dict[int, Counts]:
    """The counts of runs that have not ended, by id: the runs' own and the lanes' of one moment, or what goes from a lane to its
    run meanwhile would be in neither."""
    if not run_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [run_ids])
        return {row[0]: _counts(*row[1:]) for row in cursor.fetchall()}
