"""Delivering again what was delivered or given up: one, some, or all dead ones since a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from django.db import transaction

from jobs import dispatch
from jobs.errors import ConflictError
from jobs.models import Event, Run, Workspace
from sinks import redelivery_claims as claims
from sinks.models import Sink
from sinks.states import Skipped

PAGE = 1000
MOST_TOLD = 100
"""Of those that are left alone, so many are named."""
REASONS: Mapping[Skipped, str] = {
    Skipped.DUE: "it is due anyway",
    Skipped.ERASED: "the results of its run were erased, so there is nothing to deliver",
    Skipped.NO_SINK: "its sink is gone, and nothing says which one is meant now",
    Skipped.NOT_FOUND: "there is no such delivery",
}
"""In words for people."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Again:
    """What became of a wish to deliver again.

    Args:
        made: How many will be made again.
        left: How many were left as they are.
        skipped: Of those the first `MOST_TOLD` by id, and why.
    """

    made: int = 0
    left: int = 0
    skipped: Mapping[int, Skipped] = field(default_factory=dict)

    def and_then(self, more: Again) -> Again:
        """Both together, ``more`` having the larger ids."""
        skipped = dict(list({**self.skipped, **more.skipped}.items())[:MOST_TOLD])
        return Again(self.made + more.made, self.left + more.left, skipped)


def redeliver(*, workspace: Workspace, delivery_ids: Sequence[int], actor: str) -> Again:
    """Deliver these again, under the ids that they have. What cannot be is left as it is: see `sinks.states.Skipped`."""
    made = claims.redeliver(workspace_id=workspace.pk, delivery_ids=delivery_ids)
    _told(workspace.pk, len(made), actor, {"deliveries": made[:100]})
    return _judged(workspace.pk, delivery_ids, made)


def redeliver_one(*, workspace: Workspace, delivery_id: int, actor: str) -> bool:
    """Deliver one again. False when that changes nothing: it is due anyway, or its sink is gone.

    Raises:
        ConflictError: The results of its run were erased; it stays as it is.
    """
    again = redeliver(workspace=workspace, delivery_ids=[delivery_id], actor=actor)
    if again.skipped.get(delivery_id) is Skipped.ERASED:
        raise ConflictError(f"delivery {delivery_id} cannot be made again: {REASONS[Skipped.ERASED]}")
    return bool(again.made)


def redeliver_of_sink(*, sink: Sink, actor: str, since: dt.datetime | None = None) -> Again:
    """Deliver again what a sink was given up for, since a time (aware UTC) or ever."""

    def page(after: int) -> list[int]:
        return claims.dead_of_sink(sink_id=sink.pk, since=since, after=after, limit=PAGE)

    again = _all(sink.workspace_id, page)
    _told(sink.workspace_id, again.made, actor, {"sink": sink.name, "since": since and since.isoformat()})
    return again


def redeliver_of_run(*, run: Run, actor: str, since: dt.datetime | None = None) -> Again:
    """Deliver again what was given up of a run, since a time (aware UTC) or ever."""

    def page(after: int) -> list[int]:
        return claims.dead_of_run(run_id=run.pk, since=since, after=after, limit=PAGE)

    again = _all(run.workspace_id, page)
    _told(run.workspace_id, again.made, actor, {"run": run.pk, "since": since and since.isoformat()})
    return again


def _all(workspace_id: int, page: Callable[[int], list[int]]) -> Again:
    """Page by page, each of them a transaction: an id is met once, so what dies again meanwhile does not keep this going."""
    again, after = Again(), 0
    while found := page(after):
        made = claims.redeliver(workspace_id=workspace_id, delivery_ids=found)
        again, after = again.and_then(_judged(workspace_id, found, made)), found[-1]
    return again


def _judged(workspace_id: int, asked: Sequence[int], made: Sequence[int]) -> Again:
    left = sorted(set(asked) - set(made))
    if not left:
        return Again(made=len(made))
    told = left[:MOST_TOLD]
    reasons = claims.left_alone(workspace_id=workspace_id, delivery_ids=told)
    skipped = {each: Skipped(reasons.get(each, Skipped.NOT_FOUND)) for each in told}
    return Again(made=len(made), left=len(left), skipped=skipped)


def _told(workspace_id: int, again: int, actor: str, data: dict[str, object]) -> None:
    if not again:
        return
    Event.objects.create(
        workspace_id=workspace_id, kind="delivery.again", actor=actor, data={**data, "redelivered": again}
    )
    transaction.on_commit(dispatch.publish_deliveries, robust=True)
    log.info("delivery.again", workspace_id=workspace_id, redelivered=again, actor=actor)
