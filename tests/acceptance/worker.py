"""One worker process, as a deployment starts it."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

from tests.acceptance.process import Process

_QUEUES = "default,http,datasource,spark,sinks"


class Worker(Process):
    """A Celery worker; ready when it fetches messages."""

    ready_words = " ready."

    def __init__(self, *, name: str, pool: str, slots: int, log: Path, environment: Mapping[str, str]) -> None:
        arguments = ["worker", "-P", pool, "-c", str(slots), "-Q", _QUEUES, "-n", f"{name}@%h"]
        super().__init__(name=name, arguments=arguments, log=log, environment=environment)

    @property
    def identity(self) -> str:
        """What lanes and attempts call it, unless its pool forks."""
        return f"{socket.gethostname()}:{self.process.pid}"

    def children(self) -> list[int]:
        """The processes that it forked."""
        listing = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listing.split()]
