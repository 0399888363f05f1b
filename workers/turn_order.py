"""Whose turn it is. The broker serves first come first served; the database decides whom to let go before."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import structlog

from jobs import hotpath
from jobs.claims import limits
from jobs.claims.limits import DeservingLane
from workers import stopping

BACKLOG_SECONDS = 0.5
"""A message that has waited longer stood in line, and others may stand behind it who should not. By the clocks of two machines, so
only roughly."""
ASK_SECONDS = 0.25
"""How often a process asks at the most: with a thousand messages a second it would else ask for each."""
MOST_BEFORE = 8
"""Turns given to others before a message's own; each may take a slice."""

log = structlog.get_logger(__name__)

_asked_at: dict[str, float] = {}
"""By queue, when this process last asked."""


class Turn(NamedTuple):
    """What is to be worked now: lanes as (run id, slot), as a message has them."""

    lanes: list[tuple[int, int]]
    single: bool
    strict: bool


def before(*, run_id: int, queue: str, published_at: float | None) -> Iterator[Turn]:
    """The turns that go before a message's own, one after another; work each before asking for the next.

    Nothing, and no statement, when the queue has no backlog, or when this process has asked a moment ago.

    Args:
        run_id: A run of the message.
        queue: The message's queue.
        published_at: Seconds since the epoch, from the message; None when it does not say.
    """
    if published_at is None or time.time() - published_at < BACKLOG_SECONDS:
        return
    served: list[int] = []
    for _ in range(MOST_BEFORE):
        found = _ask(run_id, queue, served)
        if not found:
            return
        served.append(found[0].workspace_id)
        yield _first_turn(found)
        if stopping.asked():
            return


def _ask(run_id: int, queue: str, served: Sequence[int]) -> list[DeservingLane]:
    now = time.monotonic()
    if now - _asked_at.get(queue, -ASK_SECONDS) < ASK_SECONDS:
        return []
    _asked_at[queue] = now
    try:
        return limits.deserving_lanes(run_id=run_id, queue=queue, served=served)
    except hotpath.RETRYABLE as error:
        log.warning("turn.order_unknown", run=run_id, reason=str(error).strip())
        return []


def _first_turn(found: Sequence[DeservingLane]) -> Turn:
    """The best lane; with a run of one payload the others of its workspace, which are worked together."""
    best = found[0]
    if not best.single:
        return Turn([(best.run_id, best.slot)], single=False, strict=best.strict)
    alike = [
        lane
        for lane in found
        if (lane.workspace_id, lane.single, lane.strict) == (best.workspace_id, True, best.strict)
    ]
    return Turn([(lane.run_id, lane.slot) for lane in alike], single=True, strict=best.strict)
