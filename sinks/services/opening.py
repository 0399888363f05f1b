"""The end of a run promises its results to its job's sinks."""

from __future__ import annotations

from collections.abc import Sequence

from jobs import dispatch
from jobs.claims import ClosedRun, Connection
from sinks import claims


def promise(connection: Connection, closed: Sequence[ClosedRun]) -> None:
    """Within the transaction that ends these runs: one handover for each of their sinks."""
    run_ids = [run.id for run in closed if run.delivers]
    if run_ids:
        claims.open_handovers(connection, run_ids=run_ids)


def promised(closed: Sequence[ClosedRun]) -> None:
    """After that commit: say that there is something to deliver. Never raises: the sweep says it again."""
    if any(run.delivers for run in closed):
        dispatch.publish_deliveries()
