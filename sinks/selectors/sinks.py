"""Reading sinks with how it stands with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jobs.errors import NotFoundError
from jobs.models import KEEP_OPERATIONS, Job, Workspace
from jobs.selectors.ordering import Wanted, wanted_of
from sinks.models import Check, Sink, Standing, Use
from sinks.selectors.counting import counted
from sinks.states import SinkState

MOST_COUNTED = 10_000
"""Deliveries are counted up to this many: beyond it, it is that many and more."""


@dataclass(frozen=True, slots=True)
class SinkView:
    """A sink as readers see it.

    ``due`` and ``dead`` deliveries are counted up to `MOST_COUNTED`; ``jobs`` are the keys of those that use it.
    """

    sink: Sink
    standing: Standing
    state: SinkState
    due: int
    dead: int
    jobs: list[str]


def find_sink(*, workspace: Workspace, name: str) -> Sink:
    """The workspace's sink of that name, in one query. Raises NotFoundError, also for another workspace's and a job's own."""
    sink = Sink.objects.select_related("standing").filter(workspace=workspace, job__isnull=True, name=name).first()
    if sink is None:
        raise NotFoundError(f"there is no sink {name!r} in {workspace.slug}")
    return sink


def find_sink_of_job(*, job: Job, name: str) -> Sink:
    """The sink that a job's entry of that name means, in one query. Raises NotFoundError."""
    use = Use.objects.select_related("sink__standing").filter(job=job, name=name).first()
    if use is None:
        raise NotFoundError(f"{job.key} has no sink {name!r}")
    return use.sink


def sink_view(*, sink: Sink, now: dt.datetime) -> SinkView:
    """A sink with how it stands with it, in three queries."""
    return _views([Sink.objects.select_related("standing").get(pk=sink.pk)], now)[0]


def list_sinks(*, workspace: Workspace, now: dt.datetime, wanted: Wanted) -> list[SinkView]:
    """A page of the workspace's named sinks, in three queries."""
    sinks = Sink.objects.filter(workspace=workspace, job__isnull=True).select_related("standing")
    return _views(wanted_of(sinks, wanted), now)


def list_sinks_of_job(*, job: Job, now: dt.datetime) -> list[tuple[str, SinkView]]:
    """The sinks of a job by the names of its entries, in three queries."""
    uses = list(Use.objects.filter(job=job).select_related("sink__standing").order_by("name"))
    views = {view.sink.pk: view for view in _views([use.sink for use in uses], now)}
    return [(use.name, views[use.sink_id]) for use in uses]


def prefill(*, sink: Sink) -> dict[str, Any]:
    """An entry for a job that begins as a copy of a named sink and does not follow its changes."""
    return {"name": sink.name, "kind": sink.kind, "configuration": sink.configuration}


def get_check(*, workspace: Workspace, check_id: int, now: dt.datetime) -> Check:
    """What was asked, in one query. Raises NotFoundError, also for another workspace's and for what is no longer kept."""
    kept = Check.objects.filter(workspace=workspace, expires_at__gte=now - KEEP_OPERATIONS)
    found = kept.filter(pk=check_id).first()
    if found is None:
        raise NotFoundError(f"there is no check {check_id} in {workspace.slug}; each is kept for an hour")
    return found


def state_of(standing: Standing, now: dt.datetime) -> SinkState:
    """How it stands with a sink now."""
    if standing.disabled_at is not None:
        return SinkState.DISABLED
    if standing.retry_at is not None and standing.retry_at > now:
        return SinkState.RESTING
    held = standing.lease_expires_at is not None and standing.lease_expires_at > now
    return SinkState.DELIVERING if held else SinkState.READY


def _views(sinks: Iterable[Sink], now: dt.datetime) -> list[SinkView]:
    found = list(sinks)
    ids = [sink.pk for sink in found]
    asked = {"sink_ids": ids, "most": MOST_COUNTED}
    counts = {row.id: row for row in counted("sink_counts", asked)}
    users = _users(ids)
    return [
        SinkView(
            sink,
            sink.standing,
            state_of(sink.standing, now),
            counts[sink.pk].due,
            counts[sink.pk].dead,
            users.get(sink.pk, []),
        )
        for sink in found
    ]


def _users(sink_ids: list[int]) -> dict[int, list[str]]:
    users: dict[int, list[str]] = {}
    for use in Use.objects.filter(sink__in=sink_ids).select_related("job").order_by("job__type", "job__name"):
        keys = users.setdefault(use.sink_id, [])
        if use.job.key not in keys:
            keys.append(use.job.key)
    return users
