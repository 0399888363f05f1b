"""What a message asks for."""

from __future__ import annotations

from collections.abc import Sequence

from workers import stopping
from workers.lane import hand_back, work_lane
from workers.singles import work_single_runs


def work(*, lanes: Sequence[tuple[int, int]], queue: str) -> None:
    """Work the lanes of one message, given as (run id, slot). A worker that is stopping passes them on."""
    if stopping.asked():
        hand_back(queue=queue, lanes=list(lanes))
    elif len(lanes) == 1:
        work_lane(run_id=lanes[0][0], slot=lanes[0][1])
    else:
        work_single_runs(run_ids=[run_id for run_id, _ in lanes], queue=queue)
