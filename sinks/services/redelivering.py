"""Delivering again what was delivered or given up: one, some, or all since a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog
from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.db.models.functions import Now

from jobs import dispatch
from jobs.errors import ConflictError
from jobs.models import BulkAction, Event, Run, Workspace
from jobs.services.bulk_batches import open_actions, refuse_rest, try_batch, wait_briefly_for_locks
from jobs.services.lasting_rights import told_caller, why_not
from sinks import redelivery_claims as claims
from sinks.models import Delivery, Sink
from sinks.states import DeliveryState, Skipped

ACTION = "redeliver"
PAGE = 1000
"""Made again in one transaction: in the call that asks, or in one pass of the sweep."""
MAX_ID = 2**63 - 1
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
        action: What deals with the others behind these, where there are some; None when these are all.
    """

    made: int = 0
    left: int = 0
    skipped: Mapping[int, Skipped] = field(default_factory=dict)
    action: BulkAction | None = None


def redeliver(*, workspace: Workspace, delivery_ids: Sequence[int], actor: str) -> Again:
    """Deliver these again, under the ids that they have. What cannot be is left as it is: see `sinks.states.Skipped`."""
    with transaction.atomic():
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


def redeliver_of_sink(*, sink: Sink, actor: str, since: dt.datetime | None = None, delivered: bool = False) -> Again:
    """Deliver again what a sink was given up for, since a time (aware UTC) or ever; ``delivered``: and what it has taken.
    `PAGE` now, and others in the background."""
    over = _Over("sink", sink.pk, sink.name, sink.workspace_id, since, actor, delivered)
    return _begin(over, Delivery.objects.filter(sink_id=sink.pk))


def redeliver_of_run(*, run: Run, actor: str, since: dt.datetime | None = None, delivered: bool = False) -> Again:
    """Deliver again what was given up of a run. Since when, which and how many, as for a sink."""
    over = _Over("run", run.pk, run.pk, run.workspace_id, since, actor, delivered)
    return _begin(over, Delivery.objects.filter(run_id=run.pk))


def work_off() -> None:
    """Do a page of each that is not over; several processes share them."""
    for pk in open_actions([ACTION]):
        try_batch(_work_one_page, action_id=pk)


@dataclass(frozen=True, slots=True)
class _Over:
    """The dead deliveries of a sink or a run, since a time; ``delivered``: and those that were made. Who wants them again.
    ``name``: as people know it."""

    kind: str
    id: int
    name: str | int
    workspace_id: int
    since: dt.datetime | None
    actor: str
    delivered: bool

    @property
    def states(self) -> list[DeliveryState]:
        """Theirs."""
        return [DeliveryState.DEAD, *([DeliveryState.DELIVERED] if self.delivered else [])]

    def page(self, *, after: int, upto: int = MAX_ID) -> tuple[list[int], bool]:
        """The ids of the next ones, and whether there are more behind them. An id is met once, also if it dies again."""
        find = claims.of_sink if self.kind == "sink" else claims.of_run
        found = find(self.id, delivered=self.delivered, since=self.since, after=after, limit=PAGE + 1)
        wanted = [each for each in found if each <= upto]
        return wanted[:PAGE], len(wanted) > PAGE

    def told(self) -> dict[str, object]:
        """As the event log tells of them."""
        told: dict[str, object] = {self.kind: self.name, "since": self.since and self.since.isoformat()}
        return told | ({"delivered": True} if self.delivered else {})


def _begin(over: _Over, deliveries: QuerySet[Delivery]) -> Again:
    found, has_more = over.page(after=0)
    with transaction.atomic():
        again = _page(over, found)
        if not has_more:
            return again
        rest = deliveries.filter(state__in=over.states, pk__gt=found[-1])
        rest = rest if over.since is None else rest.filter(ended_at__gte=over.since)
        about = rest.aggregate(upto=Max("pk"), count=Count("pk"))
        action = BulkAction.objects.create(
            workspace_id=over.workspace_id,
            action=ACTION,
            selection={"filter": over.told()},
            options={"kind": over.kind, "id": over.id, "name": over.name, "delivered": over.delivered},
            upto=about["upto"] or found[-1],
            cursor=found[-1],
            total=len(found) + about["count"],
            changed=again.made,
            unchanged=again.left,
            problems=_problems(again),
            actor=over.actor,
            caller=told_caller(),
        )
    log.info("bulk.began", action=action.pk, what=ACTION, total=action.total, actor=over.actor)
    return replace(again, action=action)


def _work_one_page(pk: int) -> bool:
    with transaction.atomic():
        wait_briefly_for_locks()
        action = BulkAction.objects.select_for_update(skip_locked=True).filter(pk=pk, ended_at=None).first()
        if action is None:
            return False
        over = _over_of(action)
        found, has_more = over.page(after=action.cursor, upto=action.upto)
        if found and (reason := why_not(action, now=dt.datetime.now(dt.UTC))):
            refuse_rest(action, targets=found, why=reason)
            return True
        again = _page(over, found)
        action.changed += again.made
        action.unchanged += again.left
        action.problems = [*action.problems, *_problems(again)][:MOST_TOLD]
        action.cursor = found[-1] if found else action.cursor
        action.ended_at = None if has_more else Now()
        action.save(update_fields=["changed", "unchanged", "problems", "cursor", "ended_at"])
        return True


def _over_of(action: BulkAction) -> _Over:
    since = action.selection["filter"]["since"]
    options = action.options
    return _Over(
        options["kind"],
        options["id"],
        options["name"],
        action.workspace_id,
        None if since is None else dt.datetime.fromisoformat(since),
        action.actor,
        bool(options.get("delivered")),
    )


def _page(over: _Over, found: Sequence[int]) -> Again:
    """Within a transaction, which the event joins."""
    made = claims.redeliver(workspace_id=over.workspace_id, delivery_ids=found)
    _told(over.workspace_id, len(made), over.actor, over.told())
    return _judged(over.workspace_id, found, made)


def _problems(again: Again) -> list[dict[str, object]]:
    return [{"id": each, "detail": REASONS[why]} for each, why in again.skipped.items()]


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
