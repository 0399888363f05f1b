"""How far a datasource's loads have come: read before a load, recorded after it, shown and reset by people.

A load commits twice: first in the destination, with its rows, then here. What happens when the worker dies between the two is
told in docs/reference/datasource-payload.md, under "State".
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from jobs.errors import ConflictError, FieldError, NotFoundError, ValidationError
from jobs.models import DatasourceState, Event, Job, RejectedRow, Run
from jobs.states import ACTIVE_RUN_STATES

JSON = Any

MAX_REJECTED = 1000
"""Rejected rows kept of one payload."""
_MAX_REASON = 1000
_GENERATION_BITS = 62
_NOTHING_YET: dict[str, Any] = {"cursor": None, "load_key": "", "destination": "", "loaded_at": None}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StreamState:
    """Where the next load of a stream begins. ``cursor`` is None, ``load_key`` and ``destination`` are empty before the first."""

    generation: int
    cursor: JSON
    load_key: str
    destination: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was left out. ``number`` is 1 for the source's first row, None where rows have no order."""

    number: int | None
    reason: str
    values: Mapping[str, JSON]


def read_state(*, workspace: str, job_key: str, stream: str) -> StreamState:
    """Say where a load is to begin; a stream that is not known yet is written down, so that its generation is there to be told.

    Args:
        workspace: The slug.
        job_key: ``datasource:name``.
        stream: The payload's name, or its place.

    Raises:
        NotFoundError: There is no such job any more.
    """
    state, _ = DatasourceState.objects.get_or_create(
        job=_job(workspace, job_key), stream=stream, defaults={"generation": _new_generation()}
    )
    return StreamState(state.generation, state.cursor, state.load_key, state.destination)


def record_load(
    *,
    workspace: str,
    job_key: str,
    stream: str,
    generation: int,
    cursor: JSON,
    load_key: str,
    destination: str,
    run_id: int,
    position: int,
    rejected: Sequence[Rejected] = (),
) -> bool:
    """Write down what a load did that the destination has committed. The same call again changes nothing.

    Args:
        workspace, job_key, stream: As for `read_state`.
        generation: What `read_state` said when the load began.
        cursor: Where the next load begins; None when this one has none.
        load_key: The load's own.
        destination: Where that was: the cursor counts nowhere else.
        run_id, position: Whose rejected rows these are; they take the place of an earlier attempt's.
        rejected: At most `MAX_REJECTED` are kept.

    Returns:
        False when the state was reset meanwhile, or the job deleted: the cursor was not written then; the rejected rows were.
    """
    with transaction.atomic():
        _keep_rejected(run_id, position, rejected)
        mine = _of_stream(workspace, job_key, stream).filter(generation=generation)
        recorded = mine.update(cursor=cursor, load_key=load_key, destination=destination, loaded_at=Now())
    if not recorded:
        log.warning("datasource.state_was_reset", job=job_key, workspace=workspace, stream=stream, run=run_id)
    return bool(recorded)


def reset_state(*, job: Job, actor: str, stream: str | None = None) -> int:
    """Forget how far the loads have come: the next one begins at the beginning.

    Args:
        job: A datasource.
        actor: Who did it, for the event log.
        stream: Only this one; all of them when None.

    Returns:
        How many streams were reset.

    Raises:
        ConflictError: Runs of the job are active: they would go on with the old state.
        ValidationError: There is no such stream.
    """
    with transaction.atomic():
        refuse_while_active(job=job, what="reset its state")
        states = list(DatasourceState.objects.filter(job=job, **({} if stream is None else {"stream": stream})))
        if stream is not None and not states:
            known = ", ".join(DatasourceState.objects.filter(job=job).values_list("stream", flat=True)) or "none"
            raise ValidationError([FieldError("stream", f"{job.key} has no state of {stream!r}; it has: {known}")])
        for state in states:
            DatasourceState.objects.filter(pk=state.pk).update(generation=_new_generation(), **_NOTHING_YET)
        data = {"key": job.key, "streams": [state.stream for state in states]}
        Event.objects.create(
            workspace_id=job.workspace_id, job=job, kind="datasource.state_reset", actor=actor, data=data
        )
    log.info("datasource.state_reset", job=job.key, workspace_id=job.workspace_id, streams=len(states), actor=actor)
    return len(states)


def begin_again(*, states: QuerySet[DatasourceState]) -> list[DatasourceState]:
    """Forget how far the loads of these came, for their output is gone. Returns them as they were.

    Their generation stays: what the destination says counts, be it that nothing is there or what a load has put there since.
    """
    before = list(states)
    states.update(**_NOTHING_YET)
    return before


def put_back(*, states: Sequence[DatasourceState]) -> None:
    """Undo `begin_again`, for the output is there after all. What a load has written since stays."""
    for state in states:
        known = {name: getattr(state, name) for name in _NOTHING_YET}
        DatasourceState.objects.filter(pk=state.pk, generation=state.generation, load_key="").update(**known)


def refuse_while_active(*, job: Job, what: str) -> None:
    """Lock the job, so that no run of it begins before the transaction ends. Raises ConflictError while one is active."""
    Job.objects.select_for_update().filter(pk=job.pk).values_list("pk").first()
    active = Run.objects.filter(job=job, state__in=ACTIVE_RUN_STATES).count()
    if active:
        raise ConflictError(f"{job.key} has {active} active run(s): wait for their end, then {what}")


def _keep_rejected(run_id: int, position: int, rejected: Sequence[Rejected]) -> None:
    RejectedRow.objects.filter(run_id=run_id, position=position).delete()
    RejectedRow.objects.bulk_create(
        RejectedRow(
            run_id=run_id,
            position=position,
            number=one.number,
            reason=one.reason[:_MAX_REASON],
            row=dict(one.values),
        )
        for one in rejected[:MAX_REJECTED]
    )


def _job(workspace: str, job_key: str) -> Job:
    job_type, _, name = job_key.partition(":")
    found = Job.objects.filter(workspace__slug=workspace, type=job_type, name=name).only("pk").first()
    if found is None:
        raise NotFoundError(f"there is no job {job_key!r} in {workspace}")
    return found


def _of_stream(workspace: str, job_key: str, stream: str) -> QuerySet[DatasourceState]:
    job_type, _, name = job_key.partition(":")
    return DatasourceState.objects.filter(
        job__workspace__slug=workspace, job__type=job_type, job__name=name, stream=stream
    )


def _new_generation() -> int:
    """A number that no destination can know already, also not of a job of this key that was deleted."""
    return secrets.randbits(_GENERATION_BITS)
