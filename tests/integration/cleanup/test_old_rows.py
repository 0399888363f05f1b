"""What stands by itself and grows old: fires, backfills, bulk actions."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.models import BulkAction, Workspace
from jobs.services.cleanup import MemoryLedger
from scheduler.claims import cleanup as scheduler_cleanup
from scheduler.models import Backfill, BackfillTime, Fire, Schedule
from scheduler.states import FireState
from tests.integration.cleanup.history import DAY, NOW, clean, order, steps
from tests.integration.people import make_job, make_workspace
from tests.integration.schedule_rows import make_schedule

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def schedule(workspace: Workspace) -> Schedule:
    """Of a job of its own."""
    return make_schedule(workspace, "task:hourly")


def fire(schedule: Schedule, days: float, **columns: Any) -> Fire:
    """A fire time so many days ago, decided at once; it started a run where nothing else is said."""
    at = NOW - days * DAY
    columns = {"state": FireState.FIRED, "run_id": 1, "decided_at": at} | columns
    return Fire.objects.create(schedule=schedule, fire_at=at, **columns)


def left(model: Any = Fire) -> list[int]:
    return list(model.objects.order_by("pk").values_list("pk", flat=True))


class TestFires:
    def test_old_decisions_go_and_younger_ones_stay(self, schedule: Schedule) -> None:
        fire(schedule, 40)
        fire(schedule, 35, state=FireState.SKIPPED, run_id=None, reason="overlap")
        young = fire(schedule, 29)
        assert clean(order(schedule.job)) == {"fires": 2}
        assert left() == [young.pk]

    def test_what_is_not_decided_yet_stays(self, schedule: Schedule) -> None:
        waiting = fire(schedule, 40, state=FireState.WAITING, run_id=None, due_at=NOW)
        buffered = fire(schedule, 41, state=FireState.BUFFERED, run_id=None)
        assert clean(order(schedule.job)) == {}
        assert left() == [waiting.pk, buffered.pk]

    def test_what_was_decided_late_stays_until_that_is_old(self, schedule: Schedule) -> None:
        late = fire(schedule, 40, decided_at=NOW - DAY)
        assert clean(order(schedule.job)) == {}
        assert left() == [late.pk]

    def test_the_newest_of_each_schedule_stay(self, schedule: Schedule, workspace: Workspace) -> None:
        other = make_schedule(workspace, "task:other")
        fires = [fire(each, days) for each in (schedule, other) for days in (33, 31, 32)]
        assert clean(order(schedule.job, keep_newest=2)) == {"fires": 2}
        assert left() == [fires[1].pk, fires[2].pk, fires[4].pk, fires[5].pk]

    def test_a_schedule_with_fewer_than_it_keeps_loses_none(self, schedule: Schedule) -> None:
        fire(schedule, 40)
        assert clean(order(schedule.job, keep_newest=2)) == {}

    def test_those_of_other_jobs_and_workspaces_stay(self, schedule: Schedule, workspace: Workspace) -> None:
        fire(schedule, 40)
        stay = [fire(make_schedule(each, "task:other"), 40) for each in (workspace, make_workspace("other"))]
        assert clean(order(schedule.job, jobs=["task:hour*"])) == {"fires": 1}
        assert left() == [each.pk for each in stay]

    def test_they_stay_where_only_runs_of_some_states_are_meant(self, schedule: Schedule) -> None:
        kept = fire(schedule, 40)
        assert clean(order(schedule.job, states=["failed"])) == {}
        assert left() == [kept.pk]

    def test_schedules_go_page_by_page_and_fires_in_several_steps(
        self, schedule: Schedule, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scheduler_cleanup, "PAGE", 1)
        monkeypatch.setattr("jobs.services.cleanup.LIMIT", 2)
        for days in range(31, 36):
            fire(schedule, days)
        fire(make_schedule(workspace, "task:other"), 40)
        done = steps(order(schedule.job, what=["fires"]), MemoryLedger())
        assert [standing.counts["fires"] for standing in done] == [2, 4, 5, 6, 6]
        assert left() == []

    def test_a_dry_run_counts_the_same(self, schedule: Schedule) -> None:
        for days in (50, 40, 31, 1):
            fire(schedule, days)
        counted = clean(order(schedule.job, keep_newest=1, dry_run=True))
        assert len(left()) == 4
        assert counted == clean(order(schedule.job, keep_newest=1)) == {"fires": 3}


class TestBackfills:
    def test_those_that_are_over_go_with_their_times(self, schedule: Schedule) -> None:
        old, young, open_one = (backfill(schedule, ended) for ended in (NOW - 40 * DAY, NOW - DAY, None))
        counted = clean(order(schedule.job, dry_run=True))
        assert clean(order(schedule.job)) == counted == {"backfills": 1}
        assert left(Backfill) == [young.pk, open_one.pk]
        assert not BackfillTime.objects.filter(backfill=old).exists()
        assert BackfillTime.objects.count() == 2

    def test_their_times_go_in_several_steps(self, schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("jobs.services.cleanup.LIMIT", 2)
        backfill(schedule, NOW - 40 * DAY, times=5)
        assert clean(order(schedule.job)) == {"backfills": 1}
        assert not BackfillTime.objects.exists()


def backfill(schedule: Schedule, ended_at: dt.datetime | None, times: int = 1) -> Backfill:
    """A backfill of so many times that nobody runs any more."""
    made = Backfill.objects.create(
        workspace=schedule.workspace,
        schedule=schedule,
        state="done" if ended_at else "running",
        start_at=NOW,
        end_at=NOW,
        ended_at=ended_at,
    )
    for number in range(times):
        BackfillTime.objects.create(backfill=made, fire_at=NOW + number * DAY, state="left_out")
    return made


class TestBulkActions:
    def test_those_that_are_over_go(self, workspace: Workspace) -> None:
        job = make_job(workspace)
        old, young, open_one = (
            BulkAction.objects.create(workspace=workspace, selection={}, upto=1, total=1, ended_at=ended)
            for ended in (NOW - 40 * DAY, NOW - DAY, None)
        )
        counted = clean(order(job, dry_run=True))
        assert clean(order(job, jobs=["task:*"])) == {}
        assert clean(order(job)) == counted == {"bulk_actions": 1}
        assert left(BulkAction) == [young.pk, open_one.pk]
        assert old.pk not in left(BulkAction)
