"""A workspace with one of everything, such as the examples of the OpenAPI document speak of."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, models, transaction

from jobs.api.described.tokens import BOUND, OWN
from jobs.models import (
    ApiToken,
    Attempt,
    BulkAction,
    DatasourceOperation,
    DatasourceState,
    Job,
    Lane,
    Origin,
    Payload,
    RejectedRow,
    Role,
    Run,
    StoredFile,
    TrialCall,
    Workspace,
)
from jobs.services.groups import save_group
from jobs.services.jobs import save_job
from jobs.services.secrets import set_secret
from jobs.services.service_accounts import create_service_account
from jobs.services.tokens import create_token
from jobs.states import RunState
from scheduler.models import Backfill, BackfillTime, Fire, Schedule
from sinks.models import Check, Delivery, FailedDelivery, Handover, Notice, Rule, Sink
from sinks.services.naming import save_sink
from sinks.services.ruling import save_rule
from tests.integration.people import NOW, make_user
from tests.integration.processes import make_process
from tests.integration.run_rows import make_attempt, make_ended_run, make_event, make_lane, make_log_line, make_run
from tests.integration.schedule_rows import make_skip
from workers.api.described import Dataset

SLUG = "demo"
FOR_SUPERUSERS = ("createWorkspace", "drainWorker", "resumeWorker")
"""Operations whose example an owner may not send."""
PAUSED, ACTIVE, ENDED, ACTION, OPERATION, BACKFILL, CHECK, DELIVERY, WORKER, TRIAL = 5, 6, 7, 3, 12, 4, 5, 9, 2, 13
"""Ids that the examples name."""
ATTEMPT = 11
CONTENT = b"id,name\n1,Ann\n"
_JOB: dict[str, Any] = {
    "key": "task:ping",
    "description": "Asks whether the shop answers.",
    "payload": [{"kind": "noop", "name": "first"}],
    "sinks": [{"sink": "journal"}],
    "schedules": [
        {
            "name": "nightly",
            "triggers": [{"type": "cron", "expression": "0 30 2 ? * MON-FRI"}],
            "timezone": "Europe/Berlin",
        }
    ],
    "tags": ["shop"],
    "metadata": {"team": "web"},
}
_ORDERS: dict[str, Any] = {
    "source": {"path": "https://shop.example.com/orders.csv"},
    "destination": {"postgresql": {"url_secret": "WAREHOUSE", "schema": "public", "table": "orders"}},
    "write": "replace",
}
_LOAD: dict[str, Any] = {"kind": "datasource", "parameters": _ORDERS}
_ROLLUP: dict[str, Any] = {"kind": "spark", "parameters": {"python": {"text": "print(1)"}}}


@contextmanager
def undone() -> Iterator[None]:
    """Undo in the database what is done within."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def make_world(files: Path) -> User:
    """Make it; the answer is its owner. ``files``: the folder of stored files, for the one that a run has made."""
    workspace = Workspace.objects.create(slug=SLUG, name="Demo")
    owner = make_user("ann", workspace=workspace, role=Role.OWNER)
    make_user("root", is_superuser=True)
    _let_in(workspace, owner)
    set_secret(workspace=workspace, name="WAREHOUSE", value="postgresql://nobody@localhost/nowhere")
    save_group(workspace=workspace, name="api.example.com", limit=5, rate={"count": 100, "period": "1m"}, actor="ann")
    _make_sinks(workspace)
    job = save_job(workspace=workspace, document=_JOB, actor="ann")
    save_job(workspace=workspace, document={"key": "task:old", "payload": [{"kind": "noop"}]}, actor="ann")
    people = {"kind": "generate", "parameters": {"datasets": [Dataset.EXAMPLE["definition"]]}}
    save_job(workspace=workspace, document={"key": "task:people", "payload": [people]}, actor="ann")
    for key in ("spark:rollup", "spark:old"):
        save_job(workspace=workspace, document={"key": key, "payload": [_ROLLUP]}, actor="ann")
    save_job(workspace=workspace, document={"key": "datasource:old", "payload": [_LOAD]}, actor="ann")
    _make_runs(job, files)
    _make_delivery(workspace)
    _make_schedule(job)
    _make_datasource(workspace)
    make_process(pk=WORKER)
    _make_trial_call(workspace)
    _leave_ids_to_the_examples()
    return owner


