"""The load to come, and what an edit would change of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.errors import ValidationError
from jobs.models import Workspace
from scheduler.models import Schedule
from scheduler.selectors import firing
from scheduler.selectors.edit_effects import EditEffect, ScheduleChange, simulate_edit
from scheduler.selectors.firing import median_seconds
from scheduler.selectors.simulations import Load, simulate
from scheduler.states import ScheduleState
from tests.integration.engine.makers import rows_of
from tests.integration.people import make_job, make_workspace
from tests.integration.run_rows import make_run
from tests.integration.schedule_answers.rows import DAILY, NOW, change, change_job, make_schedule

pytestmark = pytest.mark.django_db

EVERY_SECOND: dict[str, Any] = {"triggers": [{"type": "cron", "expression": "* * * * * ?"}]}
DAY = dt.timedelta(days=1)
NEXT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def load(workspace: Workspace, days: int = 2) -> Load:
    return simulate(workspace=workspace, now=NOW, days=days)


def hours(found: Load) -> dict[int, tuple[int, float]]:
    """The hours in which something happens, by their distance from the first."""
    return {
        (each.start - found.start) // dt.timedelta(hours=1): (each.fires, each.concurrency)
        for each in found.hours
        if each.fires or each.concurrency
    }


def ran(schedule: Schedule, *seconds: float, **columns: Any) -> None:
    """Runs of its job that took so long, oldest first."""
    for each in seconds:
        begun = NOW - DAY
        make_run(schedule.job, "s", **{"started_at": begun, "ended_at": begun + dt.timedelta(seconds=each)} | columns)


class TestLoad:
    def test_all_fire_times_of_a_workspace_by_the_hour(self, workspace: Workspace) -> None:
        make_schedule(workspace)
        make_schedule(workspace, "task:noon", triggers=[{"type": "cron", "expression": "15,45 9 * * *"}])
        make_schedule(make_workspace("other"))
        found = load(workspace)
        assert (found.start, len(found.hours)) == (NOW, 48)
        assert hours(found) == {20: (3, 0.0), 44: (3, 0.0)}
        assert (found.fires, found.schedules, found.sampled) == (6, 2, False)

    def test_the_first_hour_is_the_one_of_now(self, workspace: Workspace) -> None:
        make_schedule(workspace)
        assert simulate(workspace=workspace, now=NOW + dt.timedelta(minutes=59)).start == NOW

    def test_thirty_days_where_nothing_else_is_said(self, workspace: Workspace) -> None:
        make_schedule(workspace)
        found = simulate(workspace=workspace, now=NOW)
        assert (len(found.hours), found.fires) == (720, 30)

    def test_concurrency_is_told_by_how_long_runs_took(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace)
        ran(schedule, 600, 5400, 1800)
        assert hours(load(workspace)) == {20: (1, 0.5), 44: (1, 0.5)}

    def test_a_long_run_counts_in_the_hours_that_it_reaches_into(self, workspace: Workspace) -> None:
        ran(make_schedule(workspace), 5400)
        found = load(workspace)
        assert hours(found) == {20: (1, 1.0), 21: (0, 0.5), 44: (1, 1.0), 45: (0, 0.5)}
        assert found.busiest is not None
        assert found.busiest.start == NEXT

    def test_a_schedule_that_allows_no_overlap_has_one_run_at_a_time(self, workspace: Workspace) -> None:
        often: list[dict[str, Any]] = [{"type": "cron", "expression": "*/10 9 * * *"}]
        for key, overlap in (("task:one", "skip"), ("task:all", "allow_all")):
            ran(make_schedule(workspace, key, triggers=often, overlap=overlap), 1200)
        assert hours(load(workspace))[20] == (12, 3.0)

    def test_jobs_that_never_ran_count_no_time_and_it_says_so(self, workspace: Workspace) -> None:
        make_schedule(workspace)
        assert load(workspace).remarks == ["1 job never ran to the end: no time is counted for their runs"]

    def test_actions_that_are_left_bound_the_fires(self, workspace: Workspace) -> None:
        make_schedule(workspace, actions=3)
        assert load(workspace, days=10).fires == 3

    @pytest.mark.parametrize(
        "parts",
        [{"enabled": False}, {"end_date": "2026-11-21"}, {"triggers": [{"type": "job", "jobs": ["task:up"]}]}],
    )
    def test_what_does_not_fire_by_the_clock_is_left_out_and_it_says_so(
        self, workspace: Workspace, parts: dict[str, Any]
    ) -> None:
        make_job(workspace, "task:up")
        make_schedule(workspace, **parts)
        found = load(workspace)
        assert (found.fires, found.busiest, found.schedules) == (0, None, 0)
        assert found.remarks[0].startswith("1 schedule is left out: paused or ended")

    def test_paused_schedules_and_those_of_paused_jobs_are_left_out(self, workspace: Workspace) -> None:
        change(make_schedule(workspace), state=ScheduleState.PAUSED, next_fire_at=None, next_run_at=None)
        change_job(make_schedule(workspace, "task:other").job, state="paused")
        found = load(workspace)
        assert found.fires == 0
        assert found.remarks[0].startswith("2 schedules")

    @pytest.mark.parametrize("days", [0, 93, True, "3"])
    def test_a_number_of_days_that_is_none_is_refused(self, workspace: Workspace, days: Any) -> None:
        with pytest.raises(ValidationError, match="days: expected a whole number from 1 to 92"):
            load(workspace, days)

    def test_what_fires_each_second_is_sampled_and_it_says_so(self, workspace: Workspace) -> None:
        make_schedule(workspace, **EVERY_SECOND)
        found = load(workspace, days=30)
        assert (found.fires, found.sampled) == (30 * 86_400, True)
        assert "1 schedule fires so often that a part was counted" in found.remarks[0]

    def test_of_very_many_schedules_some_stand_for_all(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(firing, "MOST_SCHEDULES", 50)
        named = [{"name": f"s{number}"} | DAILY for number in range(200)]
        make_job(workspace, schedules=named)
        found = load(workspace)
        assert found.sampled
        assert (found.fires, found.schedules) == (400, 200)
        assert found.remarks[0].startswith("of 200 schedules ")
        looked_at = int(found.remarks[0].split()[3])
        assert 20 < looked_at < 80


class TestMedian:
    def test_of_the_last_hundred_that_ran_to_the_end(self, workspace: Workspace) -> None:
        schedule, other = make_schedule(workspace), make_schedule(workspace, "task:other")
        ran(schedule, *[1000.0] * 60)
        ran(schedule, *[10.0] * 51, *[20.0] * 49)
        ran(schedule, 5000.0, state="cancelled")
        ran(schedule, 5000.0, trigger="replay")
        make_run(schedule.job, "q")
        assert median_seconds(job_ids=[schedule.job_id, other.job_id]) == {schedule.job_id: 10.0}


class TestEdit:
    """What would change if these were the schedules of a job."""

    def effect(self, schedule: Schedule, *documents: dict[str, Any], days: int = 2) -> EditEffect:
        return simulate_edit(job=schedule.job, schedules=list(documents), now=NOW, days=days)

    def change_of(self, effect: EditEffect, name: str = "default") -> ScheduleChange:
        [found] = [each for each in effect.schedules if each.name == name]
        return found

    def test_the_load_before_and_after(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace)
        make_schedule(workspace, "task:other")
        later = DAILY | {"triggers": [{"type": "cron", "expression": "0 10 * * *"}]}
        found = self.effect(schedule, later)
        assert hours(found.before) == {20: (2, 0.0), 44: (2, 0.0)}
        assert hours(found.after) == {20: (1, 0.0), 21: (1, 0.0), 44: (1, 0.0), 45: (1, 0.0)}

    def test_the_times_that_go_and_come(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace)
        twice = DAILY | {"triggers": [{"type": "cron", "expression": "0 9,10 * * MON-FRI"}]}
        found = self.change_of(self.effect(schedule, twice, days=7))
        assert (found.change, found.fires_before, found.fires_after) == ("changed", 7, 10)
        assert found.lost[0] == NEXT
        assert found.gained[0] == NEXT + DAY + dt.timedelta(hours=1)
        assert NEXT + DAY not in found.lost

    def test_what_comes_goes_and_stays(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace)
        found = self.effect(schedule, DAILY | {"name": "new"})
        assert {each.name: each.change for each in found.schedules} == {"default": "removed", "new": "added"}
        assert (self.change_of(found).fires_after, self.change_of(found, "new").fires_before) == (0, 0)
        same = self.change_of(self.effect(schedule, DAILY | {"notes": "no matter"}))
        assert (same.change, same.lost, same.gained) == ("unchanged", [], [])

    def test_times_that_are_beyond_what_is_compared_are_not_told(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace)
        found = self.change_of(self.effect(schedule, EVERY_SECOND))
        assert found.lost == []
        assert found.gained[0] == NOW + dt.timedelta(seconds=1)
        assert len(found.gained) == 10

    def test_disabling_one_takes_all_its_times(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace)
        found = self.effect(schedule, DAILY | {"enabled": False})
        assert (found.after.fires, self.change_of(found).fires_after) == (0, 0)

    def test_a_paused_one_stays_so(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace)
        change(schedule, state=ScheduleState.PAUSED, next_fire_at=None, next_run_at=None)
        assert self.effect(schedule, EVERY_SECOND).after.fires == 0

    def test_one_that_has_ended_begins_anew(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace, end_date="2026-11-21")
        assert self.effect(schedule, DAILY).after.fires == 2

    def test_an_edited_interval_keeps_its_anchor(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace, triggers=[{"type": "interval", "interval": 2, "unit": "day"}])
        change(schedule, anchor_at=NOW - DAY)
        three = {"triggers": [{"type": "interval", "interval": 3, "unit": "day"}]}
        assert self.change_of(self.effect(schedule, three, days=9)).gained[0] == NOW + 2 * DAY

    def test_nothing_is_saved(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace)
        before = rows_of(Schedule)
        self.effect(schedule, EVERY_SECOND)
        assert rows_of(Schedule) == before

    def test_what_is_wrong_is_refused_by_field(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace)
        with pytest.raises(ValidationError) as raised:
            self.effect(schedule, DAILY, DAILY, {"triggers": [{"type": "cron", "expression": "nine"}]})
        assert [error.field for error in raised.value.errors] == [
            "schedules.1.name",
            "schedules.2.triggers.0.expression",
        ]
