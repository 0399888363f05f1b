"""How it stands with what only a worker can do."""

from __future__ import annotations

import datetime as dt

from jobs.models import Operation


def operation_state(*, operation: Operation, now: dt.datetime) -> str:
    """``waiting`` for a worker, ``running``, ``done``, ``failed``; ``expired`` when none took it or its worker was lost."""
    if operation.ended_at is not None:
        return "done" if operation.error is None else "failed"
    if now >= operation.expires_at:
        return "expired"
    return "waiting" if operation.taken_at is None else "running"
