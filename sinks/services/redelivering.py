"""Delivering again what was delivered or given up: one, some, or all dead ones since a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import structlog
from django.db import transaction

from jobs import dispatch
from jobs.models import Event, Run, Workspace
from sinks import redelivery_claims as claims
from sinks.models import Sink

PAGE = 1000

log = structlog.get_logger(__name__)


def redeliver(*, workspace: Workspace, delivery_ids: Sequence[int], actor: str) -> list[int]:
    """Deliver these again, under the ids that they have. What is still due is left alone, and so is what has no sink to go to.

    Returns:
        The ids of those that will be delivered again.
    """
    again = claims.redeliver(workspace_id=workspace.pk, delivery_ids=delivery_ids)
    _told(workspace.pk, len(again), actor, {"deliveries": again[:100]})
    return again


def redeliver_of_sink(*, sink: Sink, actor: str, since: dt.datetime | None = None) -> int:
    """Deliver again what a sink was given up for, since a time (aware UTC) or ever: how many."""

    def page(after: int) -> list[int]:
        return claims.dead_of_sink(sink_id=sink.pk, since=since, after=after, limit=PAGE)

    again = _all(sink.workspace_id, page)
    _told(sink.workspace_id, again, actor, {"sink": sink.name, "since": since and since.isoformat()})
    return again


def redeliver_of_run(*, run: Run, actor: str, since: dt.datetime | None = None) -> int:
    """Deliver again what was given up of a run, since a time (aware UTC) or ever: how many."""

    def page(after: int) -> list[int]:
        return claims.dead_of_run(run_id=run.pk, since=since, after=after, limit=PAGE)

    again = _all(run.workspace_id, page)
    _told(run.workspace_id, again, actor, {"run": run.pk, "since": since and since.isoformat()})
    return again


def _all(workspace_id: int, page: Callable[[int], list[int]]) -> int:
    """Page by page, each of them a transaction: an id is met once, so what dies again meanwhile does not keep this going."""
    again, after = 0, 0
    while found := page(after):
        again += len(claims.redeliver(workspace_id=workspace_id, delivery_ids=found))
        after = found[-1]
    return again


def _told(workspace_id: int, again: int, actor: str, data: dict[str, object]) -> None:
    if not again:
        return
    Event.objects.create(
        workspace_id=workspace_id, kind="delivery.again", actor=actor, data={**data, "redelivered": again}
    )
    transaction.on_commit(dispatch.publish_deliveries, robust=True)
    log.info("delivery.again", workspace_id=workspace_id, redelivered=again, actor=actor)
