"""One run at a time: who loads a datasource says so, and who comes meanwhile waits for his turn, without a worker."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import QuerySet

from jobs.errors import LookAgain, TransientError
from jobs.models import Handle, Lane
from workers.payloads.base import Work, keep_no_handle
from workers.persistence import with_models

HANDLE = "datasource"
"""The kind of the handle that stands while a datasource is loaded: nobody else loads it then."""
SOONEST_SECONDS, LATEST_SECONDS = 2.0, 15.0
"""When to look again whether the other run has ended."""
_SHARE = 0.2
"""Who has waited for a minute will not mind another twelve seconds."""


@contextmanager
def turn_at(*, stream: str, work: Work) -> Iterator[None]:
    """Load nothing of this datasource but what is loaded here.

    A worker that dies loses its turn with its lane. Who has waited has a full timeout from when his turn comes.

    Args:
        stream: What is loaded, the same for whoever loads it.
        work: The attempt.

    Raises:
        LookAgain: Another run has its turn.
        TransientError: Another run has, and the attempt's time is over (code ``busy``).
    """
    mine = str(uuid.uuid4())
    turn = work.keep_handle(HANDLE, {"stream": stream, "turn": mine})
    try:
        if work.keep_handle is not keep_no_handle:  # outside any lane there are no turns
            # Said first, looked then: of two that come in the same moment both may give way; both never go on.
            _give_way(work, _others(work, stream).exclude(data__turn=mine))
        yield
    finally:
        turn.drop()


def _give_way(work: Work, others: QuerySet[Handle]) -> None:
    holder = with_models(others.values_list("run_id", flat=True).first)
    if holder is None:
        if work.state is not None:
            work.deadline.extend()
        return
    if work.deadline.remaining() <= 0:
        raise TransientError(f"waited for its turn in vain: run {holder} of this datasource is under way", code="busy")
    if work.state is None:
        work.log("info", f"waits for its turn: run {holder} of this datasource is under way")
    raise LookAgain(seconds=_wait_seconds(work), state={"waits_for_run": holder})


def _others(work: Work, stream: str) -> QuerySet[Handle]:
    """Whose lane is gone is no run any more: the sweep is about to find its handle. Nor is an attempt of ours before this one."""
    alive = Handle.objects.filter(kind=HANDLE, data__stream=stream, lane__in=Lane.objects.values("pk"))
    return alive.exclude(run_id=work.run_id, position=work.position).order_by("pk")


def _wait_seconds(work: Work) -> float:
    """Never the same for two that gave way to each other."""
    wait = min(max(SOONEST_SECONDS, _SHARE * work.used_seconds), LATEST_SECONDS)
    return wait * random.uniform(1.0, 1.5)  # noqa: S311 - no secret
