"""This system with every limit configured, none of which binds: what looking at them costs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from benchmarks.servers import Servers
from benchmarks.subjects.ours import THREADS, Ours, Session

DATABASE = "jobs_bench_limits"
GROUP = "bench"


class OursWithLimits(Ours):
    """`Ours` with a limit of runs, a group with places, a rate and a priority."""

    name = "limited"
    limits = {
        "max_concurrent_runs": 1000,
        "concurrency_group": GROUP,
        "rate_limit": {"count": 1_000_000, "period": "1s"},
        "priority": 10,
    }

    def __init__(self, *, servers: Servers) -> None:
        super().__init__(servers=servers, database=DATABASE)

    @contextlib.contextmanager
    def _session(self, *, threads: int = THREADS, keep: bool = False) -> Iterator[Session]:
        with super()._session(threads=threads, keep=keep) as session:
            session.ask(do="group", name=GROUP, limit=1000)
            yield session
