"""Parcels made by hand, for tests of one kind alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from sinks.base import JSON, Notice, Parcel, Record, Unit
from sinks.telling import WORDS, Happening, Told
from sinks.wording import document_of, telling_of

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


def notices(*told: Told) -> Parcel:
    """A parcel of the rule ``on-call``: unless something else is told, that run 7 of ``task:ping`` failed."""
    documents = [document_of(each, rule="on-call", link=None) for each in told or (failure(),)]
    held = [
        Notice(at, each["event"], "notice", WORDS[each["event"]], 1, None, ENDED_AT, each, {"message": each["error"]})
        for at, each in enumerate(documents)
    ]
    return Parcel(
        id="dlv_9",
        attempt=1,
        workspace="acme",
        job="task:ping",
        run_id=0,
        run_state="",
        trigger="",
        scheduled_for=None,
        run_ended_at=ENDED_AT,
        unit="notice",
        first_position=0,
        count=len(held),
        records=lambda: iter(held),
        telling=telling_of(documents),
    )


def failure(run: int = 7) -> Told:
    """A run of ``task:ping`` has failed."""
    happening = Happening(
        event="run.failed", key=f"run.failed:{run}", job_id=1, job="task:ping", at=ENDED_AT, run=run, error="no <table>"
    )
    return Told(event="run.failed", happening=happening, in_a_row=1)
