"""Runs of one payload each, taken and reported together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from jobs import hotpath
from jobs.claims.rows import json_rows, run_info
from jobs.claims.shapes import Connection, Final, Lane, Leased, Now, SingleRun


def take_single_runs(*, run_ids: Sequence[int], worker: str, lease: dt.timedelta, now: Now = None) -> list[SingleRun]:
    """Take many runs of one payload each in one statement, by id; they are to be worked one after another.

    Those that somebody else has, that have begun or wait, whose group is full or whose rate is slow are left out: see `take_lane`.
    """
    parameters = {"run_ids": sorted(run_ids), "worker": worker, "lease": lease, "now": now}
    with hotpath.connection() as connection:
        rows = hotpath.execute(connection, "take_single_runs", parameters).fetchall()
    return [_single(row, worker) for row in rows]


def give_back_single_run(*, lane: Lane, now: Now = None) -> bool:
    """Let others take a run of one payload that was taken together with others and has not begun.

    Called by the heartbeat, which has made sure that nobody begins it any more, and that no other is worked in its place of a
    group. False when the lane was lost.
    """
    parameters = {"lane_id": lane.id, "sequence": lane.sequence, "now": now}
    with hotpath.connection(hotpath.HEARTBEAT) as connection:
        return hotpath.execute(connection, "give_back_single_run", parameters).fetchone() is not None


def pass_place(*, lane: Lane, to: Lane) -> None:
    """Let another lane that was taken with this one have its place in their group. A lane that has none passes none on."""
    with hotpath.connection() as connection:
        hotpath.execute(connection, "pass_place", {"lane_id": lane.id, "sequence": lane.sequence, "to_lane_id": to.id})


def _single(row: Any, worker: str) -> SingleRun:
    run = run_info(row, run_id=row.run_id)
    lane = Lane(id=row.lane_id, run=run, slot=0, worker=worker, sequence=1, group_id=row.group_id)
    payload = Leased(row.position, row.kind, row.name, row.parameters, row.options)
    return SingleRun(lane, payload, row.rate_group_id)


def report_single_runs(connection: Connection, *, finals: Sequence[tuple[Lane, Final]]) -> list[int]:
    """Write the outcomes of runs of one payload each and give up their lanes, within the caller's transaction.

    Returns:
        The ids of the runs that changed: close those. A lane that was lost changes nothing.
    """
    outcomes = json_rows([("lane_id", lane.id, final) for lane, final in finals])
    rows = hotpath.execute(connection, "report_single_runs", {"finals": outcomes}).fetchall()
    return [row.id for row in rows]
