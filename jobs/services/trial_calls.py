"""Having a worker make the one call of an HTTP payload that is being written; see `jobs.services.operations`.

The web server sends nothing: it has neither the workers' secrets nor their network, and is not under their rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pydantic
import structlog
from django.db import transaction

from jobs import dispatch, kinds
from jobs.documents.basis import field_errors, refuse
from jobs.errors import FieldError
from jobs.models import TrialCall, Workspace
from jobs.services import audit, operations

KIND = "http"
WAIT_SECONDS = operations.WAIT_SECONDS
"""Somewhat more than a worker gives the call."""

log = structlog.get_logger(__name__)


def ask(*, workspace: Workspace, parameters: object, actor: str, now: dt.datetime) -> TrialCall:
    """Have a worker send a payload's request, once this is committed. It is a real one, and may change something there.

    Args:
        workspace: Whose secrets the parameters name.
        parameters: Those of a payload of kind ``http``.
        actor: Who asks; an editor, for who may call is who may write jobs.
        now: Aware UTC datetime.

    Raises:
        ValidationError: They were refused, or stand for many calls.
    """
    refuse(_errors(parameters))
    assert isinstance(parameters, Mapping)
    with transaction.atomic():
        call = TrialCall.objects.create(
            workspace=workspace,
            parameters=dict(parameters),
            actor=actor,
            created_at=now,
            expires_at=now + operations.TAKE_WITHIN,
        )
        audit.record(
            workspace_id=workspace.pk,
            action="call.tried",
            target=f"trial call {call.pk}",
            before=None,
            after=parameters,
            actor=actor,
        )
        transaction.on_commit(lambda: dispatch.publish_trial_call(call.pk), robust=True)
    return call


def take(*, call_id: int, now: dt.datetime) -> TrialCall | None:
    """Become the one worker that makes it. None when another has it, or it has expired or is gone."""
    return operations.take(TrialCall, operation_id=call_id, now=now)


def end(
    *,
    call: TrialCall,
    now: dt.datetime,
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """Write down what came of it: exactly one of ``result`` and ``error``. A second time changes nothing."""
    operations.end(call, now=now, result=result, error=error)
    log.info("call.tried", call=call.pk, workspace_id=call.workspace_id, code=(error or {}).get("code"))


def wait(*, call: TrialCall, seconds: float = WAIT_SECONDS) -> TrialCall:
    """Wait for its end, outside any transaction; the call as it stands then, ended or not."""
    return operations.wait(call, publish=dispatch.publish_trial_call, seconds=seconds)


def erase_expired(*, now: dt.datetime) -> int:
    """Delete what has been kept for long enough; the sweep asks for it. Returns how many."""
    return operations.erase_expired(TrialCall, now=now)


def _errors(parameters: object) -> list[FieldError]:
    kind = kinds.get(KIND)
    assert kind is not None, "the kinds are registered when Django starts"
    try:
        kind.parameters.model_validate(parameters)
    except pydantic.ValidationError as error:
        return field_errors(error, model=kind.parameters)
    if isinstance(parameters, Mapping) and parameters.get("batch"):
        return [FieldError("batch", "it stands for many calls: try one of them without it")]
    return []
