"""Deliveries of a whole workspace, as its pages list them, and the last one to each sink."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.models import Run, Workspace
from sinks.models import Delivery, Sink, Use
from sinks.selectors.counting import counted
from sinks.selectors.deliveries import SHOWN
from sinks.states import DeliveryState

WINDOW = 20_000
"""So many of the newest deliveries to each sink are looked through for what has no index: a job, a time, what was delivered."""
_INDEXED = (DeliveryState.DUE, DeliveryState.DEAD)


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries; None for whatever.

    Args:
        state: Where they stand.
        sink: The name of a sink of the workspace, or of an entry of some job's sinks.
        job_key: Of the runs whose results they hold.
        run: Of this run alone, also those whose sink is gone.
        since: Made then or later; aware.
    """

    state: DeliveryState | None = None
    sink: str | None = None
    job_key: str | None = None
    run: Run | None = None
    since: dt.datetime | None = None


def deliveries_of_workspace(
    *, workspace: Workspace, wanted: DeliveryFilter, limit: int, after: int | None = None
) -> list[Delivery]:
    """A page of a workspace's deliveries, the newest first, in three queries at most.

    Deliveries whose sink is gone are found by their run. A page of what has no index is short where `WINDOW` deliveries of a sink
    hold too few of it.

    Args:
        workspace: Whose.
        wanted: Which.
        limit: The most to return.
        after: The id of the last one of the page before; None for the first page.
    """
    sink_ids = None if wanted.sink is None else _sinks_named(workspace, wanted.sink)
    if wanted.run is not None:
        return _of_run(wanted.run, wanted, sink_ids, limit, after)
    asked = {
        "workspace_id": workspace.pk,
        "sink_ids": sink_ids,
        "state": wanted.state and wanted.state.value,
        "indexed": wanted.state.value if wanted.state in _INDEXED else None,
        "since": wanted.since,
        "job_key": wanted.job_key,
        "after": after,
        "window": WINDOW,
        "limit": limit,
    }
    ids = [row.id for row in counted("workspace_deliveries", asked)]
    return list(Delivery.objects.select_related(*SHOWN).filter(pk__in=ids).order_by("-pk"))


def last_deliveries(*, sink_ids: Iterable[int]) -> dict[int, Any]:
    """The newest delivery to each of these sinks by the sink's id, in one query: its id, its state, and when it was made."""
    return {row.sink_id: row for row in counted("last_deliveries", {"sink_ids": list(sink_ids)})}


def sinks_by_id(*, workspace: Workspace, ids: Iterable[int | None]) -> dict[int, Sink]:
    """These of the workspace's sinks, with the jobs whose own they are, in one query."""
    rows = Sink.objects.filter(workspace=workspace, pk__in={each for each in ids if each is not None})
    return {sink.pk: sink for sink in rows.select_related("job")}


def _of_run(
    run: Run, wanted: DeliveryFilter, sink_ids: Sequence[int] | None, limit: int, after: int | None
) -> list[Delivery]:
    found = Delivery.objects.select_related(*SHOWN).filter(run_id=run.pk)
    for lookup, value in (
        ("state", wanted.state),
        ("sink_id__in", sink_ids),
        ("created_at__gte", wanted.since),
        ("handover__run__job_key", wanted.job_key),
        ("pk__lt", after),
    ):
        if value is not None:
            found = found.filter(**{lookup: value})
    return list(found.order_by("-pk")[:limit])


def _sinks_named(workspace: Workspace, name: str) -> list[int]:
    named = Sink.objects.filter(workspace=workspace, name=name).values_list("pk", flat=True)
    used = Use.objects.filter(sink__workspace=workspace, name=name).values_list("sink_id", flat=True)
    return sorted(set(named.union(used)))
