"""Runs that deliver into a bucket, and workers that do it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.models import Payload, Run, Workspace
from jobs.services.closing import close_runs
from jobs.services.runs import start_run
from jobs.services.secrets import set_secret
from jobs.states import Trigger
from sinks import claims
from tests.conformance.environment import environment
from tests.integration.byte_sinks.given import SECRETS
from tests.integration.sinks.makers import finish, make_job
from tests.integration.sinks.passing import let_time_pass
from workers.delivering import deliver_to


def ended_run(*sinks: dict[str, object], payloads: int, size: int) -> Run:
    """A run that has ended, whose results are of this size."""
    workspace = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})[0]
    for name, value in SECRETS.items():
        set_secret(workspace=workspace, name=name, value=value)
    job = make_job(*sinks, payloads=payloads, workspace=workspace)
    run = Run.objects.get(pk=start_run(job=job, trigger=Trigger.MANUAL))
    finish(run)
    Payload.objects.filter(run=run).update(result={"text": "x" * size})
    close_runs(run_ids=[run.pk])
    return run


def due_sink() -> int:
    """The one sink that is owed something."""
    [due] = claims.due_sinks(limit=10)
    assert due.sink_id is not None
    return due.sink_id


@contextmanager
def worker(sink_id: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own that delivers to a sink."""
    command = [sys.executable, "-m", "tests.integration.byte_sinks.worker", str(sink_id)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3], env=environment({})) as process:
        try:
            yield process
        finally:
            process.kill()


def deliver_after_its_lease(sink_id: int) -> int:
    """What others do when the lease of a killed worker is over: note the loss, try again after a while; how many attempts."""
    let_time_pass(60)
    assert deliver_to(sink_id=sink_id) == 0
    let_time_pass(60)
    return deliver_to(sink_id=sink_id)
