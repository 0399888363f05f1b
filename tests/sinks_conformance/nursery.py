"""Workers in processes of their own, which begin at once: a process that has everything loaded makes them of itself."""

from __future__ import annotations

import base64
import pickle
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

from tests.conformance.environment import environment


@dataclass(frozen=True)
class Worker:
    """A process; ``ended`` has its exit status, below zero the signal that ended it."""

    pid: int
    ended: Future[int]


class Nursery:
    """Makes one worker after another, each of `tests.sinks_conformance.dying`, on the tests' database."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.sinks_conformance.dying"]
        self._process = subprocess.Popen(
            command, env=environment({}), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._pool = ThreadPoolExecutor(1)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._pool.shutdown(wait=True)
        self._process.stdin.close()
        self._process.stdout.close()

    def worker(self, step: str, *, settings: Mapping[str, Any]) -> Worker:
        """One that delivers under these settings, and dies at this step. The one before has ended."""
        order = base64.b64encode(pickle.dumps({"step": step, "settings": dict(settings)})).decode()
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        return Worker(self._number(), self._pool.submit(self._number))

    def _number(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())
