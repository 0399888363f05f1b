"""What the tests of the http kind share: making a call as a lane does."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

from jobs.errors import PermanentError
from workers.payloads.base import Work
from workers.payloads.http.executor import EXECUTOR

SECRETS = {"token": "s3cr3t/t&ken+value", "password": 'pass"wörd'}


def secret(name: str) -> str:
    """The workspace's secrets."""
    if name not in SECRETS:
        raise PermanentError(f"there is no secret named {name}", code="secret")
    return SECRETS[name]


def work(url: str, *, timeout_seconds: float = 10, run: dict[str, Any] | None = None, **parameters: Any) -> Work:
    """An attempt at a payload."""
    return Work(
        run_id=7,
        run_created_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
        job_key="task:call",
        workspace="main",
        position=3,
        attempt=1,
        kind="http",
        name="first",
        parameters={"url": url, **parameters},
        run_parameters=run or {},
        timeout_seconds=timeout_seconds,
        cancelled=threading.Event(),
        secret=secret,
        log=lambda level, message: None,
        progress=lambda *, current, total=None, unit="": None,
    )


def perform(url: str, **parameters: Any) -> Any:
    """The result of one attempt."""
    return EXECUTOR.perform(work(url, **parameters))
