"""Claiming schedules, and where they stand."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scheduler.claims.principals import find_principals
from scheduler.claims.shapes import Claimed, Connection, Holds, Now, execute


def claim_due(
    connection: Connection, *, take: int, now: Now = None, schedule_ids: Sequence[int] | None = None
) -> list[Claimed]:
    """Lock schedules that are due, the longest due first; those that another beat has are left to it."""
    parameters = {"take": take, "now": now, "schedule_ids": None if schedule_ids is None else list(schedule_ids)}
    return _claimed(connection, execute(connection, "claim_due", parameters).fetchall())


def claim_named(connection: Connection, *, schedule_ids: Iterable[int], now: Now = None) -> list[Claimed]:
    """Lock these schedules, due or not; those that somebody else has, or that are gone, are left out."""
    parameters = {"schedule_ids": list(schedule_ids), "now": now}
    return _claimed(connection, execute(connection, "claim_named", parameters).fetchall())


def holds(connection: Connection, *, schedule_ids: Sequence[int]) -> dict[int, Holds]:
    """For each of these schedules, which the caller has locked, that has any."""
    rows = execute(connection, "holds", {"schedule_ids": list(schedule_ids)}).fetchall()
    return {schedule_id: Holds(sorted(run_ids), sorted(buffered_ids)) for schedule_id, run_ids, buffered_ids in rows}


def note_problem(
    connection: Connection,
    *,
    schedule_id: int,
    problem: str,
    retry_in: dt.timedelta,
    locked: bool = True,
    now: Now = None,
) -> None:
    """Keep why a schedule could not be fired, and let the others go first for a while.

    Unless the caller has ``locked`` it, only if it is due still: else somebody has mended it meanwhile, or a beat has fired it.
    """
    parameters = {
        "problem": problem[:2000],
        "retry_in": retry_in,
        "schedule_id": schedule_id,
        "locked": locked,
        "now": now,
    }
    execute(connection, "note_problem", parameters)


def clear_problem(connection: Connection, *, schedule_id: int) -> None:
    """A schedule, which the caller has locked, was dealt with."""
    execute(connection, "clear_problem", {"schedule_id": schedule_id})


def use_actions(connection: Connection, *, schedule_id: int, count: int, now: Now = None) -> None:
    """Count down what a schedule may still start; with the last one it has ended. A negative count gives some back."""
    row = execute(connection, "use_actions", {"schedule_id": schedule_id, "count": count}).fetchone()
    if row is not None and not row.actions_left:
        end_schedules(connection, schedule_ids=[schedule_id], now=now)


def end_schedules(connection: Connection, *, schedule_ids: Sequence[int], now: Now = None) -> None:
    """active -> ended, for those of these schedules that are active; the caller has locked them."""
    execute(connection, "end_schedules", {"schedule_ids": list(schedule_ids), "now": now})


def pause(connection: Connection, *, schedule_id: int, change: Mapping[str, Any]) -> None:
    """active | ended -> paused, within a transaction that has locked the schedule."""
    parameters = {
        "schedule_id": schedule_id,
        "change": json.dumps(dict(change)),
        "actor": change["actor"],
        "note": change["note"],
    }
    execute(connection, "pause", parameters)


def seconds_to_next(connection: Connection) -> float | None:
    """How long until something is due: a schedule, or a fire that waits; 0 when it is overdue, None when nothing is."""
    row = execute(connection, "seconds_to_next", {}).fetchone()
    return None if row is None or row.seconds is None else max(0.0, row.seconds)


def _claimed(connection: Connection, rows: Sequence[Any]) -> list[Claimed]:
    """With their principals, which are looked up for all of them at once."""
    claimed = [Claimed(*row) for row in rows]
    pairs = [(each.principal_id, each.workspace_id) for each in claimed]
    principals = find_principals(connection.cursor(), pairs=pairs)
    return [each._replace(principal=principals[pair]) for each, pair in zip(claimed, pairs, strict=True)]
