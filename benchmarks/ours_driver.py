"""The process that defines jobs and starts runs, as the web process of a deployment does. Spoken to in JSON lines.

Reads one request a line, ``{"do": ..., ...}``, and writes one answer a line; every request has a function here of the same name.
It is a process of its own because Django is bound to one database and one broker a process, and the subjects have several.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from jobs.models import Job, Workspace  # noqa: E402 - models can be imported only now
from jobs.services.jobs import save_job  # noqa: E402
from jobs.services.runs import start_run, start_runs  # noqa: E402
from jobs.states import Trigger  # noqa: E402


def define(*, document: dict[str, Any], payload: dict[str, Any], count: int) -> dict[str, Any]:
    """Save a job with ``count`` equal payloads; answers its id."""
    workspace, _ = Workspace.objects.get_or_create(slug="bench", defaults={"name": "Benchmarks"})
    job = save_job(workspace=workspace, document={**document, "payload": [payload] * count}, actor="benchmarks")
    return {"job_id": job.pk}


def start(*, job_id: int) -> dict[str, Any]:
    """Start one run; answers its id, and when the call began and returned, in seconds since the epoch."""
    job = Job.objects.get(pk=job_id)
    began = time.time()
    run_id = start_run(job=job, trigger=Trigger.API)
    return {"run_id": run_id, "began": began, "returned": time.time()}


def start_many(*, job_id: int, count: int) -> dict[str, Any]:
    """Start many runs of one job in one call; answers when it began and returned, in seconds since the epoch."""
    began = time.time()
    start_runs(job_ids=[job_id] * count, trigger=Trigger.API)
    return {"began": began, "returned": time.time()}


REQUESTS: dict[str, Callable[..., dict[str, Any]]] = {"define": define, "start": start, "start_many": start_many}


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        answer = REQUESTS[request.pop("do")](**request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
