"""What a message asks for."""

from __future__ import annotations

from collections.abc import Sequence

from workers import stopping
from workers.lane import hand_back, work_lane
from workers.singles import work_single_runs


def work(*, lanes: Sequence[tuple[int, int]], queue: str, single: bool = False, strict: bool = False) -> None:
    """Work the lanes of one message, given as (run id, slot); ``single`` and ``strict`` as `jobs.dispatch.WORK_TASK` has them.

    A worker that is stopping passes them on.
    """
    if stopping.asked():
        hand_back(queue=queue, lanes=list(lanes))
    elif single:
        work_single_runs(run_ids=[run_id for run_id, _ in lanes], queue=queue, strict=strict)
    else:
        for run_id, slot in lanes:
            work_lane(run_id=run_id, slot=slot)
