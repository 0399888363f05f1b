"""Lanes whose owner fell silent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from jobs import hotpath
from jobs.claims.lanes import holdings
from jobs.claims.reports import record, write_report
from jobs.claims.shapes import Connection, Lane, LostLane, Now, Report, RunInfo


def lock_expired_lane(
    connection: Connection, *, besides: Sequence[int] = (), patience: dt.timedelta = dt.timedelta(0), now: Now = None
) -> LostLane | None:
    """Lock one lane whose lease has run out, ``besides`` those, within the caller's transaction; None when there is none, or the
    server has been up for less than ``patience``."""
    asked = {"besides": list(besides), "patience": patience, "now": now}
    row = hotpath.execute(connection, "expired_lanes", asked).fetchone()
    if row is None:
        return None
    run = RunInfo(row.run_id, 0, "", row.job_key, row.configuration, {}, True, "", row.created_at)
    lane = Lane(id=row.id, run=run, slot=row.slot, worker=row.worker, sequence=row.sequence)
    return LostLane(lane, row.reached, row.leased_at, holdings(connection, lane_id=row.id))


def bury_lane(connection: Connection, *, lost: LostLane, outcome: Report, now: Now = None) -> None:
    """Write what a lost lane's positions come to and delete the lane, within the transaction that locked it."""
    lane = lost.lane
    write_report(connection, lane, outcome, take=0, lease=dt.timedelta(0), keep_from=None, now=now)
    record(connection, lane=lane, outcome=outcome, held_until=0, now=now)
    hotpath.execute(connection, "leave_lane", {"lane_id": lane.id})
