"""A job keeps its newest replays (``keep_replays``); each new one calls for the oldest to be erased.

The replay leaves a `jobs.models.FollowUp`, and the next sweeps do it: a replay has as many payloads as the run that it repeats.
"""

from __future__ import annotations

import datetime as dt

from jobs import hotpath
from jobs.claims import Connection
from jobs.claims import cleanup as claims
from jobs.cleaners import RUNS, Scope
from jobs.documents import DEFAULT_KEEP_REPLAYS
from jobs.services.cleanup import Order, erase

ERASE_REPLAYS = "erase_replays"
"""The kind of the `jobs.models.FollowUp`."""
AT_ONCE = 100


def work_off() -> int:
    """Erase a batch of the replays that one job no longer keeps; how many runs went. Others may do the same at once."""
    with hotpath.connection() as connection, connection.transaction():
        called = claims.next_old_replays(connection, kind=ERASE_REPLAYS)
        if called is None:
            return 0
        claims.take_turn(connection, workspace_id=called.workspace_id)
        keep = DEFAULT_KEEP_REPLAYS if called.keep is None else called.keep
        erased, is_complete = _erase_oldest(connection, called.workspace_id, called.job_id, keep)
        if is_complete:
            connection.execute("DELETE FROM jobs_follow_up WHERE id = %s", (called.follow_up_id,))
    return erased


def _erase_oldest(connection: Connection, workspace_id: int, job_id: int, keep: int) -> tuple[int, bool]:
    """How many were erased, and whether none is left that could be."""
    found = claims.find_replays(connection, job_id=job_id, keep=keep, limit=AT_ONCE)
    order = Order(workspace_ids=[workspace_id], before=dt.datetime.now(dt.UTC))
    scope = Scope(workspace_id=workspace_id, before=order.before)
    counts, is_complete = erase(connection, order=order, scope=scope, run_ids=found)
    erased = counts.get(RUNS, 0)
    return erased, is_complete and (len(found) < AT_ONCE or erased == 0)
