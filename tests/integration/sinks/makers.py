"""Runs that have ended, with sinks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs.models import Job, Payload, Run, Workspace
from jobs.services.closing import close_runs
from jobs.services.jobs import save_job
from jobs.services.runs import start_run
from jobs.states import Trigger


def make_job(*sinks: dict[str, Any], payloads: int = 3, name: str = "ping", workspace: Workspace | None = None) -> Job:
    """A job of so many payloads, named p0, p1, ..., that delivers to these sinks."""
    workspace = workspace or Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})[0]
    document = {
        "key": f"task:{name}",
        "payload": [{"kind": "noop", "name": f"p{at}"} for at in range(payloads)],
        "sinks": list(sinks),
    }
    return save_job(workspace=workspace, document=document, actor="test")


def end_run(job: Job, *, failed: Sequence[int] = (), results: bool = True) -> Run:
    """A run of the job that has ended: each payload succeeded with ``{"n": position}``, but those failed."""
    run = Run.objects.get(pk=start_run(job=job, trigger=Trigger.MANUAL))
    finish(run, failed=failed)
    close_runs(run_ids=[run.pk])
    run.refresh_from_db()
    return run


def finish(run: Run, *, failed: Sequence[int] = ()) -> None:
    """Give each payload its outcome, and leave the run to be closed."""
    for payload in Payload.objects.filter(run=run):
        ended: dict[str, Any] = {"attempts": 1, "started_at": run.created_at, "ended_at": run.created_at}
        if payload.position in failed:
            ended |= {"state": "failed", "error": {"message": "no", "code": "error"}}
        else:
            ended |= {"state": "succeeded", "result": {"n": payload.position}}
        Payload.objects.filter(run=run, position=payload.position).update(**ended)
    Run.objects.filter(pk=run.pk).update(succeeded=run.total - len(failed), failed=len(failed), next_position=run.total)