def who_calls(operation_id: str) -> User:
    """Who may send an operation's example."""
    return User.objects.get(username="root" if operation_id in FOR_SUPERUSERS else "ann")


def _let_in(workspace: Workspace, owner: User) -> None:
    make_user("bob", workspace=workspace, role=Role.VIEWER)
    make_user("carol")
    account = create_service_account(workspace=workspace, name="ci", role=Role.OPERATOR, actor="ann")
    tokens: dict[int, dict[str, Any]] = {
        OWN: {"user": owner, "name": "laptop"},
        BOUND: {"user": account.user, "name": "deploy", "workspace": workspace},
    }
    for token_id, parts in tokens.items():
        made, _ = create_token(scopes=["jobs:read", "jobs:run"], actor="ann", now=NOW, **parts)
        ApiToken.objects.filter(pk=made.pk).update(id=token_id)


def _make_sinks(workspace: Workspace) -> None:
    journal = {"name": "journal", "kind": "log", "configuration": {"prefix": "RESULT "}}
    save_sink(workspace=workspace, document=journal, actor="ann")
    save_sink(workspace=workspace, document={"name": "attic", "kind": "log"}, actor="ann")
    save_sink(workspace=workspace, document={"name": "shelf", "kind": "log"}, actor="ann")
    Origin.objects.create(
        workspace=workspace,
        kind="sink",
        name="shelf",
        source="shop",
        path="sinks/shelf.yaml",
        digest="9f" * 32,
        applied_by="ann",
    )
    rule = {"name": "on-call", "sink": "journal", "jobs": {"tags": ["shop"]}, "in_a_row": 2}
    save_rule(workspace=workspace, document=rule, actor="ann")
    ended: dict[str, Any] = {"taken_at": NOW, "ended_at": NOW, "result": {"message": "Writes to the log"}}
    Check.objects.create(
        pk=CHECK, workspace=workspace, name="journal", kind="log", configuration={}, actor="ann", **_kept(), **ended
    )


def _make_runs(job: Job, files: Path) -> None:
    active = make_run(job, "qq", pk=ACTIVE, admitted=True)
    lane = make_lane(active, 1, 2, slot=0)
    in_an_hour = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    Lane.objects.filter(pk=lane.pk).update(lease_expires_at=in_an_hour)
    held = {"actor": "ann", "at": NOW.isoformat(), "note": "", "by_job": False}
    make_run(job, "q", pk=PAUSED, state=RunState.PAUSED, pause=held, wake_at=None)
    ended = make_ended_run(job, "ss", pk=ENDED, idempotency_key="orders-of-monday")
    Payload.objects.filter(run=ended, position=0).update(result={"rows": 3}, attempts=2)
    Attempt.objects.filter(pk=make_attempt(ended, 0, 1).pk).update(id=ATTEMPT)
    make_log_line(ended, 0, "3 rows")
    make_event(ended, "run.succeeded")
    RejectedRow.objects.create(run=ended, position=0, number=17, reason="amount: expected a number", row={"id": "17"})
    _make_file(ended, files)
    BulkAction.objects.create(
        pk=ACTION,
        workspace=job.workspace,
        selection={"filter": {"job": job.key}},
        upto=ENDED,
        total=1,
        changed=1,
        ended_at=NOW,
    )


def _make_file(run: Run, files: Path) -> None:
    (files / "demo").mkdir()
    (files / "demo" / "customers.csv").write_bytes(CONTENT)
    StoredFile.objects.create(
        run=run,
        position=0,
        attempt=1,
        name="customers.csv",
        media_type="text/csv",
        path="demo/customers.csv",
        size_bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )


