"""The process that defines jobs and starts runs, as the web process of a deployment does. Spoken to in JSON lines.

Reads one request a line, ``{"do": ..., ...}``, and writes one answer a line; every request has a function here of the same name.
It is a process of its own because Django is bound to one database and one broker a process, and the subjects have several.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 - models can be imported only now
from django.contrib.auth.models import User  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client as DjangoClient  # noqa: E402

from jobs.models import Job, Membership, Role, Run, Workspace  # noqa: E402
from jobs.services import control, rolling  # noqa: E402
from jobs.services.extending import extend_run  # noqa: E402
from jobs.services.groups import save_group  # noqa: E402
from jobs.services.jobs import save_job  # noqa: E402
from jobs.services.runs import start_run, start_runs  # noqa: E402
from jobs.services.secrets import set_secret  # noqa: E402
from jobs.services.tokens import create_token  # noqa: E402
from jobs.states import Trigger  # noqa: E402


def define(*, document: dict[str, Any], payload: dict[str, Any], count: int) -> dict[str, Any]:
    """Save a job with ``count`` equal payloads; answers its id."""
    workspace, _ = Workspace.objects.get_or_create(slug="bench", defaults={"name": "Benchmarks"})
    job = save_job(workspace=workspace, document={**document, "payload": [payload] * count}, actor="benchmarks")
    return {"job_id": job.pk}


def group(*, name: str, limit: int) -> dict[str, Any]:
    """Save a concurrency group; answers its id."""
    workspace, _ = Workspace.objects.get_or_create(slug="bench", defaults={"name": "Benchmarks"})
    return {"group_id": save_group(workspace=workspace, name=name, limit=limit, rate=None, actor="benchmarks").pk}


def secret(*, name: str, value: str) -> dict[str, Any]:
    """Keep a secret; answers nothing."""
    workspace, _ = Workspace.objects.get_or_create(slug="bench", defaults={"name": "Benchmarks"})
    set_secret(workspace=workspace, name=name, value=value)
    return {}


def token() -> dict[str, Any]:
    """Make somebody who may trigger; answers a token of theirs."""
    _, secret = create_token(user=_member(Role.OPERATOR), name="benchmarks", now=dt.datetime.now(dt.UTC))
    return {"token": secret}


def sign_in() -> dict[str, Any]:
    """Make an owner who has signed in; answers the cookie that says so, as ``name=value``."""
    client = DjangoClient()
    client.force_login(_member(Role.OWNER))
    return {"cookie": f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"}


def _member(role: Role) -> User:
    workspace, _ = Workspace.objects.get_or_create(slug="bench", defaults={"name": "Benchmarks"})
    user, _ = User.objects.get_or_create(username="vera")
    Membership.objects.update_or_create(workspace=workspace, user=user, defaults={"role": role})
    return user


def count_runs() -> dict[str, Any]:
    """Count the ended runs into their totals, as sweeps do; answers in how many batches, and how many seconds they took."""
    began, batches = time.monotonic(), 1
    while rolling.roll_up():
        batches += 1
    return {"batches": batches, "seconds": time.monotonic() - began}


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


def start_paused(*, job_id: int) -> dict[str, Any]:
    """Start one run that nobody may work yet; answers its id."""
    job = Job.objects.get(pk=job_id)
    with transaction.atomic():
        run_id = start_run(job=job, trigger=Trigger.API)
        control.pause_run(run=Run.objects.get(pk=run_id), actor="benchmarks")
    return {"run_id": run_id}


def pause_run(*, run_id: int) -> dict[str, Any]:
    """Pause a run; answers how many seconds the call took."""
    return _timed(lambda: control.pause_run(run=Run.objects.get(pk=run_id), actor="benchmarks"))


def resume_run(*, run_id: int) -> dict[str, Any]:
    """Resume a run; answers how many seconds the call took."""
    return _timed(lambda: control.resume_run(run=Run.objects.get(pk=run_id), actor="benchmarks"))


def terminate_run(*, run_id: int) -> dict[str, Any]:
    """Terminate a run; answers how many seconds the call took."""
    return _timed(lambda: control.terminate_run(run=Run.objects.get(pk=run_id), actor="benchmarks"))


def extend(*, run_id: int, payload: dict[str, Any], count: int) -> dict[str, Any]:
    """Add payloads to a run; answers how many seconds the call took."""
    items = [payload] * count
    return _timed(lambda: extend_run(run_id=run_id, parent=None, attempt=None, items=items, actor="benchmarks"))


def _timed(action: Callable[[], object]) -> dict[str, Any]:
    began = time.monotonic()
    action()
    return {"seconds": time.monotonic() - began}


REQUESTS: dict[str, Callable[..., dict[str, Any]]] = {
    function.__name__: function
    for function in (
        define,
        group,
        secret,
        token,
        sign_in,
        count_runs,
        start,
        start_many,
        start_paused,
        pause_run,
        resume_run,
        terminate_run,
        extend,
    )
}


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        answer = REQUESTS[request.pop("do")](**request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
