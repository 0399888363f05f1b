"""Operations on datasources that somebody waits for: taken once, done in a child process, under the rules that runs are under."""

from __future__ import annotations

import datetime as dt
import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.errors import JobsError, PermanentError, TransientError
from jobs.models import DatasourceOperation, Verb
from jobs.services import datasource_operations
from jobs.services.datasource_state import put_back
from jobs.services.secrets import read_secret
from workers.answering import answered
from workers.child import run_child
from workers.deadline import Deadline
from workers.known_secrets import KnownSecrets
from workers.payloads.base import KeptHandle, keep_no_handle
from workers.payloads.datasource.building import source_spec, target_spec
from workers.payloads.datasource.parameters import DatasourceParameters
from workers.payloads.datasource.turn import is_loading, stream_name
from workers.persistence import with_models
from workers.storable import storable_object

SECONDS = 60.0
"""What one operation may take."""
GRACE_SECONDS = 2.0
_PARTS = {Verb.VALIDATE: ("source", "target"), Verb.PREVIEW: ("source",), Verb.DELETE_OUTPUT: ("target",)}
_BUILDERS: Mapping[str, Callable[..., tuple[Any, list[str]]]] = {"source": source_spec, "target": target_spec}

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """The attempt that a child process belongs to, outside any run: `workers.child_intake.Attempt`."""

    deadline: Deadline = field(default_factory=lambda: Deadline(SECONDS, SECONDS))
    grace_seconds: float = GRACE_SECONDS
    cancelled: threading.Event = field(default_factory=threading.Event)
    keep_handle: Callable[..., KeptHandle] = keep_no_handle

    def log(self, level: str, message: str) -> None:
        """Nobody reads it: the answer has what counts."""

    def progress(self, *, current: float, total: float | None = None, unit: str = "") -> None:
        """Nobody sees it."""

    def extend_payload(self, *items: Any) -> None:
        """There is no run to extend."""


@dataclass(slots=True)
class _Built:
    """What the parameters came to, part by part; what went wrong with a part stands in its place."""

    spec: JSON = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    refused: JSON = field(default_factory=dict)


def perform(*, operation_id: int, work: Asked | None = None) -> bool:
    """Do what the row says, if no other worker does, and write down how it ended.

    Never raises for what the operation does. A worker that dies meanwhile takes the child with it, and the row expires.

    Args:
        operation_id: The row's.
        work: What the child is told and when it must end.

    Returns:
        False when there was nothing to do.
    """
    operation = with_models(lambda: datasource_operations.take(operation_id=operation_id, now=_now()))
    if operation is None:
        return False
    outcome = _outcome(operation, work or Asked())
    with_models(lambda: datasource_operations.end(operation=operation, now=_now(), **storable_object(outcome)))
    return True


def _outcome(operation: DatasourceOperation, work: Asked) -> JSON:
    known = KnownSecrets(functools.partial(_secret, operation.workspace_id))
    do = functools.partial(_done, operation, work, known)
    return answered(do, clean=known.data, operation=operation.pk, verb=operation.verb)


def _done(operation: DatasourceOperation, work: Asked, known: KnownSecrets) -> JSON:
    parameters = DatasourceParameters.model_validate(operation.parameters)
    built = _build(operation, parameters, known)
    if operation.verb != Verb.VALIDATE:
        for error in built.refused.values():
            raise error
    spec = {
        **built.spec,
        "verb": operation.verb,
        "rows": operation.rows,
        "memory_limit_mb": parameters.memory_limit_mb,
    }
    ask = functools.partial(run_child, module="workers.ingest.operate", spec=spec, work=work, secrets=built.secrets)
    match operation.verb:
        case Verb.VALIDATE:
            return _verdict(ask(), built.refused)
        case Verb.DELETE_OUTPUT:
            return _deleted(operation, ask)
    answer: JSON = ask()
    return answer


def _deleted(operation: DatasourceOperation, ask: Callable[[], JSON]) -> JSON:
    """Delete, unless a load has begun since it was asked for.

    A load says that it has begun and then looks for a deletion that was taken; this was taken, and looks for loads. So both may
    give way, and both never go on.
    """
    name = stream_name(workspace=operation.workspace.slug, job_key=operation.job_key, stream=operation.stream)
    if with_models(functools.partial(is_loading, name)):
        raise TransientError(
            "a run of this datasource is under way: wait for its end, then delete its output", code="busy"
        )
    before = with_models(lambda: datasource_operations.begin_to_delete(operation=operation))
    try:
        return ask()
    except (PermanentError, TransientError):
        with_models(lambda: put_back(states=before))
        raise


def _build(operation: DatasourceOperation, parameters: DatasourceParameters, known: KnownSecrets) -> _Built:
    """Resolve paths, addresses and secrets as a run does: what a run may not touch, this may not."""
    built = _Built()
    for part in _PARTS[Verb(operation.verb)]:
        try:
            found, secrets = _BUILDERS[part](parameters, secret=known.read)
            known.hide(*secrets)
            built.spec[part] = found.to_json()
            built.secrets += secrets
        except (PermanentError, TransientError) as error:
            built.refused[part] = error
    return built


def _verdict(answer: JSON, refused: Mapping[str, JobsError]) -> JSON:
    told = {
        part: {"ok": False, "message": str(error), "code": getattr(error, "code", "")}
        for part, error in refused.items()
    }
    parts = answer | told
    return {
        "valid": all(part["ok"] for part in parts.values()),
        "source": parts["source"],
        "destination": parts["target"],
    }


def _secret(workspace_id: int, name: str) -> str:
    return with_models(functools.partial(read_secret, workspace_id=workspace_id, name=name))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