def _make_delivery(workspace: Workspace) -> None:
    run = Run.objects.get(pk=ENDED)
    sink = Sink.objects.get(workspace=workspace, name="journal")
    handover = Handover.objects.create(
        run=run, place=0, name="journal", sink_id=sink.pk, next_position=run.total, total=run.total
    )
    error = {"code": "connection", "message": "connection refused"}
    delivery = Delivery.objects.create(
        pk=DELIVERY,
        handover=handover,
        run_id=run.pk,
        sink_id=sink.pk,
        first_position=0,
        last_position=0,
        payloads=1,
        state="dead",
        attempts=1,
        ended_at=NOW,
        error=error,
    )
    FailedDelivery.objects.create(delivery=delivery, number=1, error=error, worker="w1", started_at=NOW, ended_at=NOW)
    rule = Rule.objects.get(workspace=workspace)
    assert run.job_id is not None
    Notice.objects.create(
        workspace=workspace,
        rule=rule,
        key=f"run.failed:{ENDED}",
        event="run.failed",
        job_id=run.job_id,
        run_id=ENDED,
        document={
            "event": "run.failed",
            "rule": rule.name,
            "job": run.job_key,
            "run": ENDED,
            "schedule": None,
            "at": NOW.isoformat(),
            "since": NOW.isoformat(),
            "in_a_row": 2,
            "count": 1,
            "kept_back": 0,
            "error": "1 payload failed",
            "link": None,
            "subject": "task:ping failed, 2 runs in a row",
            "text": "Run 7 of task:ping failed.",
        },
    )


def _make_schedule(job: Job) -> None:
    schedule = Schedule.objects.get(job=job)
    fire = make_skip(schedule, detail="its former run had not ended")
    Fire.objects.filter(pk=fire.pk).update(fire_at="2026-11-20T01:30:00Z", decided_at="2026-11-20T01:30:00.2Z")
    backfill = Backfill.objects.create(
        pk=BACKFILL,
        workspace=job.workspace,
        schedule=schedule,
        start_at="2026-11-15T23:00:00Z",
        end_at="2026-11-17T22:59:59Z",
        limit=2,
        actor="ann",
    )
    BackfillTime.objects.create(backfill=backfill, fire_at="2026-11-16T01:30:00Z")


def _make_datasource(workspace: Workspace) -> None:
    payload = {"kind": "datasource", "name": "orders", "parameters": _ORDERS}
    job = save_job(workspace=workspace, document={"key": "datasource:orders", "payload": [payload]}, actor="ann")
    DatasourceState.objects.create(
        job=job, stream="orders", generation=1, load_key="demo/datasource:orders/run-1", loaded_at=NOW
    )
    DatasourceOperation.objects.create(
        pk=OPERATION,
        workspace=workspace,
        verb="preview",
        job_key=job.key,
        stream="orders",
        parameters=_ORDERS,
        rows=10,
        actor="ann",
        taken_at=NOW,
        ended_at=NOW,
        result={"columns": [{"name": "id", "type": "BIGINT"}], "rows": [{"id": 1}], "cut": False},
        **_kept(),
    )


def _make_trial_call(workspace: Workspace) -> None:
    answer = {"status": 200, "headers": {}, "body": "ok", "body_cut": False}
    TrialCall.objects.create(
        pk=TRIAL, workspace=workspace, parameters={}, actor="ann", taken_at=NOW, ended_at=NOW, result=answer, **_kept()
    )


def _kept() -> dict[str, dt.datetime]:
    now = dt.datetime.now(dt.UTC)
    return {"created_at": now, "expires_at": now + dt.timedelta(minutes=2)}


def _leave_ids_to_the_examples() -> None:
    """What is made from now on has other ids than these rows, which were given theirs."""
    kinds: tuple[type[models.Model], ...] = (
        *(ApiToken, Run, BulkAction, DatasourceOperation, Backfill, Check, Delivery, TrialCall),
    )
    with connection.cursor() as cursor:
        for kind in kinds:
            table = kind._meta.db_table
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest(max(id), 1000)) FROM {table}"
            )
