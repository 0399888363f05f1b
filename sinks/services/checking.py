"""Having a worker test whether a sink can be reached: the web server has neither the workers' secrets nor their network."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from django.db import connection, transaction

from jobs import dispatch
from jobs.documents.basis import refuse
from jobs.services import operations
from jobs.services.places import waiting_place
from sinks.documents import configuration_errors, read_entry
from sinks.models import Check, Sink

WAIT_SECONDS = operations.WAIT_SECONDS
ACTIVATION = "activation"
"""Who asks where a job is to become active."""

log = structlog.get_logger(__name__)


def ask(
    *, workspace_id: int, name: str, kind: str, configuration: Mapping[str, Any], actor: str, now: dt.datetime
) -> Check:
    """Have a worker test a connection, without delivering, once this is committed.

    Args:
        workspace_id: Whose secrets the configuration names.
        name: Of the sink, for logs.
        kind: Of the sink.
        configuration: What it is told.
        actor: Who asks.
        now: Aware UTC datetime.

    Raises:
        ValidationError: There is no such kind, or the configuration was refused.
    """
    refuse(configuration_errors(kind=kind, configuration=configuration))
    check = Check.objects.create(
        workspace_id=workspace_id,
        name=name,
        kind=kind,
        configuration=dict(configuration),
        actor=actor,
        created_at=now,
        expires_at=now + operations.TAKE_WITHIN,
    )
    transaction.on_commit(lambda: dispatch.publish_sink_check(check.pk), robust=True)
    return check


def ask_about(*, sink: Sink, actor: str, now: dt.datetime) -> Check:
    """The same for a sink that is saved."""
    return ask(
        workspace_id=sink.workspace_id,
        name=sink.name,
        kind=sink.kind,
        configuration=sink.configuration,
        actor=actor,
        now=now,
    )


def take(*, check_id: int, now: dt.datetime) -> Check | None:
    """Become the one worker that does it. None when another has it, or it has expired or is gone."""
    return operations.take(Check, operation_id=check_id, now=now)


def end(
    *,
    check: Check,
    now: dt.datetime,
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """Write down what was found: exactly one of ``result`` and ``error``. A second time changes nothing."""
    operations.end(check, now=now, result=result, error=error)
    code = (error or {}).get("code")
    log.info("sink.checked", check=check.pk, sink=check.name, workspace_id=check.workspace_id, code=code)


def wait(*, check: Check, seconds: float = WAIT_SECONDS) -> Check:
    """Wait for its end, outside any transaction; the check as it stands then, ended or not."""
    return operations.wait(check, publish=dispatch.publish_sink_check, seconds=seconds)


def erase_expired(*, now: dt.datetime) -> int:
    """Delete what has been kept for long enough; the sweep asks for it. Returns how many."""
    return operations.erase_expired(Check, now=now)


def unreachable(workspace_id: int, entry: Mapping[str, Any]) -> str | None:
    """Why a sink of a job cannot be reached, or None: for jobs that require it before they become active.

    A caller that holds a transaction (the admin's forms do) does not see what a worker writes, nor a worker what it has written: so
    the question is asked outside it.
    """
    with waiting_place() as has_place:
        if not has_place:
            return "it could not be asked now, for too many requests wait here: try again in a moment"
        if connection.in_atomic_block:
            return _outside(lambda: _unreachable(workspace_id, entry))
        return _unreachable(workspace_id, entry)


def _unreachable(workspace_id: int, entry: Mapping[str, Any]) -> str | None:
    now = dt.datetime.now(dt.UTC)
    asked = read_entry(entry)
    if asked.sink is None:
        kind, configuration = asked.kind or "", asked.configuration or {}
        check = ask(
            workspace_id=workspace_id,
            name=asked.key,
            kind=kind,
            configuration=configuration,
            actor=ACTIVATION,
            now=now,
        )
    else:
        sink = Sink.objects.filter(workspace=workspace_id, job__isnull=True, name=asked.sink).first()
        if sink is None:
            return f"the workspace has no sink named {asked.sink!r}"
        check = ask_about(sink=sink, actor=ACTIVATION, now=now)
    ended = wait(check=check)
    if ended.error is not None:
        return str(ended.error["message"])
    return None if ended.ended_at else "no worker of the queue sinks has answered in time"


def _outside(work: Callable[[], str | None]) -> str | None:
    def alone() -> str | None:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(alone).result()
