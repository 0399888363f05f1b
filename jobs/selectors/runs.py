"""Reading runs with their counts, and what is kept beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from jobs.errors import NotFoundError
from jobs.models import Event, Job, LogLine, Run, Workspace
from jobs.selectors.looks import LOOK, Found
from jobs.selectors.ordering import Ordering, in_order
from jobs.selectors.run_pages import Page, page_query
from jobs.selectors.run_views import RunView, views
from jobs.states import FINAL_RUN_STATES


def get_run(*, workspace: Workspace, run_id: int, with_snapshot: bool = False) -> RunView:
    """One run, in one query. Raises NotFoundError, also for another workspace's."""
    this = "SELECT id FROM jobs_run WHERE workspace_id = %s AND id = %s"
    found = views(this, [workspace.pk, run_id], listed=False, with_snapshot=with_snapshot)
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

    @property
    def in_parts(self) -> bool:
        """Whether it leaves open if a run has ended, and asks for what only indexes of ended runs know."""
        is_open = self.active is None and self.state is None
        return is_open and any(each is not None for each in (self.trigger, self.actor, self.since, self.until))


# One step into the index (job, -id) for each job; asking the runs instead would visit every run of theirs.
_NEWEST = """
    SELECT (SELECT newest.id FROM jobs_run AS newest WHERE newest.job_id = asked.id ORDER BY newest.id DESC LIMIT 1)
    FROM unnest(%s::bigint[]) AS asked (id)
"""
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
    """A page of runs in one query; one more with ``wanted.job_key``.

    Args:
        workspace: Whose.
        limit: The most to return.
        after: The id of the last run of the page before; None for the first page.
        wanted: Which of them.
        ordering: `NEWEST_FIRST` or `OLDEST_FIRST`, by id; or by the time of their creation where one is wanted.
        with_snapshot: Whether their snapshots, which may be long, are read with them.
    """
    runs = _wanted(Run.objects.filter(workspace=workspace), workspace, wanted)
    page = Page(
        limit=limit,
        descending=ordering.descending,
        after=after,
        since=wanted.since,
        until=wanted.until,
        in_parts=wanted.in_parts,
    )
    return views(*page_query(runs, workspace, page), with_snapshot=with_snapshot)


def find_run_ids(*, workspace: Workspace, wanted: RunFilter, limit: int) -> list[int]:
    """The ids of the runs meant, up to ``limit`` of the newest, in order; in one query, in two with ``wanted.job_key``."""
    runs = _wanted(Run.objects.filter(workspace=workspace), workspace, wanted)
    times = {"created_at__gte": wanted.since, "created_at__lt": wanted.until}
    runs = runs.filter(**{column: time for column, time in times.items() if time is not None})
    return sorted(runs.order_by("-pk").values_list("pk", flat=True)[:limit])


def last_runs(*, job_ids: Iterable[int]) -> dict[int, RunView]:
    """The newest run of each job that has one, by job id, in one query."""
    found = views(_NEWEST, [list(job_ids)])
    return {view.run.job_id: view for view in found if view.run.job_id is not None}


def list_logs(
    *,
    run: Run,
    limit: int,
    after: int | None = None,
    position: int | None = None,
    level: str | None = None,
    text: str | None = None,
    ordering: Ordering = OLDEST_FIRST,
) -> Found[LogLine]:
    """A page of a run's log lines, in one query.

    With ``level`` or ``text`` alone, which have no index, one page looks through `LOOK` lines, in two queries. (A payload has few
    lines.)

    Args:
        run: Whose.
        limit: The most to return.
        after: The id of the last line of the page before; None for the first page.
        position: Only those of this payload.
        level: Only those of this level.
        text: Only those in which this stands, in whatever case.
        ordering: As they were written (`OLDEST_FIRST`), or the other way round.
    """
    wanted = {"position": position, "level": level, "message__icontains": text}
    lines = LogLine.objects.filter(run=run, **{name: value for name, value in wanted.items() if value is not None})
    place = None if after is None else [after]
    is_sought = (level is not None or text is not None) and position is None
    bound = _end_of_look(run, ordering, place) if is_sought else None
    if bound is not None:
        lines = lines.filter(**{"pk__gte" if ordering.descending else "pk__lte": bound})
    found = list(in_order(lines, ordering, after=place, limit=limit))
    return Found(found, until=bound if len(found) < limit else None)


def _end_of_look(run: Run, ordering: Ordering, after: list[int] | None) -> int | None:
    """The id of the last line of a look; None when it ends with the run's lines."""
    lines = in_order(LogLine.objects.filter(run=run), ordering, after=after, limit=LOOK + 1)
    ids = list(lines.values_list("pk", flat=True)[LOOK - 1 : LOOK + 1])
    return ids[0] if len(ids) > 1 else None


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


def _of_job(workspace: Workspace, key: str) -> Q:
    """By the job's id, which has an index that ends with the run's; the key has one for the runs alone whose job is gone."""
    job_type, _, name = key.partition(":")
    job_id = Job.objects.filter(workspace=workspace, type=job_type, name=name).values_list("pk", flat=True).first()
    return Q(job__isnull=True, job_key=key) if job_id is None else Q(job=job_id)


def _wanted(runs: QuerySet[Run], workspace: Workspace, wanted: RunFilter) -> QuerySet[Run]:
    """Those that are meant, whenever they were created."""
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
    }
    return runs.filter(**{column: value for column, value in equal.items() if value is not None})


def _in_state(state: str) -> Q:
    """In the words of the index that has such runs alone: there may be one among a million."""
    if state in FINAL_RUN_STATES:
        return Q(outcome=state, ended_at__isnull=False)
    return Q(state=state, ended_at=None, pk__gt=0)
