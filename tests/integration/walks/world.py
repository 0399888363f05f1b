"""A workspace that has one of everything, all named after one word."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from jobs.models import (
    ApiToken,
    BulkAction,
    DatasourceOperation,
    Event,
    Job,
    Payload,
    RejectedRow,
    Role,
    Run,
    StoredFile,
    TrialCall,
    WorkerProcess,
    Workspace,
)
from jobs.services.groups import save_group
from jobs.services.jobs import save_job
from jobs.services.secrets import set_secret
from jobs.services.service_accounts import create_service_account
from jobs.services.tokens import create_token
from scheduler.models import Backfill, Fire, Schedule
from sinks.models import Check, Delivery, Handover, Notice, Rule
from sinks.services.naming import save_sink
from sinks.services.ruling import save_rule
from tests.integration.datasources import make_datasource, record_a_load
from tests.integration.people import NOW, make_job, make_user
from tests.integration.processes import make_process
from tests.integration.run_rows import make_attempt, make_ended_run, make_event, make_log_line

SCHEDULE: dict[str, Any] = {"triggers": [{"type": "cron", "expression": "0 0 2 ? * MON-FRI"}]}
LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class World:
    """The workspace, its owner, and its objects by ``parameter`` or ``route.parameter`` of addresses."""

    mark: str
    workspace: Workspace
    owner: User
    job: Job
    run: Run
    objects: dict[str, object]


def make_world(*, mark: str, slug: str) -> World:
    """Fill a new workspace. ``mark`` is a word of small letters that nothing else has in it."""
    workspace = Workspace.objects.create(slug=slug, name=f"{mark} farm")
    owner = make_user(f"{mark}-olga", workspace=workspace, role=Role.OWNER)
    save_group(workspace=workspace, name=f"{mark}-group", limit=3, rate=None, actor=owner.username)
    save_sink(workspace=workspace, document={"name": f"{mark}-sink", "kind": "log"}, actor=owner.username)
    rule = {"name": f"{mark}-rule", "sink": f"{mark}-sink", "description": f"{mark} rule"}
    save_rule(workspace=workspace, document=rule, actor=owner.username)
    job = make_job(
        workspace,
        f"task:{mark}-job",
        payloads=2,
        description=f"about {mark}",
        configuration={"concurrency_group": f"{mark}-group"},
        sinks=[{"sink": f"{mark}-sink"}],
        schedules=[SCHEDULE | {"name": f"{mark}-plan", "parameters": {"of": mark}}],
        tags=[f"{mark}-tag"],
    )
    rollup = {"kind": "spark", "parameters": {"python": {"text": "print(1)"}}}
    save_job(workspace=workspace, document={"key": f"spark:{mark}-rollup", "payload": [rollup]}, actor=owner.username)
    datasets = [{"name": f"{mark}-people", "fields": [{"name": "id", "type": "integer"}]}]
    made_up = {"kind": "generate", "parameters": {"datasets": datasets}}
    people = {"key": f"task:{mark}-people", "payload": [made_up]}
    save_job(workspace=workspace, document=people, actor=owner.username)
    source = make_datasource(workspace, f"{mark}-data")
    record_a_load(source)
    make_ended_run(job, "ss", comment=f"before {mark}")
    run = make_ended_run(job, "sf", comment=f"about {mark}", parameters={"of": mark}, actor=owner.username)
    ids = _of_run(run, mark) | _of_schedule(Schedule.objects.get(job=job), run, mark) | _of_sinks(run, mark)
    ids |= _of_workspace(workspace, run, owner, mark)
    names = {
        "workspace": slug,
        "key": job.key,
        "run_id": run.pk,
        "position": 0,
        "username": owner.username,
        "name": f"{mark}-plan",
        "group.name": f"{mark}-group",
        "secret.name": f"{mark}-secret",
        "service-account.name": f"{mark}-program",
        "notice-rule.name": f"{mark}-rule",
    }
    sinks = ("sink", "check-sink", "enable-sink", "prefill-sink", "check-job-sink", "enable-job-sink")
    names |= {f"{route}.name": f"{mark}-sink" for route in sinks}
    names |= {"dataset.key": f"task:{mark}-people", "place": 0}
    names |= {"spark-job.name": f"{mark}-rollup", "task.name": f"{mark}-job"}
    datasources = ("datasource", "validate-datasource", "preview-datasource", "datasource-output", "datasource-state")
    names |= {f"{route}.name": f"{mark}-data" for route in datasources}
    names |= {f"{route}.name": f"{mark}.csv" for route in ("file",)}
    worker = WorkerProcess.objects.first() or make_process()  # it serves all workspaces
    return World(mark, workspace, owner, job, run, names | ids | {"worker_id": worker.pk})


def _of_run(run: Run, mark: str) -> dict[str, object]:
    Payload.objects.filter(run=run, position=0).update(result={"of": mark})
    attempt = make_attempt(run, 1, 1)
    make_log_line(run, 0, f"read {mark}")
    make_event(run, "run.created")
    StoredFile.objects.create(
        run=run,
        position=0,
        attempt=1,
        name=f"{mark}.csv",
        media_type="text/csv",
        size_bytes=1,
        sha256="0" * 64,
        path=f"{mark}/{mark}.csv",
    )
    RejectedRow.objects.create(run=run, position=0, number=1, reason=f"no {mark}", row={"of": mark})
    return {"attempt_id": attempt.pk}


def _of_schedule(schedule: Schedule, run: Run, mark: str) -> dict[str, object]:
    Fire.objects.create(schedule=schedule, fire_at=NOW, state="fired", run_id=run.pk)
    backfill = Backfill.objects.create(
        workspace=schedule.workspace, schedule=schedule, start_at=NOW, end_at=NOW, note=f"about {mark}", actor=mark
    )
    return {"backfill_id": backfill.pk}


def _of_sinks(run: Run, mark: str) -> dict[str, object]:
    rule = Rule.objects.get(workspace=run.workspace)
    handover = Handover.objects.create(run=run, place=0, name=f"{mark}-sink", sink_id=rule.sink_id, total=2)
    delivery = Delivery.objects.create(
        handover=handover,
        run_id=run.pk,
        sink_id=rule.sink_id,
        first_position=0,
        last_position=1,
        payloads=1,
        state="dead",
        ended_at=NOW,
        error={"message": f"no {mark}", "code": "size"},
    )
    Notice.objects.create(
        workspace=run.workspace,
        rule=rule,
        key=f"run.failed:{run.pk}",
        event="failed",
        job_id=run.job_id or 0,
        run_id=run.pk,
        document={"job": run.job_key, "sentence": f"{mark} failed"},
    )
    check = Check.objects.create(
        workspace=run.workspace, name=f"{mark}-sink", kind="log", configuration={}, actor=mark, expires_at=LATER
    )
    return {"delivery_id": delivery.pk, "check_id": check.pk}


def _of_workspace(workspace: Workspace, run: Run, owner: User, mark: str) -> dict[str, object]:
    set_secret(workspace=workspace, name=f"{mark}-secret", value=f"{mark} hush", actor=owner.username)
    account = create_service_account(
        workspace=workspace, name=f"{mark}-program", role=Role.OPERATOR, description=f"{mark} words", actor=mark
    )
    token: ApiToken
    token, _ = create_token(user=account.user, name=f"{mark}-token", workspace=workspace, actor=mark, now=NOW)
    action = BulkAction.objects.create(
        workspace=workspace, selection={"ids": [run.pk]}, note=f"about {mark}", actor=mark, upto=run.pk, total=1
    )
    operation = DatasourceOperation.objects.create(
        workspace=workspace, verb="preview", job_key=f"datasource:{mark}-data", parameters={}, expires_at=LATER
    )
    call = TrialCall.objects.create(workspace=workspace, parameters={"of": mark}, expires_at=LATER)
    Event.objects.create(workspace=workspace, kind="job.saved", actor=mark, data={"of": mark})
    return {"token_id": token.pk, "action_id": action.pk, "operation_id": operation.pk, "call_id": call.pk}
