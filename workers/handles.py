"""Handles: what an attempt sets going outside its worker's process is written down first, so that it ends though the worker dies.

A handle stands from before the thing can do harm until it has certainly ended. While its lane lives, a worker looks after
it; after a lasting one, also while its payload waits for another attempt or another look. Then it is an orphan, and every sweep
that can reach it ends it, and goes on until that is certain. A process can be reached on its own host only: when that host never
comes back, neither does the process, and the handle is dropped after seven days.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

import structlog

from jobs import hotpath
from jobs.claims import Now
from jobs.claims.handles import Orphan, drop_handle, keep_handle, lasting_handles, orphans, update_handle
from workers import child, descendants, persistence
from workers.descendants import Family
from workers.payloads import EXECUTORS
from workers.payloads.base import Ending

log = structlog.get_logger(__name__)

BATCH = 20
"""Orphans of one pass of the sweep, which has other things to do; the next pass comes in a second."""
PASS_SECONDS = 1.0
"""After so long the rest is left to the next pass: what will not die takes its time."""
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
"""Between two tries of this process at what would not end; each wait is twice the one before."""

_waits: dict[int, tuple[float, float]] = {}
"""Handle id -> (when to try again, by the monotonic clock; the wait that led there)."""


class Handle:
    """A handle that is kept."""

    def __init__(self, handle_id: int, data: Mapping[str, Any]) -> None:
        self._id = handle_id
        self.data = data

    def update(self, data: Mapping[str, Any]) -> None:
        """Let it say this instead; returns once the database has it."""
        persistence.until_answered(lambda: update_handle(handle_id=self._id, data=data))
        self.data = data

    def drop(self) -> None:
        """Say that what it names has certainly ended. With the database away the row stays, and a sweep finds that out itself."""
        with contextlib.suppress(*hotpath.RETRYABLE):
            drop_handle(handle_id=self._id)


def keep(
    run_id: int,
    position: int,
    lane_id: int,
    kind: str,
    data: Mapping[str, Any],
    *,
    host: str = "",
    lasting: bool = False,
) -> Handle:
    """Write down what is about to be set going; `workers.payloads.base.KeepHandle` with its first three arguments bound.

    Raises:
        LaneLost: The lane was taken back: do not begin.
    """
    handle_id = persistence.until_answered(
        lambda: keep_handle(
            run_id=run_id, position=position, lane_id=lane_id, kind=kind, host=host, data=data, lasting=lasting
        )
    )
    return Handle(handle_id, data)


def kept(run_id: int, position: int, kind: str) -> list[Handle]:
    """The lasting handles of a payload, the oldest first; `workers.payloads.base.Work.kept_handles` with its arguments bound."""
    found = persistence.until_answered(lambda: lasting_handles(run_id=run_id, position=position, kind=kind))
    return [Handle(handle_id, data) for handle_id, data in found]


def end_orphans(*, now: Now = None) -> int:
    """End what lanes have left behind that are gone; called by each sweep, after it has buried the lost lanes.

    Any number of processes may do so side by side: ending twice is ending. Costs one statement when there is nothing to do.

    Returns:
        How many handles were dropped.
    """
    found = orphans(host=descendants.host(), limit=BATCH, besides=_waiting(), now=now)
    until = time.monotonic() + PASS_SECONDS
    ended = 0
    for orphan in found:
        if time.monotonic() > until:
            break
        if _has_ended(orphan):
            drop_handle(handle_id=orphan.id)
            ended += 1
            log.info("handle.ended", handle=orphan.id, kind=orphan.kind, run=orphan.run_id, position=orphan.position)
    return ended


def _waiting() -> list[int]:
    """Those whose next try has not come yet. What has been due for long is forgotten: another process has dropped it."""
    present = time.monotonic()
    for handle_id, (due_at, _) in list(_waits.items()):
        if due_at < present - 2 * LONGEST_WAIT_SECONDS:
            del _waits[handle_id]
    return [handle_id for handle_id, (due_at, _) in _waits.items() if due_at > present]


def _has_ended(orphan: Orphan) -> bool:
    if _end(orphan):
        _waits.pop(orphan.id, None)
        return True
    _, last = _waits.get(orphan.id, (0.0, FIRST_WAIT_SECONDS / 2))
    wait = min(2 * last, LONGEST_WAIT_SECONDS)
    _waits[orphan.id] = time.monotonic() + wait, wait
    log.warning("handle.not_ended", handle=orphan.id, kind=orphan.kind, run=orphan.run_id, again_in_seconds=wait)
    return False


def _end(orphan: Orphan) -> bool:
    """End it. What goes wrong is logged, and must keep neither the other orphans nor the sweep."""
    if orphan.host not in ("", descendants.host()):
        log.warning("handle.forsaken", handle=orphan.id, kind=orphan.kind, run=orphan.run_id, host=orphan.host)
        return True
    try:
        return _end_process(orphan.data) if orphan.kind == child.HANDLE else _end_remote(orphan)
    except Exception:
        log.exception("handle.failed", handle=orphan.id, kind=orphan.kind, run=orphan.run_id)
        return False


def _end_process(data: Mapping[str, Any]) -> bool:
    family = Family.from_data(data)
    return family is None or family.end()


def _end_remote(orphan: Orphan) -> bool:
    """By the executor of its kind. One that this worker does not know is left to a newer one."""
    executor: object = EXECUTORS.get(orphan.kind)
    return isinstance(executor, Ending) and executor.end(orphan.data)
