"""What a message asks for."""

from __future__ import annotations

from collections.abc import Sequence

from workers import stopping, turn_order
from workers.lane import hand_back, work_lane
from workers.singles import work_single_runs


def work(
    *,
    lanes: Sequence[tuple[int, int]],
    queue: str,
    single: bool = False,
    strict: bool = False,
    published_at: float | None = None,
) -> None:
    """Work the lanes of one message, given as (run id, slot); ``single`` and ``strict`` as `jobs.dispatch.WORK_TASK` has them.

    When the message stood in line, those go first who deserve it more. A worker that is stopping passes the message on.
    """
    if lanes and not stopping.asked():
        for turn in turn_order.before(run_id=lanes[0][0], queue=queue, published_at=published_at):
            _work(lanes=turn.lanes, queue=queue, single=turn.single, strict=turn.strict, in_line=False)
    if stopping.asked():
        hand_back(queue=queue, lanes=list(lanes))
    else:
        _work(lanes=lanes, queue=queue, single=single, strict=strict, in_line=True)


def _work(*, lanes: Sequence[tuple[int, int]], queue: str, single: bool, strict: bool, in_line: bool) -> None:
    """``in_line``: the lanes' message came, so it must be sent again if there is more to do; else it still stands in line."""
    if single:
        work_single_runs(run_ids=[run_id for run_id, _ in lanes], queue=queue, strict=strict)
        return
    for run_id, slot in lanes:
        work_lane(run_id=run_id, slot=slot, in_line=in_line)
