"""Payloads that are added to a run that has begun, and time that is added to an attempt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from jobs import sql
from jobs.claims.rows import json_additions
from jobs.claims.shapes import Addition, Connection, Extended, Lane, Now, SupportsExecute
from jobs.documents import MAX_PAYLOADS
from jobs.errors import LaneLost
from jobs.states import LEASING_RUN_STATES, RunState

EXTENDABLE_RUN_STATES = (*LEASING_RUN_STATES, RunState.PAUSING, RunState.PAUSED)
"""In these payloads can be added: all but the ends, and the way to being cancelled."""

KEPT_BEYOND = 1000
"""Of the payloads that were added beyond ``max_payloads`` a run keeps so many, as cancelled ones; the others are only counted."""

GRACE = dt.timedelta(seconds=1)
"""How long the sweep leaves the added payloads to the messages of who added them."""


class Adder(NamedTuple):
    """The payload that wants to add others: its stored state, and the number of its present attempt."""

    state: str
    attempt: int


def lock_to_extend(cursor: SupportsExecute, *, run_id: int) -> RunState | None:
    """Lock a run within the caller's transaction; its state, or None when there is none."""
    cursor.execute(sql.load("lock_to_extend"), {"run_id": run_id})
    rows = cursor.fetchall()
    return RunState(rows[0][0]) if rows else None


def find_adder(cursor: SupportsExecute, *, run_id: int, position: int) -> Adder | None:
    """The payload at a position; None when there is none."""
    cursor.execute(sql.load("adder"), {"run_id": run_id, "position": position})
    rows = cursor.fetchall()
    return Adder(*rows[0]) if rows else None


def extend_run(
    cursor: SupportsExecute, *, run_id: int, additions: Sequence[Addition], actor: str | None, now: Now = None
) -> Extended:
    """Insert payloads at the end of a run that `lock_to_extend` has locked and found extendable.

    Args:
        cursor: Of the transaction that holds the lock.
        run_id: The run.
        additions: In the order of their positions. Those whose key the run has are left out.
        actor: Who does it, for the event log; None for the payloads themselves.
        now: See the package's docstring.
    """
    parameters = {
        "run_id": run_id,
        "additions": json_additions(additions),
        "actor": actor,
        "most": MAX_PAYLOADS,
        "keep": KEPT_BEYOND,
        "grace": GRACE,
        "now": now,
    }
    cursor.execute(sql.load("extend_run"), parameters)
    rows = cursor.fetchall()
    if not rows:
        return Extended()
    added, cancelled, dropped, first_position, queue, state, admitted, unleased, max_lanes, slots = rows[0]
    if first_position is None:
        return Extended(cancelled=dropped)
    free = [slot for slot in range(max_lanes) if slot not in slots]
    lacking = free[: min(added, unleased)] if admitted and state in LEASING_RUN_STATES else []
    return Extended(added, cancelled + dropped, first_position, queue, tuple(lacking))


def extend_from_lane(connection: Connection, *, lane: Lane, additions: Sequence[Addition], now: Now = None) -> Extended:
    """Insert what a lane's payloads add, within the transaction of the report that has their outcomes, and before it.

    A run that is being ended takes nothing any more. The lane is locked before its run, as everywhere.

    Raises:
        LaneLost: The lane was taken back.
    """
    fence = "SELECT 1 FROM jobs_lane WHERE id = %s AND sequence = %s FOR UPDATE"
    if connection.execute(fence, (lane.id, lane.sequence)).fetchone() is None:
        raise LaneLost(f"lane {lane.id} is no longer ours")
    with connection.cursor() as cursor:
        if lock_to_extend(cursor, run_id=lane.run.run_id) not in EXTENDABLE_RUN_STATES:
            return Extended()
        return extend_run(cursor, run_id=lane.run.run_id, additions=additions, actor=None, now=now)


def extend_time(cursor: SupportsExecute, *, run_id: int, position: int, attempt: int | None) -> bool:
    """Let the worker of a payload know that it needs more time. False when nobody works it, or not in this attempt."""
    cursor.execute(sql.load("extend_time"), {"run_id": run_id, "position": position, "attempt": attempt})
    return bool(cursor.fetchall())
