"""What is going on in a workspace: what runs, what waits and for how long, who works."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Case, Count, F, Min, Q, QuerySet, Sum, When
from django.db.models.functions import Greatest, Least

from jobs.models import Event, Lane, Run, Workspace
from jobs.selectors.events import readable
from jobs.states import RunState


@dataclass(frozen=True, slots=True)
class Standing:
    """How many runs are not over, by what they do; those that are being paused or ended count as running."""

    running: int
    queued: int
    paused: int
    oldest_queued_at: dt.datetime | None
    """When the one was triggered that has waited longest; None when none waits."""


class Worker(NamedTuple):
    """A worker process that holds lanes of the workspace's runs, and whose leases are alive. One without work is not known here."""

    name: str
    lanes: int
    runs: int
    payloads: int
    """At work in them: of a strict lane one, of any other its range."""
    since: dt.datetime
    """When it took the range that it has had longest."""


def standing(*, workspace: Workspace) -> Standing:
    """How many runs are not over, in one query."""
    waits = Q(state=RunState.PENDING)
    held = Q(state__in=(RunState.PAUSED, RunState.RESUMING))
    counted = _active(workspace).aggregate(
        all=Count("pk"),
        queued=Count("pk", filter=waits),
        paused=Count("pk", filter=held),
        oldest=Min("created_at", filter=waits),
    )
    return Standing(
        running=counted["all"] - counted["queued"] - counted["paused"],
        queued=counted["queued"],
        paused=counted["paused"],
        oldest_queued_at=counted["oldest"],
    )


def longest_queued(*, workspace: Workspace, limit: int) -> list[Run]:
    """The runs that have not begun, the one that has waited longest first, in one query; without what is large in them."""
    return list(_light(_active(workspace).filter(state=RunState.PENDING)).order_by("pk")[:limit])


def longest_running(*, workspace: Workspace, limit: int) -> list[Run]:
    """The runs that have begun and are not over, the one that began first first, in one query; without what is large in them."""
    begun = _active(workspace).filter(started_at__isnull=False)
    return list(_light(begun).order_by("started_at", "pk")[:limit])


def workers(*, workspace: Workspace, now: dt.datetime) -> list[Worker]:
    """Who works on the workspace's runs, by name, in one query."""
    width = Greatest(F("high") - F("low"), 0)
    at_work = Case(When(run__strict=True, then=Least(width, 1)), default=width)
    lanes = Lane.objects.filter(run__workspace=workspace, lease_expires_at__gt=now)
    rows = lanes.values("worker").annotate(
        lanes=Count("pk"), runs=Count("run", distinct=True), payloads=Sum(at_work), since=Min("leased_at")
    )
    return [
        Worker(row["worker"], row["lanes"], row["runs"], row["payloads"], row["since"])
        for row in rows.order_by("worker")
    ]


def recent_events(
    *, workspace: Workspace, limit: int, before: int | None = None, by_owner: bool = False
) -> list[Event]:
    """What happened last in the workspace, the newest first, each with its job's key, in one query.

    Args:
        limit: The most to return.
        before: The id of the last event of the page before; None for the first page.
        by_owner: Whether the caller may read those about members, tokens and secrets.
    """
    events = readable(Event.objects.filter(workspace=workspace), by_owner=by_owner)
    if before is not None:
        events = events.filter(pk__lt=before)
    shown = ("kind", "actor", "data", "at", "run", "job", "job__type", "job__name")
    return list(events.select_related("job").only(*shown).order_by("-pk")[:limit])


def last_failures(*, workspace: Workspace, limit: int) -> list[Run]:
    """The newest runs that failed, in one query; without what is large in them."""
    return list(_light(Run.objects.filter(workspace=workspace, outcome=RunState.FAILED)).order_by("-pk")[:limit])


def _active(workspace: Workspace) -> QuerySet[Run]:
    """id > 0: for the index that holds the active runs alone, whatever the statistics say (see `jobs.models.Run`)."""
    return Run.objects.filter(workspace=workspace, ended_at=None, pk__gt=0)


def _light(runs: QuerySet[Run]) -> QuerySet[Run]:
    return runs.defer("snapshot", "parameters", "result")
