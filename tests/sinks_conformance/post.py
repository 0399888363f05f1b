"""Delivers the suite's cases: in this process, in a thread of it, or in a worker that dies on the way."""

from __future__ import annotations

import datetime as dt
import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

from django.db import connections

from jobs.errors import PermanentError, TransientError
from jobs.models import Job, Run, Workspace
from jobs.services.jobs import save_job
from jobs.services.secrets import set_secret
from sinks import claims, registry
from sinks.base import OpenSink, SinkKind, Unit
from sinks.models import Delivery, Standing
from tests.integration.child_work import wait_for
from tests.integration.sinks.makers import end_run
from tests.sinks_conformance.adapter import Adapter, Case
from tests.sinks_conformance.nursery import Nursery, Worker
from workers.delivering import deliver_to
from workers.sink_surroundings import SinkSurroundings

PATIENCE_SECONDS = 180.0
"""How long a test waits before it fails: long, for a machine may be busy with other things."""
PAYLOADS = 3


class Post:
    """One workspace, one kind."""

    def __init__(self, adapter: Adapter, workspace: Workspace, nursery: Nursery) -> None:
        self.adapter, self.workspace = adapter, workspace
        self._nursery = nursery
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> Post:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True)

    @property
    def kind(self) -> SinkKind:
        """The kind under test."""
        kind = registry.get(self.adapter.kind)
        assert kind is not None
        return kind

    @property
    def largest(self) -> Unit:
        """The unit of which a delivery holds the most."""
        return max(self.kind.units, key=("payload", "batch", "run").index)

    def end_run(self, case: Case, *, deliver: Unit | None = None) -> Run:
        """A run of three payloads has ended, and its results are owed to the case's sink."""
        self.set_secrets(case)
        entry: dict[str, Any] = {"kind": self.adapter.kind, "configuration": case.configuration, **case.entry}
        document = {
            "key": "task:conformance",
            "payload": [{"kind": "noop", "name": f"p{at}"} for at in range(PAYLOADS)],
            "sinks": [entry | ({"deliver": deliver} if deliver else {})],
        }
        job: Job = save_job(workspace=self.workspace, document=document, actor="test")
        return end_run(job)

    def check(self, case: Case) -> str:
        """What the case's sink says when it is opened and checked. Raises as `check` does, without secrets."""
        self.set_secrets(case)
        surroundings = SinkSurroundings(workspace_id=self.workspace.pk, sink="conformance")
        try:
            with closing(self._open(case, surroundings)) as sink:
                return str(surroundings.clean(sink.check()))
        except (TransientError, PermanentError) as error:
            message, details = surroundings.clean(str(error)), surroundings.clean(error.details)
            raise type(error)(message, code=error.code, details=details) from None

    def _open(self, case: Case, surroundings: SinkSurroundings) -> OpenSink:
        return self.kind.open(self.kind.configuration.model_validate(case.configuration), surroundings)

    def set_secrets(self, case: Case) -> None:
        """Give the workspace what the case names."""
        for name, value in case.secrets.items():
            set_secret(workspace=self.workspace, name=name, value=value)

    def deliver(self) -> int:
        """Make what is due, in this thread; how many attempts."""
        return sum(deliver_to(sink_id=due.sink_id) for due in claims.due_sinks(limit=10) if due.sink_id)

    def deliver_in_thread(self) -> Future[int]:
        """The same in a thread."""

        def delivering() -> int:
            try:
                return self.deliver()
            finally:
                connections.close_all()

        return self._pool.submit(delivering)

    def deliver_and_die(self, *, at: str) -> None:
        """The same in a worker that dies at this step; see `tests.sinks_conformance.dying`."""
        assert self._worker(at).ended.result(PATIENCE_SECONDS) == -signal.SIGKILL

    def deliver_until_killed(self, case: Case) -> None:
        """The same in a worker that is killed once a hand-over stands in the middle."""
        worker = self._worker("never")
        wait_for(lambda: case.begun() or worker.ended.done(), PATIENCE_SECONDS)
        os.kill(worker.pid, signal.SIGKILL)
        assert worker.ended.result(PATIENCE_SECONDS) == -signal.SIGKILL

    def let_time_pass(self) -> None:
        """Whatever is waited for, or held, is waited for and held no longer."""
        past = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
        Delivery.objects.filter(state="due").update(due_at=past)
        Standing.objects.exclude(retry_at=None).update(retry_at=past)
        Standing.objects.exclude(lease_expires_at=None).update(lease_expires_at=past)

    def deliver_everything(self) -> None:
        """Go on until nothing is owed; a sink that has rested is tried with one delivery first."""
        for _ in range(2 * PAYLOADS):
            self.let_time_pass()
            self.deliver()
        assert not Delivery.objects.filter(state="due").exists()

    def _worker(self, step: str) -> Worker:
        return self._nursery.worker(step, settings=self.adapter.settings)
