"""Every named invariant of the scheduler's tables: the database itself refuses what breaks it, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from scheduler.models import Backfill, BackfillTime, Ending, Fire, Schedule, Upstream
from tests.integration.scheduler.makers import HOUR, MINUTE, NINE, after, entry, of, save

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


class Rows:
    """One row of each, all of them valid."""

    def __init__(self) -> None:
        self.upstream = save()
        self.schedule = of(save(entry(after(self.upstream), {"type": "every", "every": "1h"})))
        self.fire = self.new_fire(minute=1)
        self.ending = self.new_ending(run_id=1)
        self.backfill = self.new_backfill()
        self.time = self.new_time(fire_at=NINE)

    def new_fire(self, *, minute: int = 9, **values: Any) -> Fire:
        given = {"schedule": self.schedule, "fire_at": NINE + minute * MINUTE, "state": "fired", "run_id": 1}
        return Fire.objects.create(**{**given, **values})

    def new_ending(self, **values: Any) -> Ending:
        given = {"schedule": self.schedule, "trigger": 0, "job_key": "task:a", "state": "succeeded", "ended_at": NINE}
        return Ending.objects.create(**{**given, **values})

    def new_backfill(self, **values: Any) -> Backfill:
        given = {
            "workspace_id": self.schedule.workspace_id,
            "schedule": self.schedule,
            "start_at": NINE,
            "end_at": NINE + HOUR,
        }
        return Backfill.objects.create(**{**given, **values})

    def new_time(self, **values: Any) -> BackfillTime:
        return BackfillTime.objects.create(**{"backfill": self.backfill, **values})

    def change(self, **values: Any) -> None:
        Schedule.objects.filter(pk=self.schedule.pk).update(**values)


BREAKS: dict[str, list[Callable[[Rows], object]]] = {
    "schedule_name_once_per_job": [
        lambda rows: Schedule.objects.create(
            workspace_id=rows.schedule.workspace_id, job_id=rows.schedule.job_id, name="default", document={}
        )
    ],
    "schedule_document_is_object": [
        lambda rows: rows.change(document=[]),
        lambda rows: rows.change(document="daily"),
    ],
    "schedule_state_known": [lambda rows: rows.change(state="asleep", next_fire_at=None, next_run_at=None)],
    "schedule_next_fits": [
        lambda rows: rows.change(next_fire_at=NINE, next_run_at=None),
        lambda rows: rows.change(next_fire_at=None, next_run_at=NINE),
        lambda rows: rows.change(next_fire_at=NINE, next_run_at=NINE - MINUTE),
        lambda rows: rows.change(state="paused"),
        lambda rows: rows.change(state="ended"),
    ],
    "fire_decided_once": [lambda rows: rows.new_fire(minute=1)],
    "fire_state_fits": [
        lambda rows: rows.new_fire(run_id=None),
        lambda rows: rows.new_fire(reason="overlap"),
        lambda rows: rows.new_fire(state="waiting", run_id=None),
        lambda rows: rows.new_fire(state="buffered", reason="overlap"),
        lambda rows: rows.new_fire(state="skipped"),
        lambda rows: rows.new_fire(state="skipped", reason="tired"),
        lambda rows: rows.new_fire(state="lost"),
    ],
    "ending_once_per_run": [lambda rows: rows.new_ending(run_id=1)],
    "upstream_once_per_trigger": [
        lambda rows: Upstream.objects.create(
            schedule=rows.schedule, trigger=0, key=rows.upstream.key, job=rows.upstream
        )
    ],
    "backfill_state_fits": [
        lambda rows: rows.new_backfill(state="done"),
        lambda rows: rows.new_backfill(state="running", ended_at=NINE),
        lambda rows: rows.new_backfill(state="asleep", ended_at=NINE),
    ],
    "backfill_which_known": [lambda rows: rows.new_backfill(which="some")],
    "backfill_limit_fits": [lambda rows: rows.new_backfill(limit=0), lambda rows: rows.new_backfill(limit=1001)],
    "backfill_range_fits": [lambda rows: rows.new_backfill(end_at=NINE - HOUR)],
    "backfill_time_once": [lambda rows: rows.new_time(fire_at=NINE)],
    "backfill_time_fits": [
        lambda rows: rows.new_time(fire_at=NINE + HOUR, state="started"),
        lambda rows: rows.new_time(fire_at=NINE + HOUR, run_id=1),
    ],
}


def test_every_constraint_has_its_case() -> None:
    named = {
        constraint.name
        for model in apps.get_app_config("scheduler").get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, models.CheckConstraint | models.UniqueConstraint)
    }
    assert named == set(BREAKS)


@pytest.mark.parametrize(
    ("name", "breaks"),
    [(name, each) for name, cases in BREAKS.items() for each in cases],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_database_refuses(name: str, breaks: Callable[[Rows], object]) -> None:
    rows = Rows()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        breaks(rows)


def test_the_same_fire_time_may_have_another_cause() -> None:
    rows = Rows()
    rows.new_fire(minute=1, cause="0:7")
    rows.new_fire(minute=1, cause="backfill:1")


def test_an_ending_may_outlive_its_schedule() -> None:
    """The end of a run must not fail, or wait, because a schedule is deleted at the same moment."""
    Ending.objects.create(schedule_id=10**9, trigger=0, job_key="task:a", run_id=2, state="succeeded", ended_at=NINE)
    assert Ending.objects.count() == 1
