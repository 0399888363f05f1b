"""Reading payloads. That one is running, or waits for a retry, is said by the lanes and the queue of retries, not by its row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from jobs.errors import NotFoundError
from jobs.models import Attempt, Lane, Payload, Requeued, Run
from jobs.selectors.looks import LOOK, Found
from jobs.selectors.ordering import Ordering, in_order
from jobs.states import PayloadState


@dataclass(frozen=True, slots=True)
class PayloadView:
    """A payload as readers see it.

    ``state`` is the derived one. ``attempts`` counts those that have ended. ``started_at`` of a running payload and its
    ``progress`` are known when its lane holds it alone. ``due_at`` is set while it waits for its next attempt, or, going on
    elsewhere, for the next look.
    """

    payload: Payload
    state: PayloadState
    attempts: int
    started_at: dt.datetime | None
    due_at: dt.datetime | None = None
    progress: Any = None
    failed_attempts: list[Attempt] = field(default_factory=list)


_MOST = 2**31 - 1
"""No position is beyond."""
BY_POSITION = Ordering(("position",))


def list_payloads(
    *,
    run: Run,
    limit: int,
    after: int | None = None,
    state: PayloadState | None = None,
    kind: str | None = None,
    name: str | None = None,
    ordering: Ordering = BY_POSITION,
    with_attempts: bool = False,
) -> Found[PayloadView]:
    """A page of a run's payloads by position, in three queries; in four with their attempts.

    With ``state``, ``kind`` or ``name``, which have no index (an outcome is written in place), one page looks through `LOOK`
    positions; one query more where it found fewer than asked for.

    Args:
        run: Whose.
        limit: The most to return.
        after: The position of the last payload of the page before; None for the first page.
        state: Only payloads in this (derived) state.
        kind: Only payloads of this kind.
        name: Only payloads in whose name this stands, in whatever case.
        ordering: `BY_POSITION`, or the other way round.
        with_attempts: Whether their failed attempts are read with them.
    """
    lanes = _lanes(run)
    payloads = Payload.objects.filter(run=run)
    if state is not None:
        payloads = _in_state(payloads, state, lanes)
    if kind is not None:
        payloads = payloads.filter(kind=kind)
    if name is not None:
        payloads = payloads.filter(name__icontains=name)
    bound = None if (state, kind, name) == (None, None, None) else _bound(run, ordering, after)
    if bound is not None:
        payloads = payloads.filter(**{"position__gte" if ordering.descending else "position__lte": bound})
    page = list(in_order(payloads, ordering, after=None if after is None else [after], limit=limit))
    views = _views(run, page, lanes)
    broken_off = bound is not None and len(page) < limit and _goes_on(run, ordering, bound)
    return Found(_with_attempts(run, views) if with_attempts else views, until=bound if broken_off else None)


def get_payload(*, run: Run, position: int) -> PayloadView:
    """One payload with its failed attempts, the first first, in four queries. Raises NotFoundError."""
    found = _views(run, list(Payload.objects.filter(run=run, position=position)), _lanes(run))
    if not found:
        raise NotFoundError(f"run {run.pk} has no payload {position}")
    found[0].failed_attempts.extend(Attempt.objects.filter(run=run, position=position).order_by("number"))
    return found[0]


def list_attempts(*, run: Run, limit: int) -> list[Attempt]:
    """The first failed and lost attempts of a run by position and number, in one query."""
    return list(Attempt.objects.filter(run=run).order_by("position", "number")[:limit])


def _with_attempts(run: Run, views: Sequence[PayloadView]) -> list[PayloadView]:
    found = {view.payload.position: view for view in views}
    attempts = Attempt.objects.filter(run=run, position__in=list(found)).order_by("position", "number")
    for attempt in attempts:
        found[attempt.position].failed_attempts.append(attempt)
    return list(found.values())


def _bound(run: Run, ordering: Ordering, after: int | None) -> int:
    """The last position of a look."""
    if ordering.descending:
        return (run.total if after is None else after) - LOOK
    return min((-1 if after is None else after) + LOOK, _MOST)


def _goes_on(run: Run, ordering: Ordering, bound: int) -> bool:
    """Whether the run has payloads beyond. (Its last one is asked for: for any beyond the planner might look among all others.)"""
    last = Payload.objects.filter(run=run).order_by("position" if ordering.descending else "-position")[:1]
    return any(
        each < bound if ordering.descending else each > bound for each in last.values_list("position", flat=True)
    )


def _lanes(run: Run) -> list[Lane]:
    """The run's lanes. Of a strict lane's range the first position is at work, and the rest is queued."""
    lanes = list(Lane.objects.filter(run=run))
    for lane in lanes:
        lane.high = min(lane.high, lane.low + 1) if run.strict else lane.high
    return lanes


def _in_state(payloads: QuerySet[Payload], state: PayloadState, lanes: Sequence[Lane]) -> QuerySet[Payload]:
    if state not in (PayloadState.QUEUED, PayloadState.RUNNING):
        return payloads.filter(state=state)
    held = Requeued.objects.filter(run=OuterRef("run"), position=OuterRef("position"))
    running = Q(Exists(held.filter(Q(lane__isnull=False) | Q(looking__isnull=False))))
    for lane in lanes:
        running |= Q(position__gte=lane.low, position__lt=lane.high)
    return payloads.filter(running if state == PayloadState.RUNNING else ~running, state=PayloadState.QUEUED)


def _views(run: Run, payloads: Sequence[Payload], lanes: Sequence[Lane]) -> list[PayloadView]:
    unsettled = [payload.position for payload in payloads if payload.state == PayloadState.QUEUED]
    out_of_line = {row.position: row for row in Requeued.objects.filter(run=run, position__in=unsettled)}
    return [_view(payload, out_of_line.get(payload.position), lanes) for payload in payloads]


def _view(payload: Payload, requeued: Requeued | None, lanes: Sequence[Lane]) -> PayloadView:
    if payload.state != PayloadState.QUEUED:
        return PayloadView(payload, PayloadState(payload.state), payload.attempts, payload.started_at)
    attempts = requeued.attempts if requeued else 0
    lane = _owner(payload.position, requeued, lanes)
    if lane is not None:
        alone = lane.high - lane.low == 1 or (requeued is not None and requeued.alone)
        started_at, progress = (lane.leased_at, lane.progress) if alone else (None, None)
        return PayloadView(payload, PayloadState.RUNNING, attempts, started_at, progress=progress)
    due_at = requeued.due_at if requeued else None
    if requeued is not None and requeued.looking is not None:
        since = dt.datetime.fromisoformat(requeued.looking["since"])
        return PayloadView(payload, PayloadState.RUNNING, attempts, since, due_at=due_at)
    return PayloadView(payload, PayloadState.QUEUED, attempts, None, due_at=due_at)


def _owner(position: int, requeued: Requeued | None, lanes: Sequence[Lane]) -> Lane | None:
    if requeued is not None:
        return next((lane for lane in lanes if lane.pk == requeued.lane_id), None)
    return next((lane for lane in lanes if lane.low <= position < lane.high), None)
