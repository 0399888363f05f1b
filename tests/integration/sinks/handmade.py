"""Parcels made by hand, for tests of one kind alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from sinks.base import JSON, Parcel, Record, Unit

ENDED_AT = dt.datetime(2026, 11, 21, 12, 0, 5, tzinfo=dt.UTC)


def record(position: int = 0, *, result: JSON = None, **said: Any) -> Record:
    """The outcome of a payload that succeeded, unless something else is said."""
    values: dict[str, Any] = {
        "name": f"p{position}",
        "kind": "noop",
        "state": "succeeded",
        "attempts": 1,
        "started_at": ENDED_AT - dt.timedelta(seconds=2),
        "ended_at": ENDED_AT - dt.timedelta(seconds=1),
        "error": None,
    }
    return Record(position=position, result=result, **values | said)


def parcel(*records: Record, id: str = "dlv_1", attempt: int = 1, unit: Unit = "batch") -> Parcel:
    """A parcel of the job ``task:ping``, run 7, of the workspace ``acme``."""

    def read() -> Iterator[Record]:
        return iter(records)

    return Parcel(
        id=id,
        attempt=attempt,
        workspace="acme",
        job="task:ping",
        run_id=7,
        run_state="succeeded",
        trigger="manual",
        scheduled_for=None,
        run_ended_at=ENDED_AT,
        unit=unit,
        first_position=records[0].position if records else 0,
        count=len(records),
        records=read,
    )


def results(*values: JSON) -> Sequence[Record]:
    """Records with these results, from position 0 on."""
    return [record(at, result=value) for at, value in enumerate(values)]
