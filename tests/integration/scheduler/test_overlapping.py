"""Overlap policies against real runs: what is buffered is released once, also when runs end at the same moment."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from jobs.models import Run
from jobs.services import control
from jobs.states import JobState
from scheduler.models import Ending, Fire, Schedule
from scheduler.services import endings
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import expire, lease, take
from tests.integration.scheduler.makers import (
    ALL,
    MINUTE,
    NINE,
    beat,
    edit,
    endings_of,
    finish,
    fire,
    fresh,
    put_job_into,
    runs_of,
    side_by_side,
    standing,
    told,
)
from workers import sweep

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def busy(overlap: str, *, minutes: int = 1, **parts: Any) -> Schedule:
    """A schedule whose run of 09:01 goes on, with so many fire times after it."""
    schedule = standing(overlap=overlap, **parts)
    for minute in range(1, minutes + 2):
        fire(NINE + minute * MINUTE)
    return schedule


class TestSkip:
    def test_fires_again_once_the_run_has_ended(self) -> None:
        schedule = busy("skip")
        finish(runs_of(schedule)[0])
        beat(NINE + 3 * MINUTE)
        assert told(schedule) == ["09:01 fired", "09:02 skipped overlap", "09:03 fired"]

    def test_leaves_no_ending_for_nobody_waits(self) -> None:
        schedule = busy("skip")
        finish(runs_of(schedule)[0])
        assert not Ending.objects.exists()


class TestBuffering:
    def test_one_is_released_when_the_run_ends(self, broker: Broker) -> None:
        schedule = busy("buffer_one", minutes=2)
        assert told(schedule) == ["09:01 fired", "09:02 buffered", "09:03 skipped overlap"]
        (first,) = runs_of(schedule)
        broker.clear()
        finish(first)
        assert told(schedule) == ["09:01 fired", "09:02 fired", "09:03 skipped overlap"]
        second = runs_of(schedule)[1]
        assert second.scheduled_for == NINE + 2 * MINUTE
        assert broker.lanes() == [(second.pk, 0)]

    def test_all_are_released_one_after_the_other_oldest_first(self) -> None:
        schedule = busy("buffer_all", minutes=3)
        for number in range(4):
            run = runs_of(schedule)[-1]
            assert run.scheduled_for == NINE + (number + 1) * MINUTE
            assert len(runs_of(schedule)) == number + 1
            finish(run)
        assert told(schedule) == ["09:01 fired", "09:02 fired", "09:03 fired", "09:04 fired"]
        assert not Ending.objects.exists()

    @pytest.mark.parametrize("state", ["failed", "cancelled"])
    def test_is_released_however_the_run_ended(self, state: str) -> None:
        schedule = busy("buffer_one", does={"permanent": True} if state == "failed" else {})
        (run,) = runs_of(schedule)
        if state == "cancelled":
            control.terminate_run(run=run, actor="ann")
        else:
            finish(run)
        assert Run.objects.get(pk=run.pk).state == state
        assert told(schedule) == ["09:01 fired", "09:02 fired"]

    def test_nothing_is_released_while_another_run_goes_on(self) -> None:
        schedule = standing(overlap="allow_all")
        for minute in (1, 2):
            beat(NINE + minute * MINUTE)
        one, other = runs_of(schedule)
        Schedule.objects.filter(pk=schedule.pk).update(
            document={**schedule.document, "overlap": "buffer_one"}, watches_runs=True
        )
        beat(NINE + 3 * MINUTE)
        finish(one)
        assert told(schedule)[2] == "09:03 buffered"
        finish(other)
        assert told(schedule)[2] == "09:03 fired"

    def test_two_runs_that_end_at_the_same_moment_release_one_fire(self) -> None:
        for _ in range(5):
            schedule = standing(overlap="allow_all")
            for minute in (1, 2):
                beat(NINE + minute * MINUTE)
            one, other = runs_of(schedule)
            document = {**schedule.document, "overlap": "buffer_all"}
            Schedule.objects.filter(pk=schedule.pk).update(document=document, watches_runs=True)
            for minute in (3, 4):
                beat(NINE + minute * MINUTE)
            finishing = (functools.partial(finish, run) for run in (one, other))
            side_by_side(*finishing, endings.settle, endings.settle)
            beat(NINE)
            assert told(schedule)[2:] == ["09:03 fired", "09:04 buffered"]
            assert len(runs_of(schedule)) == 3
            finish(runs_of(schedule)[-1])
            assert told(schedule)[3] == "09:04 fired"

    def test_an_ending_that_is_dealt_with_twice_releases_once(self) -> None:
        schedule = busy("buffer_all", minutes=3)
        (run,) = runs_of(schedule)
        finish(run)
        Ending.objects.create(
            schedule=schedule, trigger=-1, job_key=run.job_key, run_id=run.pk, state="succeeded", ended_at=NINE
        )
        beat(NINE)
        assert len(runs_of(schedule)) == 2

    @pytest.mark.usefixtures("left_to_beats")
    @pytest.mark.parametrize("overlap", ["buffer_one", "buffer_all"])
    def test_nobody_overtakes_it_when_the_run_has_ended_and_nobody_has_dealt_with_that(self, overlap: str) -> None:
        schedule = busy(overlap)
        finish(runs_of(schedule)[0])
        fire(NINE + 3 * MINUTE)
        assert told(schedule) == ["09:01 fired", "09:02 fired", "09:03 buffered"]
        assert endings.settle() == 1
        assert len(runs_of(schedule)) == 2

    @pytest.mark.usefixtures("left_to_beats")
    def test_is_released_by_a_beat_if_who_ended_the_run_died(self) -> None:
        schedule = busy("buffer_one")
        (run,) = runs_of(schedule)
        finish(run)
        assert told(schedule)[1] == "09:02 buffered"
        assert endings_of(schedule) == [(run.job_key, "succeeded", False)]
        assert endings.settle() == 1
        assert told(schedule)[1] == "09:02 fired"
        assert endings.settle() == 0

    def test_is_given_up_when_its_job_is_not_active_then(self) -> None:
        schedule = busy("buffer_all", minutes=2)
        (run,) = runs_of(schedule)
        control.pause_job(job=schedule.job, actor="ann")
        control.terminate_run(run=run, actor="ann")
        assert told(schedule) == ["09:01 fired", "09:02 skipped job_inactive", "09:03 skipped job_inactive"]
        assert Fire.objects.filter(reason="job_inactive").first().detail == f"{run.job_key} was paused"  # type: ignore[union-attr]

    def test_uses_up_one_action_and_not_another_when_it_runs(self) -> None:
        schedule = busy("buffer_one", actions=2)
        assert (fresh(schedule).state, fresh(schedule).actions_left) == ("ended", 0)
        finish(runs_of(schedule)[0])
        assert told(schedule) == ["09:01 fired", "09:02 fired"]
        assert fresh(schedule).actions_left == 0

    def test_what_was_buffered_is_released_under_another_policy_too(self) -> None:
        schedule = busy("buffer_all", minutes=2)
        schedule = edit(schedule, overlap="skip")
        assert schedule.watches_runs
        finish(runs_of(schedule)[0])
        finish(runs_of(schedule)[1])
        assert told(schedule)[:3] == ["09:01 fired", "09:02 fired", "09:03 fired"]

    def test_a_run_that_began_before_the_policy_releases_what_it_buffers(self) -> None:
        schedule = standing(**ALL)
        beat(NINE + MINUTE)
        (run,) = runs_of(schedule)
        edit(schedule, overlap="buffer_one")
        Schedule.objects.filter(pk=schedule.pk).update(
            decided_until=NINE + MINUTE, next_fire_at=NINE + 2 * MINUTE, next_run_at=NINE + 2 * MINUTE
        )
        beat(NINE + 2 * MINUTE)
        assert told(schedule)[1] == "09:02 buffered"
        finish(run)
        assert told(schedule)[1] == "09:02 fired"


class TestCancellingTheOther:
    def test_stops_it_and_starts_when_it_has_ended(self) -> None:
        schedule = busy("cancel_other")
        first, second = runs_of(schedule)
        assert Run.objects.get(pk=first.pk).state == "cancelled"
        assert first.stop is not None
        assert first.stop["note"] == "the next fire time of its schedule came up"
        assert told(schedule) == ["09:01 fired", "09:02 fired"]
        assert second.state == "pending"

    def test_of_those_that_wait_for_its_end_the_newest_starts(self) -> None:
        schedule = standing(overlap="cancel_other")
        fire(NINE + MINUTE)
        lane = take(runs_of(schedule)[0])
        lease(lane, 1)
        for minute in (2, 3):
            fire(NINE + minute * MINUTE)
        assert runs_of(schedule)[0].state == "cancelling"
        assert told(schedule) == ["09:01 fired", "09:02 skipped overlap", "09:03 buffered"]
        assert Fire.objects.get(reason="overlap").detail == "the next fire time came up before it could run"
        expire()
        sweep.sweep_once()
        assert told(schedule)[2] == "09:03 fired"

    def test_one_that_never_ran_gives_its_action_back(self) -> None:
        schedule = standing(overlap="cancel_other", actions=3)
        fire(NINE + MINUTE)
        lease(take(runs_of(schedule)[0]), 1)
        for minute in (2, 3):
            fire(NINE + minute * MINUTE)
        assert fresh(schedule).actions_left == 1

    @pytest.mark.usefixtures("left_to_beats")
    def test_a_fire_whose_turn_had_come_is_replaced_too_until_it_has_started(self) -> None:
        schedule = busy("cancel_other", minutes=2)
        assert told(schedule) == ["09:01 fired", "09:02 skipped overlap", "09:03 fired"]
        endings.settle()
        assert len(runs_of(schedule)) == 2

    def test_leaves_the_runs_of_other_schedules_alone(self) -> None:
        other = standing(**ALL)
        beat(NINE + MINUTE)
        busy("cancel_other")
        assert {run.state for run in runs_of(other)} == {"pending"}


class TestTerminatingTheOther:
    def test_stops_it_and_starts_at_once(self, broker: Broker) -> None:
        schedule = standing(overlap="terminate_other")
        beat(NINE + MINUTE)
        broker.clear()
        beat(NINE + 2 * MINUTE)
        first, second = runs_of(schedule)
        assert (first.state, second.state) == ("cancelled", "pending")
        assert told(schedule) == ["09:01 fired", "09:02 fired"]
        assert broker.lanes() == [(second.pk, 0)]

    def test_when_the_other_has_ended_nothing_is_stopped(self) -> None:
        schedule = standing(overlap="terminate_other")
        beat(NINE + MINUTE)
        finish(runs_of(schedule)[0])
        beat(NINE + 2 * MINUTE)
        assert [run.state for run in runs_of(schedule)] == ["succeeded", "pending"]


class TestAllowingAll:
    def test_starts_beside_the_others(self) -> None:
        schedule = busy("allow_all", minutes=2)
        assert [run.state for run in runs_of(schedule)] == ["pending"] * 3


class TestRunsThatAreNotTheSchedulesOwn:
    def test_overlap_with_nothing(self) -> None:
        schedule = standing(overlap="skip")
        beat(NINE + MINUTE)
        (run,) = runs_of(schedule)
        finish(run)
        Run.objects.create(
            workspace_id=run.workspace_id, job_id=run.job_id, job_key=run.job_key, snapshot={}, total=1, wake_at=NINE
        )
        beat(NINE + 2 * MINUTE)
        assert told(schedule) == ["09:01 fired", "09:02 fired"]

    def test_are_those_of_a_job_that_is_active_again(self) -> None:
        schedule = busy("skip")
        put_job_into(schedule, JobState.PAUSED)
        beat(NINE + 3 * MINUTE)
        assert told(schedule)[2] == "09:03 skipped job_inactive"
