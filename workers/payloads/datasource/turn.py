"""One run at a time: who loads a datasource says so, and who comes meanwhile waits for his turn, without a worker."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import QuerySet

from jobs.errors import LookAgain, TransientError
from jobs.models import Handle, Lane
from jobs.selectors.datasources import is_being_deleted
from workers.payloads.base import Work, keep_no_handle
from workers.persistence import with_models

HANDLE = "datasource"
"""The kind of the handle that stands while a datasource is loaded: nobody else loads it then."""
SOONEST_SECONDS, LATEST_SECONDS = 2.0, 15.0
"""When to look again whether the other run has ended."""
_SHARE = 0.2
"""Who has waited for a minute will not mind another twelve seconds."""


@contextmanager
def turn_at(*, stream: str, work: Work) -> Iterator[None]:
    """Load nothing of this datasource but what is loaded here, and not while its output is being deleted.

    A worker that dies loses its turn with its lane. Who has waited has a full timeout from when his turn comes.

    Args:
        stream: Which of the job's payloads.
        work: The attempt.

    Raises:
        LookAgain: Another run has its turn, or a deletion.
        TransientError: The same, and the attempt's time is over (code ``busy``).
    """
    mine, name = str(uuid.uuid4()), stream_name(workspace=work.workspace, job_key=work.job_key, stream=stream)
    turn = work.keep_handle(HANDLE, {"stream": name, "turn": mine})
    try:
        if work.keep_handle is not keep_no_handle:  # outside any lane there are no turns
            # Said first, looked then: of two that come in the same moment both may give way; both never go on.
            _give_way(work, with_models(lambda: _in_the_way(work, stream, mine)))
        yield
    finally:
        turn.drop()


def stream_name(*, workspace: str, job_key: str, stream: str) -> str:
    """What is loaded, the same for whoever loads it or deletes its output."""
    return f"{workspace}/{job_key}/{stream}"


def is_loading(name: str) -> bool:
    """Whether an attempt that lives has the turn of a stream of this `stream_name`."""
    return _living(name).exists()


def _in_the_way(work: Work, stream: str, mine: str) -> str | None:
    """Who has the turn, in words; None when it is ours. An attempt of ours before this one does not count."""
    name = stream_name(workspace=work.workspace, job_key=work.job_key, stream=stream)
    others = _living(name).exclude(data__turn=mine).exclude(run_id=work.run_id, position=work.position)
    holder = others.order_by("pk").values_list("run_id", flat=True).first()
    if holder is not None:
        return f"run {holder} of this datasource is under way"
    if is_being_deleted(workspace=work.workspace, job_key=work.job_key, stream=stream):
        return "the output of this datasource is being deleted"
    return None


def _living(name: str) -> QuerySet[Handle]:
    """Whose lane is gone is no run any more: the sweep is about to find its handle."""
    return Handle.objects.filter(kind=HANDLE, data__stream=name, lane__in=Lane.objects.values("pk"))


def _give_way(work: Work, holder: str | None) -> None:
    if holder is None:
        if work.state is not None:
            work.deadline.extend()
        return
    if work.deadline.remaining() <= 0:
        raise TransientError(f"waited for its turn in vain: {holder}", code="busy")
    if work.state is None:
        work.log("info", f"waits for its turn: {holder}")
    raise LookAgain(seconds=_wait_seconds(work), state={"waits_for": holder})


def _wait_seconds(work: Work) -> float:
    """Never the same for two that gave way to each other."""
    wait = min(max(SOONEST_SECONDS, _SHARE * work.used_seconds), LATEST_SECONDS)
    return wait * random.uniform(1.0, 1.5)  # noqa: S311 - no secret
