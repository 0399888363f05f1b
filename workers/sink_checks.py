"""Testing whether a sink can be reached: taken once, under the rules that deliveries are under, and delivering nothing."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from jobs.errors import JobsError, PermanentError
from sinks import registry
from sinks.models import Check
from sinks.services import checking
from workers.answering import JSON, answered
from workers.attempts_at_sinks import opened
from workers.persistence import with_models
from workers.sink_surroundings import SinkSurroundings
from workers.storable import storable_object


def perform(*, check_id: int) -> bool:
    """Do what the row says, if no other worker does, and write down what was found.

    Never raises for what the sink does. A worker that dies meanwhile leaves a row that expires.

    Returns:
        False when there was nothing to do.
    """
    check = with_models(lambda: checking.take(check_id=check_id, now=_now()))
    if check is None:
        return False
    surroundings = SinkSurroundings(workspace_id=check.workspace_id, sink=check.name)
    found = answered(lambda: _look(check, surroundings), clean=surroundings.clean, check=check.pk)
    with_models(lambda: checking.end(check=check, now=_now(), **storable_object(found)))
    return True


def _look(check: Check, surroundings: SinkSurroundings) -> JSON:
    kind = registry.get(check.kind)
    if kind is None:
        raise PermanentError(f"this worker does not know sinks of kind {check.kind}", code="kind")
    sink = opened(configuration=check.configuration, kind=kind, surroundings=surroundings)
    try:
        return {"message": sink.check()}
    finally:
        with suppress(JobsError, OSError):
            sink.close()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
