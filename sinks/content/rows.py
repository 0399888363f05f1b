"""A record as a row, for the formats that have columns: results and errors are JSON in a column of text."""

from __future__ import annotations

from typing import Any

from sinks.base import Parcel, Record
from sinks.bodies import text_of

COLUMNS = (
    "workspace",
    "job",
    "run",
    "position",
    "name",
    "kind",
    "state",
    "attempts",
    "started_at",
    "ended_at",
    "result",
    "error",
)


def row_of(parcel: Parcel, record: Record) -> tuple[Any, ...]:
    """The values of `COLUMNS`; times as they are, what is not there as None."""
    job, run_id = record.about(parcel)
    return (
        parcel.workspace,
        job,
        run_id,
        record.position,
        record.name,
        record.kind,
        record.state,
        record.attempts,
        record.started_at,
        record.ended_at,
        None if record.result is None else text_of(record.result).decode(),
        None if record.error is None else text_of(dict(record.error)).decode(),
    )
