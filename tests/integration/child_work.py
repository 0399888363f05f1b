"""An attempt whose log and progress a test can read, and the processes it starts."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from workers.payloads.base import Work

R = TypeVar("R")

CREATED_AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


class Recorder:
    """Keeps what an attempt says. ``on_log`` sees each line as it comes."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.progress: list[dict[str, Any]] = []
        self.cancelled = threading.Event()
        self._changed = threading.Condition()

    def work(
        self,
        *,
        parameters: Mapping[str, Any] | None = None,
        timeout_seconds: float = 60,
        secrets: Mapping[str, str] | None = None,
        run_id: int = 1,
        run_created_at: dt.datetime = CREATED_AT,
        **more: Any,
    ) -> Work:
        """An attempt that this recorder listens to; ``more`` are other fields of Work."""
        return Work(
            run_id=run_id,
            run_created_at=run_created_at,
            job_key="datasource:test",
            workspace="test",
            position=0,
            attempt=1,
            kind="datasource",
            name="",
            parameters=parameters or {},
            run_parameters={},
            timeout_seconds=timeout_seconds,
            cancelled=self.cancelled,
            secret=(secrets or {}).__getitem__,
            log=self._log,
            progress=lambda **known: self.progress.append(known),
            **more,
        )

    def await_line(self, beginning: str, seconds: float = 30) -> str:
        """The first line that begins so; waits for it."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._find(beginning) is not None, seconds), self.lines
        return self._find(beginning) or ""

    def _find(self, beginning: str) -> str | None:
        return next((text for _, text in self.lines if text.startswith(beginning)), None)

    def _log(self, level: str, message: str) -> None:
        with self._changed:
            self.lines.append((level, message))
            self._changed.notify_all()


def in_background(action: Callable[[], R]) -> Callable[[], R]:
    """Begin in a thread; call what is returned for the result or the error."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(action)
    pool.shutdown(wait=False)
    return lambda: future.result(timeout=30)


def is_running(pid: int) -> bool:
    """True unless the process is gone, or dead and only waits to be reaped by whoever adopted it."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def children_of(pid: int) -> list[int]:
    """The living processes whose parent is ``pid``."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and is_running(int(entry.name)) and _parent(entry) == pid
    ]


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Return as soon as the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
