"""Handles: what a worker has set going outside its own process, so that another one can end it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jobs import hotpath
from jobs.claims.shapes import Now
from jobs.errors import LaneLost

FORSAKEN_AFTER = dt.timedelta(days=7)
"""What another host's handle says can only be ended there; after so long that host will not come back. No attempt lasts as long."""


class Orphan(NamedTuple):
    """A handle that nobody looks after any more. ``host`` is empty when it can be ended from anywhere."""

    id: int
    run_id: int
    position: int
    kind: str
    host: str
    data: Mapping[str, Any]


def keep_handle(
    *, run_id: int, position: int, lane_id: int, kind: str, host: str, data: Mapping[str, Any], lasting: bool = False
) -> int:
    """Write a handle; its id. Call it before what it names can do harm. With ``lasting`` it is no orphan before its payload has its
    outcome.

    Raises:
        LaneLost: The lane was taken back: do not begin.
    """
    parameters = {
        "run_id": run_id,
        "position": position,
        "lane_id": lane_id,
        "kind": kind,
        "host": host,
        "lasting": lasting,
        "data": json.dumps(data),
    }
    with hotpath.connection() as connection:
        row = hotpath.execute(connection, "keep_handle", parameters).fetchone()
    if row is None:
        raise LaneLost(f"lane {lane_id} is no longer ours")
    return int(row.id)


def update_handle(*, handle_id: int, data: Mapping[str, Any]) -> None:
    """Replace what a handle says."""
    with hotpath.connection() as connection:
        connection.execute("UPDATE jobs_handle SET data = %s::jsonb WHERE id = %s", (json.dumps(data), handle_id))


def lasting_handles(*, run_id: int, position: int, kind: str) -> list[tuple[int, dict[str, Any]]]:
    """What attempts at a payload have left behind: id and data, the oldest first."""
    with hotpath.connection() as connection:
        rows = connection.execute(
            "SELECT id, data FROM jobs_handle WHERE run_id = %s AND position = %s AND kind = %s AND lasting ORDER BY id",
            (run_id, position, kind),
        ).fetchall()
    return [(row.id, row.data) for row in rows]


def drop_handle(*, handle_id: int) -> None:
    """Delete a handle: what it names has certainly ended. Doing it again does nothing."""
    with hotpath.connection() as connection:
        connection.execute("DELETE FROM jobs_handle WHERE id = %s", (handle_id,))


def orphans(*, host: str, limit: int, besides: Sequence[int] = (), now: Now = None) -> list[Orphan]:
    """Handles whose lane is gone, by id, ``besides`` those: what can be ended on this host, and what is forsaken.

    Args:
        host: As `keep_handle` got it on this machine.
        limit: At most so many.
    """
    parameters = {"host": host, "limit": limit, "besides": list(besides), "forsaken_after": FORSAKEN_AFTER, "now": now}
    with hotpath.connection() as connection:
        return [Orphan(*row) for row in hotpath.execute(connection, "orphaned_handles", parameters).fetchall()]
