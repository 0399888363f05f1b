"""What happens to schedules of watched jobs is kept for whoever tells of it, with what happens."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.models import Job, Occurrence, Run
from scheduler.models import Schedule
from scheduler.selectors.overdue import overdue
from scheduler.services import endings
from tests.integration.engine.conftest import Broker
from tests.integration.scheduler.makers import HOUR, MINUTE, NINE, beat, cron, finish, fire, fresh, standing

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def watched(**parts: Any) -> Schedule:
    """A schedule that stands at nine, each minute, of a job of which somebody is to be told."""
    schedule = standing(**parts)
    Job.objects.update(watched=True)
    return schedule


def kept() -> list[tuple[str, int, str]]:
    """What, of how many fire times, and why."""
    rows = Occurrence.objects.filter(kind__startswith="schedule.").order_by("pk")
    return [(row.kind, row.data.get("count", 1), row.data.get("reason") or row.data["note"]) for row in rows]


class TestMissed:
    def test_fire_times_that_were_given_up_for_one_reason_are_kept_as_one(self) -> None:
        schedule = watched(misfire={"policy": "skip"})
        beat(NINE + HOUR)
        row, overlapping = Occurrence.objects.order_by("pk")
        assert overlapping.data["reason"] == "overlap"
        assert (row.kind, row.job_id, row.run_id) == ("schedule.missed", schedule.job_id, None)
        assert (row.data["name"], row.data["reason"]) == ("default", "misfire")
        assert row.data["count"] > 50
        assert row.data["first"].startswith("2026-01-05T09:01:00")

    def test_one_that_overlaps_is_missed(self) -> None:
        watched(overlap="skip")
        for minute in (1, 2):
            fire(NINE + minute * MINUTE)
        assert kept() == [("schedule.missed", 1, "overlap")]

    def test_of_a_job_that_nobody_watches_nothing_is_kept(self) -> None:
        standing(misfire={"policy": "skip"})
        beat(NINE + HOUR)
        assert kept() == []

    def test_what_fires_or_is_left_out_on_purpose_is_not_missed(self) -> None:
        schedule = watched()
        Schedule.objects.filter(pk=schedule.pk).update(skips=[(NINE + MINUTE).isoformat()])
        for minute in (1, 2):
            fire(NINE + minute * MINUTE)
        assert kept() == []


class TestPaused:
    def test_a_schedule_that_its_policy_pauses_is_kept_with_why(self, broker: Broker) -> None:
        schedule = watched(does={"permanent": True}, pause_on_failure=True)
        fire(NINE + MINUTE)
        run = Run.objects.get()
        finish(run)
        endings.settle(now=NINE + MINUTE)
        assert fresh(schedule).state == "paused"
        assert ("schedule.paused", 1, f"run {run.pk} failed") in kept()


class TestOverdue:
    def test_those_that_no_beat_has_served_are_found_the_longest_overdue_first(self) -> None:
        late, later = standing(cron()), standing(cron("*/2 * * * *"))
        standing(cron("0 * * * *"))
        found = overdue(workspace_id=late.workspace_id, since=NINE + 5 * MINUTE, limit=10)
        assert [each.schedule_id for each in found] == [late.pk, later.pk]
        assert (found[0].fire_at, found[0].name, found[0].job_id) == (NINE + MINUTE, "default", late.job_id)
        assert overdue(workspace_id=late.workspace_id + 1, since=NINE + HOUR, limit=10) == []
