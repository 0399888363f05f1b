"""Reading attempts that failed, were lost or were cancelled. One that succeeded is told by its payload's own row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jobs.errors import NotFoundError
from jobs.models import Attempt, Run, Workspace
from jobs.selectors.ordering import Ordering, in_order

BY_POSITION = Ordering(("position", "number"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFilter:
    """Which attempts are meant; None for any.

    Args:
        position: At the payload there.
        state: That ended so.
        worker: Of the worker of this name.
        since: That ended at this aware UTC instant or later.
        until: That ended before it.
    """

    position: int | None = None
    state: str | None = None
    worker: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def attempts_of(
    *,
    run: Run,
    limit: int,
    wanted: AttemptFilter,
    after: Sequence[Any] | None = None,
    ordering: Ordering = BY_POSITION,
) -> list[Attempt]:
    """A page of a run's attempts in one query, along the index of (run, position, number).

    Args:
        run: Whose.
        limit: The most to return.
        wanted: Which of them.
        after: Position and number of the last one of the page before; None for the first page.
        ordering: `BY_POSITION`, or the other way round.
    """
    equal = {
        "position": wanted.position,
        "state": wanted.state,
        "worker": wanted.worker,
        "ended_at__gte": wanted.since,
        "ended_at__lt": wanted.until,
    }
    rows = Attempt.objects.filter(run=run, **{name: value for name, value in equal.items() if value is not None})
    return list(in_order(rows, ordering, after=after, limit=limit))


def get_attempt(*, workspace: Workspace, attempt_id: int) -> Attempt:
    """The attempt of that id, in one query. Raises NotFoundError, also for another workspace's."""
    found = Attempt.objects.filter(pk=attempt_id, run__workspace=workspace).first()
    if found is None:
        raise NotFoundError(f"there is no attempt {attempt_id} in {workspace.slug}")
    return found
