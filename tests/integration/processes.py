"""Worker processes as the register has them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.models import Lane, Run, WorkerProcess


def make_process(name: str = "h1:41", *, ago: float = 1, **columns: Any) -> WorkerProcess:
    """A worker that was heard so many seconds ago."""
    now = dt.datetime.now(dt.UTC)
    host, _colon, pid = name.partition(":")
    values: dict[str, Any] = {
        "kind": "worker",
        "node": f"worker-{pid}@{host}",
        "pool": "thread",
        "slots": 16,
        "queues": ["default", "http"],
        "version": "0.1.0",
        "memory_bytes": 180_000_000,
    }
    times = {"started_at": now - dt.timedelta(hours=2), "heard_at": now - dt.timedelta(seconds=ago)}
    return WorkerProcess.objects.create(name=name, host=host, pid=int(pid), **values | times | columns)


def hold(run: Run, name: str = "h1:41", *, slot: int = 0, low: int = 0, high: int = 2, ends_in: float = 60) -> Lane:
    """A lane of the run that a process holds."""
    now = dt.datetime.now(dt.UTC)
    times = {"leased_at": now - dt.timedelta(seconds=9), "lease_expires_at": now + dt.timedelta(seconds=ends_in)}
    return Lane.objects.create(run=run, slot=slot, worker=name, low=low, high=high, reached=low, **times)
