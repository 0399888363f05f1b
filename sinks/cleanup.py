"""What the sinks keep beside runs, and a log cleanup erases: deliveries."""

from __future__ import annotations

from collections.abc import Sequence

from jobs import cleaners, hotpath
from jobs.claims import Connection
from jobs.cleaners import PartOfRuns, Scope
from sinks.sql import CLEANUP


def register() -> None:
    """Offer them."""
    cleaners.register(PartOfRuns(name="deliveries", erase=_erase, count=_count))


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
