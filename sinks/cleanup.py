"""What the sinks keep, and a log cleanup erases: deliveries beside runs, and notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs import cleaners, hotpath
from jobs.claims import Connection
from jobs.cleaners import Found, OldRows, PartOfRuns, Scope
from sinks.sql import CLEANUP

PAGE = 1000
"""Notices that are looked at at once."""


def register() -> None:
    """Offer them."""
    cleaners.register(
        PartOfRuns(name="deliveries", erase=_erase, count=_count, needs="results", needing=_owing),
        OldRows(name="notices", erase=_erase_notices, count=_count_notices),
    )


def _erase(connection: Connection, _scope: Scope, run_ids: Sequence[int], limit: int) -> int:
    """With their failed attempts and with what promised them, which are not counted; what was not delivered yet is not any more.

    The promises are locked first, so that nobody makes deliveries from them meanwhile, and the deliveries before their attempts.
    """
    runs = list(run_ids)
    hotpath.execute(connection, "lock_handovers", {"run_ids": runs}, of=CLEANUP)
    found = hotpath.execute(connection, "lock_deliveries", {"run_ids": runs, "take": limit}, of=CLEANUP).fetchall()
    ids = [row.id for row in found]
    if ids:
        hotpath.execute(connection, "erase_failed_deliveries", {"ids": ids}, of=CLEANUP)
        hotpath.execute(connection, "erase_deliveries", {"ids": ids}, of=CLEANUP)
    if len(ids) < limit:
        hotpath.execute(connection, "erase_handovers", {"run_ids": runs}, of=CLEANUP)
    return len(ids)


def _count(connection: Connection, _scope: Scope, run_ids: Sequence[int]) -> int:
    row = hotpath.execute(connection, "count_deliveries", {"run_ids": list(run_ids)}, of=CLEANUP).fetchone()
    return int(row[0]) if row else 0


def _owing(connection: Connection, run_ids: Sequence[int]) -> list[int]:
    """Those of these runs of which something is still to be delivered."""
    return [
        row.id for row in hotpath.execute(connection, "owing_runs", {"run_ids": list(run_ids)}, of=CLEANUP).fetchall()
    ]


def _erase_notices(connection: Connection, scope: Scope, after: int, limit: int) -> Found:
    """With their deliveries, which are not counted: those of which nothing is left."""
    found = _notices(connection, scope, after, limit)
    erased = [row.id for row in found if row.erasable]
    connection.execute("DELETE FROM sinks_notice WHERE id = ANY (%s::bigint[])", (erased,))
    ids = sorted({row.delivery_id for row in found if row.erasable and row.delivery_id is not None})
    empty = [row.id for row in hotpath.execute(connection, "empty_deliveries", {"ids": ids}, of=CLEANUP).fetchall()]
    if empty:
        hotpath.execute(connection, "erase_failed_deliveries", {"ids": empty}, of=CLEANUP)
        hotpath.execute(connection, "erase_deliveries", {"ids": empty}, of=CLEANUP)
    return Found(len(erased), _last(found, limit))


def _count_notices(connection: Connection, scope: Scope, after: int) -> Found:
    found = _notices(connection, scope, after, PAGE)
    return Found(sum(bool(row.erasable) for row in found), _last(found, PAGE))


def _notices(connection: Connection, scope: Scope, after: int, page: int) -> list[Any]:
    values = {
        "workspace_id": scope.workspace_id,
        "before": scope.before,
        "keep_newest": scope.keep_newest,
        "job_ids": None if scope.job_ids is None else list(scope.job_ids),
        "after": after,
        "page": page,
    }
    return hotpath.execute(connection, "find_notices", values, of=CLEANUP).fetchall()


def _last(found: Sequence[Any], page: int) -> int | None:
    """Where the next page begins; None when this was the last, or what follows is younger."""
    return int(found[-1].id) if len(found) == page and found[-1].old else None
