"""Asking a worker to look at a datasource, or to delete its output, outside any run; see `jobs.services.operations`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction

from jobs import dispatch
from jobs.documents.datasources import check_parameters, stream_of
from jobs.errors import FieldError, ValidationError
from jobs.models import DatasourceOperation, DatasourceState, Event, Job, Verb, Workspace
from jobs.services import datasource_state, operations
from jobs.services.operations import TAKE_WITHIN, WAIT_SECONDS

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Chosen:
    """One payload of a datasource that is saved."""

    job: Job
    stream: str
    parameters: Mapping[str, Any]


def choose(*, job: Job, place: int | None) -> Chosen:
    """The payload of a datasource that is meant.

    Args:
        job: The datasource.
        place: 0 for the first of its list; None when it has only one.

    Raises:
        ValidationError: There is no such payload, or there are several and none was named.
    """
    payloads = job.payload
    if place is None and len(payloads) != 1:
        raise _wrong_payload(f"{job.key} has {len(payloads)} payloads: expected the place of one, 0 for the first")
    chosen = place or 0
    if chosen >= len(payloads):
        raise _wrong_payload(f"there is none at {chosen}: {job.key} has {len(payloads)}, and 0 is the first")
    item = payloads[chosen]
    stream = stream_of(name=item.get("name", ""), position=chosen)
    return Chosen(job, stream, item.get("parameters", {}))


def ask(
    *,
    workspace: Workspace,
    verb: Verb,
    parameters: Mapping[str, Any],
    actor: str,
    now: dt.datetime,
    about: Chosen | None = None,
    rows: int = 0,
) -> DatasourceOperation:
    """Have a worker do something with a datasource's parameters, once this is committed.

    Args:
        workspace: Whose secrets the parameters name.
        verb: What to do. `delete_output` is asked for with `ask_to_delete`.
        parameters: A datasource payload's.
        actor: Who asks.
        now: Aware UTC datetime.
        about: The saved payload that these parameters are of, if they are saved.
        rows: How many a preview shows.

    Raises:
        ValidationError: The parameters were refused.
    """
    check_parameters(parameters)
    operation = DatasourceOperation.objects.create(
        workspace=workspace,
        verb=verb,
        job_key=about.job.key if about else "",
        stream=about.stream if about else "",
        parameters=dict(parameters),
        rows=rows,
        actor=actor,
        created_at=now,
        expires_at=now + TAKE_WITHIN,
    )
    transaction.on_commit(lambda: dispatch.publish_operation(operation.pk), robust=True)
    return operation


def ask_to_delete(*, about: Chosen, actor: str, now: dt.datetime) -> DatasourceOperation:
    """Have a worker delete what stands in a payload's destination, and forget how far its loads have come.

    Raises:
        ConflictError: Runs of the datasource are active.
        ValidationError: Its parameters are no longer valid.
    """
    job = about.job
    with transaction.atomic():
        datasource_state.refuse_while_active(job=job, what="delete its output")
        data = {"key": job.key, "stream": about.stream}
        Event.objects.create(
            workspace_id=job.workspace_id, job=job, kind="datasource.output_delete_asked", actor=actor, data=data
        )
        return ask(
            workspace=job.workspace,
            verb=Verb.DELETE_OUTPUT,
            parameters=about.parameters,
            actor=actor,
            now=now,
            about=about,
        )


def erase_expired(*, now: dt.datetime) -> int:
    """Delete what has been kept for long enough; the sweep asks for it. Returns how many."""
    return operations.erase_expired(DatasourceOperation, now=now)


def take(*, operation_id: int, now: dt.datetime) -> DatasourceOperation | None:
    """Become the one worker that does it. None when another has it, or it has expired or is gone."""
    return operations.take(DatasourceOperation, operation_id=operation_id, now=now)


def begin_to_delete(*, operation: DatasourceOperation) -> list[DatasourceState]:
    """Forget how far the loads came, before their output is deleted: a worker that dies in between must not leave a cursor alone.

    Returns:
        What `jobs.services.datasource_state.put_back` takes when nothing was deleted.
    """
    return datasource_state.begin_again(states=_states(operation))


def end(
    *,
    operation: DatasourceOperation,
    now: dt.datetime,
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """Write down how it ended: exactly one of ``result`` and ``error``. A second time changes nothing.

    An output that was deleted takes the state of its stream with it, in the same transaction.
    """
    with transaction.atomic():
        ended = operations.end(operation, now=now, result=result, error=error)
        if ended and operation.verb == Verb.DELETE_OUTPUT and error is None:
            datasource_state.begin_again(states=_states(operation))
    log.info(
        "datasource.operation_ended",
        operation=operation.pk,
        verb=operation.verb,
        job=operation.job_key,
        workspace_id=operation.workspace_id,
        actor=operation.actor,
        code=(error or {}).get("code"),
    )


def wait(*, operation: DatasourceOperation, seconds: float = WAIT_SECONDS) -> DatasourceOperation:
    """Wait for its end, outside any transaction; the operation as it stands then, ended or not."""
    return operations.wait(operation, publish=dispatch.publish_operation, seconds=seconds)


def _states(operation: DatasourceOperation) -> Any:
    job_type, _, name = operation.job_key.partition(":")
    return DatasourceState.objects.filter(
        job__workspace=operation.workspace_id, job__type=job_type, job__name=name, stream=operation.stream
    )


def _wrong_payload(message: str) -> ValidationError:
    return ValidationError([FieldError("payload", message)])
