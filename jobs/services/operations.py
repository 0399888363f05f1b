"""Taking, ending and waiting for what only a worker can do: `jobs.models.Operation`, whatever it is about.

The row is the truth and the message only says that there is one: a message that is lost is sent again while somebody waits for the
answer, and a second one finds the row taken.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from jobs.models import KEEP_OPERATIONS, Operation
from jobs.services.places import waiting_place

TAKE_WITHIN = dt.timedelta(minutes=2)
"""After so long nobody waits any more: a worker that finds it then leaves it alone. One that took it has as long to end it."""
WAIT_SECONDS = 20.0
PUBLISH_AGAIN_SECONDS = 5.0
_PAUSES = (0.05, 0.1, 0.2, 0.5)

O = TypeVar("O", bound=Operation)  # noqa: E741 - an operation, and no zero


def take(kind: type[O], *, operation_id: int, now: dt.datetime) -> O | None:
    """Become the one worker that does it, with `TAKE_WITHIN` for it. None when another has it, or it has expired or is gone."""
    rows = kind._default_manager
    mine = rows.filter(pk=operation_id, taken_at__isnull=True, expires_at__gt=now)
    if not mine.update(taken_at=now, expires_at=now + TAKE_WITHIN):
        return None
    return rows.select_related("workspace").filter(pk=operation_id).first()


def end(
    operation: Operation, *, now: dt.datetime, result: Mapping[str, Any] | None, error: Mapping[str, Any] | None
) -> bool:
    """Write down how it ended: exactly one of ``result`` and ``error``. False when that was done before, which changes nothing."""
    rows = type(operation)._default_manager.filter(pk=operation.pk, ended_at__isnull=True)
    return bool(rows.update(ended_at=now, result=result, error=error))


def withdraw(operation: Operation, *, now: dt.datetime) -> bool:
    """Have no worker take it any more. False when one has."""
    rows = type(operation)._default_manager.filter(pk=operation.pk, taken_at__isnull=True, ended_at__isnull=True)
    return bool(rows.update(expires_at=now))


def erase_expired(kind: type[Operation], *, now: dt.datetime) -> int:
    """Delete what has been kept for long enough; the sweep asks for it. Returns how many."""
    deleted, _ = kind._default_manager.filter(expires_at__lt=now - KEEP_OPERATIONS).delete()
    return deleted


def wait(operation: O, *, publish: Callable[[int], None], seconds: float = WAIT_SECONDS) -> O:
    """Wait for its end, outside any transaction, and send its message again while no worker has it.

    A request for which no place is left (`jobs.services.places`) does not wait at all.

    Returns:
        The operation as it stands then, ended or not.
    """
    with waiting_place() as has_place:
        return _wait(operation, publish, seconds) if has_place else operation


def _wait(operation: O, publish: Callable[[int], None], seconds: float) -> O:
    began = published = time.monotonic()
    tries = 0
    while operation.ended_at is None and (left := began + seconds - time.monotonic()) > 0:
        time.sleep(min(left, _PAUSES[min(tries, len(_PAUSES) - 1)]))
        tries += 1
        operation.refresh_from_db()
        if operation.taken_at is None and time.monotonic() - published > PUBLISH_AGAIN_SECONDS:
            publish(operation.pk)
            published = time.monotonic()
    return operation
