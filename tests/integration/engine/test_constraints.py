"""Every named invariant: the database itself refuses what breaks it, whoever writes."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import IntegrityError, models, transaction

from jobs.models import (
    ApiToken,
    Attempt,
    BulkAction,
    ConcurrencyGroup,
    DatasourceOperation,
    DatasourceState,
    FollowUp,
    Job,
    KeptAnswer,
    Lane,
    Membership,
    Origin,
    Payload,
    RollCursor,
    Run,
    RunTotals,
    Secret,
    ServiceAccount,
    StoredFile,
    StoredResult,
    TrialCall,
    Workspace,
)
from tests.integration.processes import make_process

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Rows:
    """One row of each, all of them valid."""

    def __init__(self) -> None:
        self.workspace = Workspace.objects.create(slug="acme", name="Acme")
        self.user = get_user_model().objects.create_user("ada")
        self.group = self.new_group(name="target")
        self.job = Job.objects.create(workspace=self.workspace, type="task", name="ping")
        self.run = self.new_run(idempotency_key="order-17")
        self.lane = self.new_lane(slot=0, group=self.group, group_slot=0)
        self.payload = Payload.objects.create(run=self.run, position=0, kind="noop", key="first")
        self.attempt = self.new_attempt(number=1)
        Secret.objects.create(workspace=self.workspace, name="token", ciphertext=b"x")
        Membership.objects.create(workspace=self.workspace, user=self.user, role="viewer")
        self.new_state(stream="flights")
        self.new_file(name="people.csv", path="1/people.csv")
        StoredResult.objects.create(run_id=self.run.pk, position=0, key="1/0")
        self.new_origin(name="task:ping")
        self.new_account("deployer")
        self.new_answer(key="order-17")

    def new_group(self, **values: Any) -> ConcurrencyGroup:
        return ConcurrencyGroup.objects.create(**{"workspace": self.workspace, "name": "other", **values})

    def new_run(self, **values: Any) -> Run:
        given = {"workspace": self.workspace, "job": self.job, "job_key": "task:ping", "snapshot": {}, "wake_at": NOW}
        return Run.objects.create(**{**given, "total": 2, **values})

    def ended_run(self, **values: Any) -> Run:
        return self.new_run(**{"state": "succeeded", "succeeded": 2, "wake_at": None, "ended_at": NOW, **values})

    def new_lane(self, **values: Any) -> Lane:
        given = {"run": self.run, "worker": "host:1", "leased_at": NOW, "lease_expires_at": NOW}
        return Lane.objects.create(**{**given, **values})

    def new_attempt(self, **values: Any) -> Attempt:
        given = {"run": self.run, "position": 0, "state": "failed", "error": {}, "worker": "host:1"}
        return Attempt.objects.create(**{**given, "started_at": NOW, "ended_at": NOW, **values})

    def new_job(self, **values: Any) -> Job:
        return Job.objects.create(**{"workspace": self.workspace, "type": "task", "name": "pong", **values})

    def new_state(self, **values: Any) -> DatasourceState:
        return DatasourceState.objects.create(**{"job": self.job, "stream": "other", "generation": 1, **values})

    def new_call(self, **columns: Any) -> TrialCall:
        """A trial call that waits."""
        return TrialCall.objects.create(workspace=self.workspace, parameters={}, actor="x", expires_at=NOW, **columns)

    def new_action(self, **values: Any) -> BulkAction:
        return BulkAction.objects.create(
            **{"workspace": self.workspace, "selection": {}, "upto": 0, "total": 0, **values}
        )

    def new_operation(self, **values: Any) -> DatasourceOperation:
        given = {"workspace": self.workspace, "verb": "preview", "parameters": {}, "actor": "ada", "expires_at": NOW}
        return DatasourceOperation.objects.create(**{**given, **values})

    def new_file(self, **values: Any) -> StoredFile:
        given = {
            "run": self.run,
            "position": 0,
            "attempt": 1,
            "name": "other.csv",
            "path": "1/other.csv",
            "size_bytes": 0,
        }
        return StoredFile.objects.create(**{**given, **values})

    def new_origin(self, **values: Any) -> Origin:
        given = {"workspace": self.workspace, "kind": "job", "name": "task:pong", "source": "etl", "path": "a.yaml"}
        return Origin.objects.create(**{**given, "digest": "0" * 64, **values})

    def new_account(self, name: str) -> ServiceAccount:
        user = get_user_model().objects.create_user(f"account-{uuid.uuid4()}")
        return ServiceAccount.objects.create(user=user, workspace=self.workspace, name=name)

    def new_answer(self, **values: Any) -> KeptAnswer:
        given = {"workspace": self.workspace, "caller": "user:1", "method": "POST", "path": "/", "digest": "0" * 64}
        return KeptAnswer.objects.create(**{**given, "status": 202, "headers": {}, "expires_at": NOW, **values})

    def new_token(self, **values: Any) -> ApiToken:
        return ApiToken.objects.create(**{"user": self.user, "name": "ci", "digest": "0" * 64, **values})

    def new_totals(self, **values: Any) -> RunTotals:
        given = {"workspace": self.workspace, "span": "hour", "job_key": "", "start": NOW, "spread": {}}
        numbers = {
            field.name: 0
            for field in RunTotals._meta.fields
            if isinstance(field, models.IntegerField) and field.name not in given
        }
        return RunTotals.objects.create(**{**numbers, **given, **values})

    def set_payload(self, **values: Any) -> None:
        Payload.objects.filter(run=self.run, position=0).update(**values)


BREAKS: list[tuple[str, Callable[[Rows], Any]]] = [
    ("attempt_recorded_once", lambda rows: rows.new_attempt(number=1)),
    ("attempt_state_known", lambda rows: rows.new_attempt(number=2, state="succeeded")),
    ("attempt_number_from_one", lambda rows: rows.new_attempt(number=0)),
    ("group_name_once_per_workspace", lambda rows: rows.new_group(name="target")),
    ("group_limit_from_one", lambda rows: rows.new_group(limit=0)),
    ("group_interval_above_zero", lambda rows: rows.new_group(rate_interval_ms=0.0)),
    ("job_key_once_per_workspace", lambda rows: rows.new_job(name="ping")),
    ("job_type_known", lambda rows: rows.new_job(type="cron")),
    ("job_state_known", lambda rows: rows.new_job(state="asleep")),
    ("job_queue_known", lambda rows: rows.new_job(queue="express")),
    ("job_has_a_lane", lambda rows: rows.new_job(max_lanes=0)),
    ("job_resumes_when_paused", lambda rows: rows.new_job(resume_at=NOW)),
    ("job_resumes_when_paused", lambda rows: rows.new_job(state="archived", resume_at=NOW)),
    ("lane_one_owner_per_slot", lambda rows: rows.new_lane(slot=0)),
    ("lane_one_per_group_slot", lambda rows: rows.new_lane(slot=1, group=rows.group, group_slot=0)),
    ("lane_range_in_order", lambda rows: rows.new_lane(slot=1, low=5, high=4)),
    ("requeued_from_zero", lambda rows: rows.run.requeued.create(position=-1, due_at=NOW)),
    ("requeued_from_zero", lambda rows: rows.run.requeued.create(position=0, attempts=-1, due_at=NOW)),
    ("follow_up_kind_known", lambda rows: FollowUp.objects.create(job=rows.job, run=rows.run, kind="rest")),
    ("bulk_action_counts_from_zero", lambda rows: rows.new_action(total=-1)),
    ("bulk_action_counts_from_zero", lambda rows: rows.new_action(changed=-1)),
    ("bulk_action_counts_from_zero", lambda rows: rows.new_action(unchanged=-1)),
    ("bulk_action_counts_from_zero", lambda rows: rows.new_action(failures=-1)),
    ("payload_key_once_per_run", lambda rows: rows.run.payloads.create(position=1, kind="noop", key="first")),
    ("payload_state_fits", lambda rows: rows.set_payload(state="running")),
    ("payload_state_fits", lambda rows: rows.set_payload(state="running", ended_at=NOW)),
    ("payload_state_fits", lambda rows: rows.set_payload(state="succeeded")),
    ("payload_state_fits", lambda rows: rows.set_payload(ended_at=NOW)),
    ("run_idempotency_key_once", lambda rows: rows.new_run(idempotency_key="order-17")),
    ("run_words_known", lambda rows: rows.new_run(trigger="whim")),
    ("run_words_known", lambda rows: rows.new_run(queue="express")),
    ("run_words_known", lambda rows: rows.new_run(max_lanes=0)),
    ("run_counts_within_total", lambda rows: rows.new_run(succeeded=1, failed=1, cancelled=1)),
    ("run_counts_within_total", lambda rows: rows.new_run(succeeded=-1)),
    ("run_counts_within_total", lambda rows: rows.new_run(failed=-1)),
    ("run_counts_within_total", lambda rows: rows.new_run(cancelled=-1)),
    ("run_counts_within_total", lambda rows: rows.new_run(next_position=-1)),
    ("run_state_fits", lambda rows: rows.new_run(state="tired")),
    ("run_state_fits", lambda rows: rows.new_run(wake_at=None)),
    ("run_state_fits", lambda rows: rows.new_run(state="running", ended_at=NOW)),
    ("run_state_fits", lambda rows: rows.new_run(state="cancelling", wake_at=None)),
    ("run_state_fits", lambda rows: rows.new_run(state="paused")),
    ("run_state_fits", lambda rows: rows.new_run(state="paused", wake_at=None, ended_at=NOW)),
    ("run_state_fits", lambda rows: rows.ended_run(succeeded=1)),
    ("run_state_fits", lambda rows: rows.ended_run(state="failed", succeeded=0, failed=1)),
    ("run_state_fits", lambda rows: rows.ended_run(wake_at=NOW)),
    ("run_state_fits", lambda rows: rows.ended_run(ended_at=None)),
    ("run_state_fits", lambda rows: rows.ended_run(state="cancelled", ended_at=None)),
    ("datasource_operation_verb", lambda rows: rows.new_operation(verb="guess")),
    ("datasource_operation_fits", lambda rows: rows.new_operation(result={})),
    ("datasource_operation_fits", lambda rows: rows.new_operation(ended_at=NOW, result={})),
    ("datasource_operation_fits", lambda rows: rows.new_operation(taken_at=NOW, ended_at=NOW)),
    ("datasource_operation_fits", lambda rows: rows.new_operation(taken_at=NOW, ended_at=NOW, result={}, error={})),
    ("trial_call_fits", lambda rows: rows.new_call(result={})),
    ("trial_call_fits", lambda rows: rows.new_call(taken_at=NOW, ended_at=NOW, result={}, error={})),
    ("worker_process_kind", lambda rows: make_process(kind="web")),
    ("worker_process_beats_do_not_drain", lambda rows: make_process(kind="beat", draining_since=NOW)),
    ("datasource_state_once_per_stream", lambda rows: rows.new_state(stream="flights")),
    ("datasource_state_fits", lambda rows: rows.new_state(load_key="1")),
    ("datasource_state_fits", lambda rows: rows.new_state(loaded_at=NOW)),
    ("stored_file_name_once_per_payload", lambda rows: rows.new_file(name="people.csv")),
    ("stored_file_path_once", lambda rows: rows.new_file(path="1/people.csv")),
    ("stored_file_size_from_zero", lambda rows: rows.new_file(size_bytes=-1)),
    (
        "stored_result_once_per_run",
        lambda rows: StoredResult.objects.create(run_id=rows.run.pk, position=1, key="1/0"),
    ),
    ("kept_answer_once", lambda rows: rows.new_answer(key="order-17")),
    ("origin_once_per_object", lambda rows: rows.new_origin(name="task:ping")),
    ("origin_has_a_source", lambda rows: rows.new_origin(source="")),
    ("roll_cursor_is_one", lambda _: RollCursor.objects.create(id=2, rolled_until=NOW, due_at=NOW)),
    ("run_totals_span_known", lambda rows: rows.new_totals(span="week")),
    ("run_totals_met_were_judged", lambda rows: rows.new_totals(judged=1, met=2)),
    ("service_account_once_per_workspace", lambda rows: rows.new_account("deployer")),
    ("service_account_name_form", lambda rows: rows.new_account("No spaces")),
    ("token_scopes_known", lambda rows: rows.new_token(scopes=["jobs:dream"])),
    ("token_scopes_known", lambda rows: rows.new_token(scopes=[])),
    ("secret_name_once_per_workspace", lambda rows: rows.workspace.secrets.create(name="token", ciphertext=b"y")),
    ("secret_name_form", lambda rows: rows.workspace.secrets.create(name="no spaces", ciphertext=b"y")),
    ("workspace_slug_form", lambda rows: Workspace.objects.create(slug="Not_ok", name="X")),
    (
        "membership_once_per_workspace",
        lambda rows: Membership.objects.create(workspace=rows.workspace, user=rows.user, role="owner"),
    ),
    (
        "membership_role_known",
        lambda rows: Membership.objects.filter(user=rows.user).update(role="emperor"),
    ),
]


@pytest.mark.parametrize(("name", "break_it"), BREAKS, ids=[f"{name}-{at}" for at, (name, _) in enumerate(BREAKS)])
def test_the_database_refuses(name: str, break_it: Callable[[Rows], Any]) -> None:
    rows = Rows()
    with pytest.raises(IntegrityError, match=rf'constraint "{name}"'), transaction.atomic():
        break_it(rows)


def test_a_cancelled_run_need_not_have_every_outcome() -> None:
    assert Rows().ended_run(state="cancelled", succeeded=1).pk


class TestWhatItAllows:
    def test_other_runs_of_the_job_have_no_key_or_another(self) -> None:
        rows = Rows()
        assert all(rows.new_run(idempotency_key=key).pk for key in (None, None, "order-18"))

    def test_the_same_key_in_another_run(self) -> None:
        rows = Rows()
        assert rows.new_run().payloads.create(position=0, kind="noop", key="first").pk

    def test_a_run_that_stands_still(self) -> None:
        assert Rows().new_run(state="paused", wake_at=None).pk

    def test_a_paused_job_that_goes_on_by_itself(self) -> None:
        assert Rows().new_job(state="paused", resume_at=NOW).pk


def test_every_named_constraint_is_among_them() -> None:
    named = {
        constraint.name
        for model in apps.get_app_config("jobs").get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, models.CheckConstraint | models.UniqueConstraint)
    }
    assert named == {name for name, _ in BREAKS}
