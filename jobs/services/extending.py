"""Adding payloads to a run that has begun, and time to an attempt. See docs/how-to/extend-a-run.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction

from jobs import claims, dispatch, hotpath
from jobs.acting import sign
from jobs.claims import Addition, Extended, SupportsExecute
from jobs.documents import parse_additions
from jobs.errors import BrokerUnavailable, ConflictError, NotFoundError
from jobs.models import Run
from jobs.states import PayloadState, RunState

log = structlog.get_logger(__name__)


class Extension(NamedTuple):
    """What was added to a run: payloads that will be executed, and those beyond its ``max_payloads`` that were cancelled at once,
    of which a run keeps the first thousand. ``first_position`` is None when nothing was stored: everything had a key that the run
    has already, or was beyond those."""

    added: int
    cancelled: int
    first_position: int | None


def extend_run(*, run_id: int, parent: int | None, attempt: int | None, items: object, actor: str) -> Extension:
    """Add payloads at the end of a run, in their order, and publish the lanes that it lacks after the commit.

    Args:
        run_id: The run.
        parent: The position of the payload that adds them; None when it is none of the run's.
        attempt: The attempt that adds them, which must still be the payload's present one; None for whichever it is.
        items: A list of payloads as in a job's document. One that has a ``key`` is added once in a run.
        actor: Who does it, for the event log.

    Raises:
        NotFoundError: There is no such run, or no such payload in it.
        ValidationError: A payload was refused; fields begin with ``payload.N``. Nothing was added.
        ConflictError: The run has ended or is being cancelled, or the payload or its attempt is over.
    """
    additions = [Addition(parent, json.dumps(_checked(run_id, items)))]
    with _cursor() as cursor:
        _refuse_run(run_id, claims.lock_to_extend(cursor, run_id=run_id))
        if parent is not None:
            _refuse_adder(run_id, parent, attempt, claims.find_adder(cursor, run_id=run_id, position=parent))
        extended = claims.extend_run(cursor, run_id=run_id, additions=additions, actor=actor)
    transaction.on_commit(lambda: publish(run_id=run_id, extended=extended), robust=True)
    log.info("run.extended", run=run_id, parent=parent, added=extended.added, cancelled=extended.cancelled, actor=actor)
    return Extension(extended.added, extended.cancelled, extended.first_position)


def extend_time(*, run_id: int, position: int, attempt: int | None) -> None:
    """Ask for more time for the attempt that is at work on a payload; its worker hears of it within a second or so.

    Raises:
        ConflictError: Nobody is at work on it, or not in this attempt.
    """
    with _cursor() as cursor:
        extended = claims.extend_time(cursor, run_id=run_id, position=position, attempt=attempt)
    if not extended:
        which = "" if attempt is None else f" in attempt {attempt}"
        raise ConflictError(
            f"no worker is at work on payload {position} of run {run_id}{which}: there is no time to extend"
        )


def publish(*, run_id: int, extended: Extended) -> None:
    """Publish for the slots that have work now and no lane. Never raises: the sweep publishes what could not be."""
    try:
        dispatch.publish([dispatch.LaneMessage(extended.queue, [(run_id, slot)]) for slot in extended.lacking])
    except BrokerUnavailable as error:
        log.warning("extending.broker_unavailable", run=run_id, reason=str(error))


def _checked(run_id: int, items: object) -> list[dict[str, Any]]:
    run = Run.objects.filter(pk=run_id).values("job_key", "strict", "snapshot__configuration").first()
    if run is None:
        raise NotFoundError(f"there is no run {run_id}")
    return parse_additions(
        items,
        job_type=run["job_key"].partition(":")[0],
        run_is_strict=run["strict"],
        configuration=run["snapshot__configuration"] or {},
    )


def _refuse_run(run_id: int, state: RunState | None) -> None:
    if state is None:
        raise NotFoundError(f"there is no run {run_id}")
    if state == RunState.CANCELLING:
        raise ConflictError(f"run {run_id} is being cancelled: nothing can be added to it")
    if state not in claims.EXTENDABLE_RUN_STATES:
        raise ConflictError(f"run {run_id} has ended ({state}): nothing can be added to it")


def _refuse_adder(run_id: int, position: int, attempt: int | None, adder: claims.Adder | None) -> None:
    if adder is None:
        raise NotFoundError(f"run {run_id} has no payload {position}")
    if adder.state != PayloadState.QUEUED:
        raise ConflictError(
            f"payload {position} of run {run_id} has {adder.state}: only one that is not over can add others"
        )
    if attempt not in (None, adder.attempt):
        raise ConflictError(
            f"attempt {attempt} at payload {position} of run {run_id} is over: nothing can be added by it"
        )


@contextmanager
def _cursor() -> Iterator[SupportsExecute]:
    """Inside a caller's transaction its cursor; else one of the engine's, whose plans are pinned, in a transaction of its own."""
    if connection.in_atomic_block:
        with connection.cursor() as cursor:
            yield cursor
        return
    with connection.wrap_database_errors, hotpath.connection() as engine, engine.transaction(), engine.cursor() as own:
        sign(own)
        yield own
