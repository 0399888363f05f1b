"""Works the runs of the suite's cases: in this process, in a thread of it, or in a worker that can be killed."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.db import connection, connections

from jobs.models import Lane, Payload, Requeued, Run, Workspace
from jobs.services.jobs import save_job
from jobs.services.runs import start_run
from jobs.services.secrets import set_secret
from jobs.states import Trigger
from tests.conformance.adapter import Adapter, Case
from tests.conformance.environment import environment
from tests.integration.child_work import children_of, wait_for
from workers import sweep, turns
from workers.heartbeat import heartbeat
from workers.log_writer import log_writer

_WORKER = """
import sys, django
django.setup()
from workers import turns
turns.work(lanes=[(int(sys.argv[1]), 0)], queue=sys.argv[2])
"""
PATIENCE_SECONDS = 180.0
"""How long a test waits before it fails: long, for a machine may be busy with other things."""


class Engine:
    """One workspace, one kind."""

    def __init__(self, adapter: Adapter, workspace: Workspace) -> None:
        self.adapter, self.workspace = adapter, workspace
        self._pool = ThreadPoolExecutor(1)
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Engine:
        self._others = set(children_of(os.getpid()))  # the tests' own servers
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        self._pool.shutdown(wait=True)

    def start(self, case: Case, *, timeout: str = "5m", **retry: Any) -> Run:
        """A run of one payload that is tried once, unless ``retry`` says otherwise."""
        for name, value in case.secrets.items():
            set_secret(workspace=self.workspace, name=name, value=value)
        document = {
            "key": f"{self.adapter.job_type}:conformance",
            "payload": [{"kind": self.adapter.kind, "parameters": case.parameters}],
            "configuration": {
                "retry": {"maximum_attempts": 1, **retry},
                "timeout": timeout,
                "terminate_grace": "1s",
            },
        }
        job = save_job(workspace=self.workspace, document=document, actor="test")
        return Run.objects.get(pk=start_run(job=job, trigger=Trigger.MANUAL))

    def work(self, run: Run) -> None:
        """Let this process work the run for a turn."""
        turns.work(lanes=[(run.pk, 0)], queue=run.queue, single=False)

    def work_in_thread(self, run: Run, case: Case) -> Future[None]:
        """The same in a thread, from when it stands in the middle of the payload."""

        def working() -> None:
            try:
                self.work(run)
            finally:
                connections.close_all()

        future = self._pool.submit(working)
        wait_for(lambda: case.begun() or future.done(), PATIENCE_SECONDS)
        return future

    def work_in_process(self, run: Run, case: Case) -> subprocess.Popen[bytes]:
        """The same in a worker process."""
        process = subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(run.pk), run.queue], env=environment(self.adapter.settings)
        )
        self._processes.append(process)
        wait_for(lambda: case.begun() or process.poll() is not None, PATIENCE_SECONDS)
        return process

    def beat(self) -> None:
        """One pass of this worker's heartbeat, and of what writes log lines."""
        heartbeat().beat()
        log_writer().write()

    def bury_the_lost(self) -> None:
        """What a sweep does once a lease has run out."""
        past = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
        assert Lane.objects.update(lease_expires_at=past)
        sweep.sweep_once()

    def try_again(self, run: Run) -> None:
        """Let the wait for the next attempt be over, and work."""
        assert Requeued.objects.filter(run=run).update(due_at=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1))
        self.work(run)

    def family(self) -> list[int]:
        """The processes that were set going since the test began, and theirs."""
        found: list[int] = []
        fresh = [child for child in children_of(os.getpid()) if child not in self._others]
        while fresh:
            found += fresh
            fresh = [child for pid in fresh for child in children_of(pid)]
        return found


def payload_of(run: Run) -> Payload:
    """The run's one payload as it stands."""
    return Payload.objects.get(run=run)


def every_row() -> str:
    """All rows of this system's tables as text."""
    with connection.cursor() as cursor:
        ours = ("jobs_", "scheduler_", "sinks_")
        tables = [name for name in connection.introspection.table_names(cursor) if name.startswith(ours)]
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            rows += [str(row[0]) for row in cursor.fetchall()]
    return "\n".join(rows)


def until(condition: Callable[[], bool]) -> None:
    """Return as soon as it holds; fail when it does not in time."""
    wait_for(condition, PATIENCE_SECONDS)
