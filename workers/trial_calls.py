"""Making the one call of an HTTP payload that somebody writes: taken once, under the rules that attempts are under."""

from __future__ import annotations

import datetime as dt
import functools
import json
import threading

from jobs.models import TrialCall
from jobs.services import trial_calls
from jobs.services.secrets import read_secret
from workers.answering import JSON, answered
from workers.known_secrets import KnownSecrets
from workers.payloads.base import Work
from workers.payloads.http.executor import try_once
from workers.persistence import with_models
from workers.storable import storable_object

SECONDS = 15.0
"""What it may take, whatever the payload says."""
SHOWN_CHARACTERS = 1024
"""Of the body: it is to be seen that the call works, and not what it fetches."""


def perform(*, call_id: int) -> bool:
    """Make it, if no other worker does, and write down what came of it.

    Never raises for what the call does. A worker that dies meanwhile leaves a row that expires; the call is not made again.

    Returns:
        False when there was nothing to do.
    """
    call = with_models(lambda: trial_calls.take(call_id=call_id, now=_now()))
    if call is None:
        return False
    known = KnownSecrets(functools.partial(_secret, call.workspace_id))
    found = answered(lambda: _shown(try_once(_work(call, known)), known), clean=known.data, call=call.pk)
    with_models(lambda: trial_calls.end(call=call, now=_now(), **storable_object(found)))
    return True


def _work(call: TrialCall, known: KnownSecrets) -> Work:
    """An attempt of no run. Its place is the call's id, so that no two calls have one idempotency key."""
    return Work(
        run_id=0,
        run_created_at=call.created_at,
        job_key="",
        workspace=call.workspace.slug,
        position=call.pk,
        attempt=1,
        kind="http",
        name="",
        parameters=call.parameters,
        run_parameters={},
        timeout_seconds=SECONDS,
        cancelled=threading.Event(),
        secret=known.read,
        log=_nobody_reads,
        progress=_nobody_sees,
        ceiling_seconds=SECONDS,
        hide=known.hide,
    )


def _shown(result: JSON, known: KnownSecrets) -> JSON:
    """The body as text, cut; without secrets before it is cut, so that no half of one is left."""
    body = known.data(result.pop("body", ""))
    text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    cut = len(text) > SHOWN_CHARACTERS or bool(result.get("body_truncated"))
    return result | {"body": known.text(text[:SHOWN_CHARACTERS], cut=cut), "body_cut": cut}


def _nobody_reads(level: str, message: str) -> None:
    pass


def _nobody_sees(*, current: float, total: float | None = None, unit: str = "") -> None:
    pass


def _secret(workspace_id: int, name: str) -> str:
    return with_models(functools.partial(read_secret, workspace_id=workspace_id, name=name))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
