"""From a delivery that was begun to what its sink is given."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jmespath

from jobs.errors import PermanentError
from sinks.base import Parcel, Record, SinkKind
from sinks.claims import Begun, Held
from sinks.documents import SinkEntry, read_entry, unit_of
from sinks.services.expanding import states_of
from sinks.services.notice_parcels import parcel_of_notices
from sinks.services.records import read_records


def parcel_of(*, begun: Begun, held: Held, kind: SinkKind) -> Parcel:
    """What is to be handed over. Its records are read as they are asked for.

    Raises:
        PermanentError: It holds notices, and they were erased meanwhile (``erased``).
    """
    if begun.rule_id is not None:
        return parcel_of_notices(begun=begun, workspace=held.workspace)
    entry = read_entry(begun.entry or {})
    return Parcel(
        id=f"dlv_{begun.id}",
        attempt=begun.attempt,
        workspace=held.workspace,
        job=begun.job_key,
        run_id=begun.run_id,
        run_state=begun.run_state,
        trigger=begun.trigger,
        scheduled_for=begun.scheduled_for,
        run_ended_at=begun.run_ended_at,
        unit=unit_of(entry, kind),
        first_position=begun.first_position,
        count=begun.payloads,
        records=functools.partial(_records, begun, entry),
        entry=entry.name or "",
        receipt=begun.receipt,
    )


def _records(begun: Begun, entry: SinkEntry) -> Iterator[Record]:
    """In the order of their positions. Raises PermanentError (``erased``): they, or their results, are not there any more."""
    shape, missing = _shaper(entry.transform), begun.payloads
    records = read_records(
        run_id=begun.run_id,
        low=begun.first_position,
        high=begun.last_position,
        states=states_of(entry),
        names=entry.apis_to_send,
    )
    for record in records:
        yield replace(record, result=shape(record.result)) if shape else record
        missing -= 1
    if missing:
        raise PermanentError("its results were erased before they were delivered", code="erased")


def _shaper(transform: str | None) -> Callable[[Any], Any] | None:
    if transform is None:
        return None
    expression = jmespath.compile(transform)

    def shape(result: Any) -> Any:
        try:
            return expression.search(result)
        except jmespath.exceptions.JMESPathError as error:
            raise PermanentError(f"the sink's transform does not fit the result: {error}", code="transform") from error

    return shape
