"""Reading the outcomes of a run's payloads, with their whole results, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from jobs import hotpath, large_results
from jobs.errors import PermanentError
from sinks.base import Record
from sinks.sql import STATEMENTS

RECORDS_AT_ONCE = 200
BYTES_AT_ONCE = 4 * 1024 * 1024
"""Of results, not compressed. Those that are stored elsewhere come one by one, and are not counted."""


def read_records(
    *, run_id: int, low: int, high: int, states: Sequence[str], names: Sequence[str] | None = None
) -> Iterator[Record]:
    """The outcomes of the payloads at ``low`` to ``high``, both included, in the order of their positions.

    Args:
        run_id: The run.
        low, high: Positions.
        states: Only of payloads that came to these.
        names: Only of payloads of these names; None for all.

    Raises:
        PermanentError: A cleanup has erased the run's results (``erased``).
        PermanentError, TransientError: As `jobs.large_results.whole` does.
        psycopg.OperationalError: The database cannot be reached.
    """
    asked = {"run_id": run_id, "high": high, "states": list(states), "names": None if names is None else list(names)}
    while low <= high:
        rows = _page({**asked, "low": low, "take": RECORDS_AT_ONCE, "most_bytes": BYTES_AT_ONCE})
        yield from map(_record, rows)
        if not rows:
            return
        low = rows[-1].position + 1


def _page(asked: dict[str, Any]) -> list[Any]:
    with hotpath.connection(hotpath.SINKS) as connection:
        return hotpath.execute(connection, "records", asked, of=STATEMENTS).fetchall()


def _record(row: Any) -> Record:
    if row.erased:
        raise PermanentError("a cleanup has erased the results of the run", code="erased")
    return Record(
        position=row.position,
        name=row.name,
        kind=row.kind,
        state=row.state,
        attempts=row.attempts,
        started_at=row.started_at,
        ended_at=row.ended_at,
        result=large_results.whole(result=row.result, stored=row.stored),
        error=row.error,
    )
