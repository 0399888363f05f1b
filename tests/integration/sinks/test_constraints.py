"""Every named invariant of the sinks' tables: the database itself refuses what breaks it, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from sinks.models import Check, Delivery, FailedDelivery, Handover, Notice, Rule, Sink, Standing, Use, Watch
from tests.integration.cleanup.history import NOW
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target


class Rows:
    """One row of each, all of them valid."""

    def __init__(self) -> None:
        self.run = end_run(make_job({"kind": "obedient"}))
        assert self.run.job is not None
        self.job = self.run.job
        self.sink = self.new_sink(name="lake")
        Standing.objects.create(sink=self.sink)
        self.handover = Handover.objects.get()
        self.delivery = self.new_delivery(first_position=0, last_position=0)
        self.failed = self.new_failure(number=1)
        self.rule = self.new_rule(name="on-call")
        self.watch = self.new_watch(job_id=self.job.pk)
        self.notice = self.new_notice(key="run.failed:1")

    def new_sink(self, **values: Any) -> Sink:
        return Sink.objects.create(**{"workspace_id": self.run.workspace_id, "kind": "obedient", **values})

    def new_use(self, **values: Any) -> Use:
        return Use.objects.create(**{"job": self.job, "sink": self.sink, **values})

    def new_handover(self, **values: Any) -> Handover:
        return Handover.objects.create(**{"run": self.run, "place": 1, "name": "x", "total": 3, **values})

    def new_delivery(self, **values: Any) -> Delivery:
        given = {"handover": self.handover, "run_id": self.run.pk, "first_position": 1, "last_position": 1}
        return Delivery.objects.create(**{**given, "payloads": 1, "due_at": NOW, **values})

    def new_failure(self, **values: Any) -> FailedDelivery:
        given = {"delivery": self.delivery, "number": 2, "error": {}, "started_at": NOW, "ended_at": NOW}
        return FailedDelivery.objects.create(**{**given, **values})

    def new_check(self, **values: Any) -> Check:
        given = {"workspace_id": self.run.workspace_id, "name": "lake", "kind": "log", "configuration": {}}
        return Check.objects.create(**{**given, "actor": "ann", "expires_at": NOW, **values})

    def new_rule(self, **values: Any) -> Rule:
        given = {"workspace_id": self.run.workspace_id, "sink": self.sink, "document": {}}
        return Rule.objects.create(**{**given, **values})

    def new_watch(self, **values: Any) -> Watch:
        return Watch.objects.create(**{"rule": self.rule, "job_id": 10**9, **values})

    def new_notice(self, **values: Any) -> Notice:
        given = {"workspace_id": self.run.workspace_id, "rule": self.rule, "key": "run.failed:2", "event": "run.failed"}
        return Notice.objects.create(**{**given, "job_id": self.job.pk, "document": {}, **values})

    def stand(self, **values: Any) -> None:
        Standing.objects.filter(sink=self.sink).update(**values)


OVER = {"due_at": None, "ended_at": NOW}

BREAKS: list[tuple[str, Callable[[Rows], Any]]] = [
    ("sink_name_once_per_workspace", lambda rows: rows.new_sink(name="lake")),
    ("sink_name_once_per_job", lambda rows: rows.new_sink(name="obedient", job=rows.job)),
    ("use_name_once_per_job", lambda rows: rows.new_use(name="obedient")),
    ("handover_once_per_entry", lambda rows: rows.new_handover(place=0)),
    ("handover_within_total", lambda rows: rows.new_handover(next_position=4)),
    ("handover_within_total", lambda rows: rows.new_handover(next_position=-1)),
    ("delivery_once_per_position", lambda rows: rows.new_delivery(first_position=0)),
    ("delivery_range_in_order", lambda rows: rows.new_delivery(first_position=2)),
    ("delivery_range_in_order", lambda rows: rows.new_delivery(first_position=-1)),
    ("delivery_range_in_order", lambda rows: rows.new_delivery(payloads=-1)),
    ("delivery_state_fits", lambda rows: rows.new_delivery(due_at=None)),
    ("delivery_state_fits", lambda rows: rows.new_delivery(ended_at=NOW)),
    ("delivery_state_fits", lambda rows: rows.new_delivery(state="delivered", **OVER)),
    ("delivery_state_fits", lambda rows: rows.new_delivery(state="delivered", bytes=1)),
    ("delivery_state_fits", lambda rows: rows.new_delivery(state="dead", **OVER)),
    ("delivery_state_fits", lambda rows: rows.new_delivery(state="lost")),
    ("delivery_of_results_or_notices", lambda rows: rows.new_delivery(rule=rows.rule, workspace_id=1)),
    ("delivery_of_results_or_notices", lambda rows: rows.new_delivery(handover=None, run_id=None)),
    ("delivery_of_results_or_notices", lambda rows: rows.new_delivery(handover=None, run_id=None, rule=rows.rule)),
    ("rule_name_once_per_workspace", lambda rows: rows.new_rule(name="on-call")),
    ("rule_looks_when_enabled", lambda rows: rows.new_rule(name="x", enabled=False, look_at=NOW)),
    ("watch_once_per_job", lambda rows: rows.new_watch(job_id=rows.job.pk)),
    ("watch_failures_fit", lambda rows: rows.new_watch(failures=1)),
    ("watch_failures_fit", lambda rows: rows.new_watch(told=True)),
    ("watch_failures_fit", lambda rows: rows.new_watch(failing_since=NOW)),
    ("notice_once_per_rule", lambda rows: rows.new_notice(key="run.failed:1")),
    ("notice_sent_once", lambda rows: rows.new_notice(send_at=NOW, delivery_id=1)),
    ("failed_delivery_recorded_once", lambda rows: rows.new_failure(number=1)),
    ("failed_delivery_number_from_one", lambda rows: rows.new_failure(number=0)),
    ("standing_disabled_for_a_reason", lambda rows: rows.stand(disabled_at=NOW)),
    ("standing_disabled_for_a_reason", lambda rows: rows.stand(disabled_reason="gone")),
    ("standing_failures_from_zero", lambda rows: rows.stand(failures=-1)),
    ("sink_check_fits", lambda rows: rows.new_check(result={})),
    ("sink_check_fits", lambda rows: rows.new_check(taken_at=NOW, ended_at=NOW)),
    ("sink_check_fits", lambda rows: rows.new_check(taken_at=NOW, ended_at=NOW, result={}, error={})),
]


@pytest.mark.parametrize(("name", "break_it"), BREAKS, ids=[f"{name}-{at}" for at, (name, _) in enumerate(BREAKS)])
def test_the_database_refuses(target: Target, name: str, break_it: Callable[[Rows], Any]) -> None:
    rows = Rows()
    with pytest.raises(IntegrityError, match=rf'constraint "{name}"'), transaction.atomic():
        break_it(rows)


class TestWhatItAllows:
    def test_a_sink_of_a_job_may_be_named_as_one_of_the_workspace(self, target: Target) -> None:
        rows = Rows()
        assert rows.new_sink(name="lake", job=rows.job).pk

    def test_a_delivery_that_is_over(self, target: Target) -> None:
        rows = Rows()
        assert rows.new_delivery(state="delivered", bytes=0, **OVER).pk
        assert rows.new_delivery(first_position=2, last_position=2, state="dead", error={}, **OVER).pk


def test_every_named_constraint_is_among_them() -> None:
    named = {
        constraint.name
        for model in apps.get_app_config("sinks").get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, models.CheckConstraint | models.UniqueConstraint)
    }
    assert named == {name for name, _ in BREAKS}
