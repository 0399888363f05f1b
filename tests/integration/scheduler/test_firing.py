"""Firing what is due: one run and one row for each fire time, why there is none, and where the schedule stands then."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.models import Event, Job, Payload, Run
from jobs.states import JobState
from scheduler.models import Fire, Schedule
from scheduler.services import firing
from tests.integration.engine.conftest import Broker
from tests.integration.scheduler.makers import (
    ALL,
    HOUR,
    MINUTE,
    NINE,
    SECOND,
    beat,
    break_document,
    cron,
    entry,
    fresh,
    of,
    put_job_into,
    runs_of,
    save,
    stand,
    standing,
    told,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

LATE: dict[str, Any] = {"misfire": {"grace": "1h"}}
"""Nothing within an hour is late."""


class TestAFireTime:
    def test_starts_one_run_that_names_it_and_is_published(self, broker: Broker) -> None:
        schedule = standing()
        assert firing.fire_due(now=NINE + MINUTE) == 1
        (run,) = runs_of(schedule)
        assert (run.trigger, run.scheduled_for, run.schedule_id) == ("schedule", NINE + MINUTE, schedule.pk)
        assert broker.lanes() == [(run.pk, 0)]
        assert told(schedule) == ["09:01 fired"]

    def test_is_not_dealt_with_before_it_comes(self, broker: Broker) -> None:
        schedule = standing()
        assert firing.fire_due(now=NINE + MINUTE - SECOND) == 0
        assert told(schedule) == []
        assert broker.messages == []

    def test_is_dealt_with_once(self) -> None:
        schedule = standing()
        for _ in range(3):
            beat(NINE + MINUTE + SECOND)
        assert told(schedule) == ["09:01 fired"]
        assert len(runs_of(schedule)) == 1

    def test_leaves_the_schedule_at_the_next(self) -> None:
        schedule = standing()
        beat(NINE + MINUTE)
        now = fresh(schedule)
        assert (now.decided_until, now.next_fire_at, now.next_run_at) == (
            NINE + MINUTE,
            NINE + 2 * MINUTE,
            NINE + 2 * MINUTE,
        )

    def test_gives_the_run_the_schedules_parameters(self) -> None:
        one, other = standing(parameters={"day": "monday"}), standing(parameters={"day": "tuesday"})
        neither = standing()
        beat(NINE + MINUTE)
        assert [runs_of(each)[0].parameters for each in (one, other, neither)] == [
            {"day": "monday"},
            {"day": "tuesday"},
            {},
        ]

    def test_is_acted_upon_after_its_jitter_and_named_without_it(self) -> None:
        schedule = standing(cron("0 * * * *"), jitter="30m")
        run_at = fresh(schedule).next_run_at
        assert run_at is not None
        assert run_at > NINE + HOUR
        beat(run_at - SECOND)
        assert told(schedule) == []
        beat(run_at)
        assert told(schedule) == ["10:00 fired"]

    def test_of_two_triggers_at_once_is_one(self) -> None:
        schedule = standing(cron("* * * * *"), cron("0 1 9 * * ?"))
        beat(NINE + MINUTE)
        assert told(schedule) == ["09:01 fired"]
        assert len(runs_of(schedule)) == 1

    def test_writes_when_it_was_decided(self) -> None:
        schedule = standing()
        beat(NINE + MINUTE + 3 * SECOND)
        assert Fire.objects.get(schedule=schedule).decided_at == NINE + MINUTE + 3 * SECOND


class TestABatch:
    def test_leaves_what_is_not_due_alone(self) -> None:
        due, later = standing(), standing(cron("0 * * * *"))
        before = fresh(later).__dict__ | {"_state": None}
        assert firing.fire_due(now=NINE + MINUTE) == 1
        assert told(due) == ["09:01 fired"]
        assert fresh(later).__dict__ | {"_state": None} == before

    def test_takes_the_longest_due_first_and_as_many_as_it_is_told(self) -> None:
        second, first, third = standing(at=NINE + MINUTE), standing(), standing(at=NINE + 2 * MINUTE)
        assert firing.fire_due(now=NINE + 5 * MINUTE, take=1) == 1
        assert (bool(told(first)), bool(told(second)), bool(told(third))) == (True, False, False)
        assert firing.fire_due(now=NINE + 5 * MINUTE, take=1) == 1
        assert (bool(told(second)), bool(told(third))) == (True, False)

    def test_can_be_asked_for_some_schedules_alone(self) -> None:
        one, other = standing(), standing()
        assert firing.fire_due(now=NINE + MINUTE, schedule_ids=[other.pk]) == 1
        assert told(one) == []
        assert told(other) == ["09:01 fired"]

    def test_gives_each_fire_its_own_run(self) -> None:
        schedules = [standing(parameters={"number": number}, **ALL) for number in range(60)]
        assert firing.fire_due(now=NINE + 3 * MINUTE) == 60
        for number, schedule in enumerate(schedules):
            runs = runs_of(schedule)
            assert [run.scheduled_for for run in runs] == [NINE + MINUTE, NINE + 2 * MINUTE, NINE + 3 * MINUTE][
                -len(runs) :
            ]
            assert {run.parameters["number"] for run in runs} == {number}

    def test_of_schedules_of_one_job_starts_a_run_for_each(self) -> None:
        job = save(entry(name="one"), entry(name="two"))
        for name in ("one", "two"):
            stand(of(job, name))
        beat(NINE + MINUTE)
        assert [told(of(job, name)) for name in ("one", "two")] == [["09:01 fired"]] * 2
        assert Run.objects.filter(job=job).count() == 2

    def test_shares_messages(self, broker: Broker) -> None:
        for _ in range(96):
            standing()
        firing.fire_due(now=NINE + MINUTE)
        assert len(broker.lanes()) == 96
        assert len(broker.messages) < 96

    def test_whose_messages_cannot_be_sent_has_fired_all_the_same(self, broker: Broker) -> None:
        schedule = standing()
        broker.down = True
        assert firing.fire_due(now=NINE + MINUTE) == 1
        (run,) = runs_of(schedule)
        assert run.wake_at is not None


class TestNotFiring:
    def test_because_it_is_excluded_is_said(self) -> None:
        schedule = standing(exclusions=[{"kind": "daily", "from": "09:00", "to": "09:02", "comment": "backup"}], **LATE)
        beat(NINE + 2 * MINUTE)
        assert told(schedule) == ["09:01 skipped excluded", "09:02 fired"]
        assert "backup" in Fire.objects.get(schedule=schedule, state="skipped").detail

    @pytest.mark.parametrize("state", [JobState.PAUSED, JobState.DRAFT, JobState.ARCHIVED])
    def test_because_its_job_is_not_active_is_said(self, state: JobState) -> None:
        schedule = standing()
        put_job_into(schedule, state)
        beat(NINE + MINUTE)
        assert told(schedule) == ["09:01 skipped job_inactive"]
        assert Fire.objects.get().detail == f"{schedule.job.key} was {state}"
        put_job_into(schedule, JobState.ACTIVE)
        beat(NINE + 2 * MINUTE)
        assert told(schedule)[1:] == ["09:02 fired"]

    def test_because_its_former_run_goes_on_is_said(self) -> None:
        schedule = standing()
        beat(NINE + MINUTE)
        beat(NINE + 2 * MINUTE)
        assert told(schedule) == ["09:01 fired", "09:02 skipped overlap"]

    def test_a_run_of_another_schedule_is_no_former_run(self) -> None:
        job = save(entry(name="one"), entry(name="two"))
        for at, name in ((NINE, "one"), (NINE + MINUTE, "two")):
            stand(of(job, name), at)
            beat(at + MINUTE)
        assert told(of(job, "two")) == ["09:02 fired"]

    def test_a_disabled_schedule_owes_nothing(self) -> None:
        schedule = standing(enabled=False)
        assert fresh(schedule).next_run_at is None
        beat(NINE + HOUR)
        assert told(schedule) == []
        assert fresh(schedule).state == "active"


class TestTheEnd:
    def test_comes_with_the_last_fire_time(self) -> None:
        schedule = standing(end_date="2026-01-05T09:01")
        beat(NINE + 10 * MINUTE)
        assert told(schedule) == ["09:01 fired"]
        now = fresh(schedule)
        assert (now.state, now.next_fire_at, now.next_run_at) == ("ended", None, None)

    def test_comes_with_the_last_action(self) -> None:
        schedule = standing(actions=2, **ALL)
        for minute in range(1, 5):
            beat(NINE + minute * MINUTE)
        assert told(schedule) == ["09:01 fired", "09:02 fired"]
        now = fresh(schedule)
        assert (now.state, now.actions_left, now.next_run_at) == ("ended", 0, None)

    def test_comes_with_the_last_action_also_if_it_waits_for_jobs(self) -> None:
        upstream = save()
        schedule = standing(cron(), {"type": "job", "jobs": [upstream.key]}, actions=1)
        beat(NINE + MINUTE)
        assert fresh(schedule).state == "ended"

    def test_is_kept_in_the_event_log_once(self) -> None:
        by_clock, by_actions = standing(end_date="2026-01-05T09:02"), standing(actions=1, **ALL)
        for minute in range(1, 5):
            beat(NINE + minute * MINUTE)
        ended = Event.objects.filter(kind="schedule.ended").order_by("pk")
        assert [(event.job_id, event.data["schedule"], event.data["name"]) for event in ended] == [
            (by_actions.job_id, by_actions.pk, "default"),
            (by_clock.job_id, by_clock.pk, "default"),
        ]

    def test_does_not_come_while_it_waits_for_jobs(self) -> None:
        upstream = save()
        schedule = standing({"type": "once", "at": "2026-01-05T09:01:00Z"}, {"type": "job", "jobs": [upstream.key]})
        beat(NINE + MINUTE)
        now = fresh(schedule)
        assert (now.state, now.next_run_at) == ("active", None)

    def test_what_is_owed_beyond_the_last_action_is_skipped_and_says_so(self) -> None:
        schedule = standing(actions=1, **ALL, **LATE)
        beat(NINE + 2 * MINUTE)
        assert told(schedule) == ["09:01 fired", "09:02 skipped limit"]

    def test_a_skipped_time_uses_up_no_action(self) -> None:
        schedule = standing(actions=2, overlap="skip")
        beat(NINE + MINUTE)
        beat(NINE + 2 * MINUTE)
        now = fresh(schedule)
        assert (now.state, now.actions_left) == ("active", 1)


class TestTheClock:
    def test_that_goes_back_fires_nothing_twice(self) -> None:
        schedule = standing(**ALL)
        beat(NINE + MINUTE)
        beat(NINE + 2 * MINUTE)
        for minute in range(-60, 3):
            beat(NINE + minute * MINUTE)
        assert told(schedule) == ["09:01 fired", "09:02 fired"]
        beat(NINE + 3 * MINUTE)
        assert told(schedule)[2:] == ["09:03 fired"]

    def test_that_went_ahead_and_comes_back_repeats_nothing_when_the_schedule_is_moved(self) -> None:
        schedule = standing(**ALL)
        beat(NINE + 3 * MINUTE)
        before = told(schedule)
        stand_again = fresh(schedule)
        stand_again.decided_until = NINE + 3 * MINUTE
        stand_again.save()
        beat(NINE + MINUTE)
        assert told(schedule) == before


class TestAFireTimeThatHasARowAlready:
    """As after a restore of one of the two tables."""

    def test_is_not_fired_again_and_does_not_stop_the_others(self) -> None:
        schedule, other = standing(**ALL), standing(**ALL)
        beat(NINE + 2 * MINUTE)
        runs = Run.objects.count()
        stand(fresh(schedule))
        beat(NINE + 3 * MINUTE)
        assert told(schedule) == [*told(other)[:-1], "09:03 fired"]
        assert Run.objects.count() == runs + 2
        assert fresh(schedule).problem == ""


class TestAScheduleThatCannotBeFired:
    def test_does_not_stop_the_others_and_says_why(self) -> None:
        one, broken, other = standing(), standing(), standing()
        break_document(broken)
        beat(NINE + MINUTE)
        assert told(one) == told(other) == ["09:01 fired"]
        assert told(broken) == []
        assert "expression" in fresh(broken).problem
        assert fresh(one).problem == ""

    @pytest.mark.parametrize(
        "document", [{}, {"triggers": 5}, {"triggers": ["x"]}, {"triggers": [cron()], "timezone": "Mars"}], ids=str
    )
    def test_whatever_its_document_has_become(self, document: dict[str, Any]) -> None:
        good, broken = standing(), standing()
        Schedule.objects.filter(pk=broken.pk).update(document=document)
        beat(NINE + MINUTE)
        assert told(good) == ["09:01 fired"]
        assert fresh(broken).problem

    def test_lets_the_others_go_first_for_a_minute(self) -> None:
        broken = standing()
        break_document(broken)
        beat(NINE + MINUTE)
        assert fresh(broken).next_run_at == NINE + 2 * MINUTE
        assert firing.fire_due(now=NINE + 2 * MINUTE - SECOND) == 0

    def test_fires_what_it_owes_once_it_can_and_the_problem_is_cleared(self) -> None:
        schedule = standing(misfire={"policy": "all", "grace": 0}, **ALL)
        document = schedule.document
        break_document(schedule)
        beat(NINE + MINUTE)
        Schedule.objects.filter(pk=schedule.pk).update(document=document)
        beat(NINE + 3 * MINUTE)
        assert told(schedule) == ["09:01 fired", "09:02 fired", "09:03 fired"]
        assert fresh(schedule).problem == ""

    def test_whose_run_cannot_be_inserted_does_not_stop_the_others(self) -> None:
        good, bad = standing(), standing()
        Job.objects.filter(pk=bad.job_id).update(payload={"not": "a list"})
        beat(NINE + MINUTE)
        assert told(good) == ["09:01 fired"]
        assert told(bad) == []
        assert "array" in fresh(bad).problem
        assert Run.objects.filter(job_id=bad.job_id).count() == 0

    def test_that_was_mended_meanwhile_is_not_put_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        schedule = standing()
        break_document(schedule)
        real = firing._fire

        def fire(**arguments: Any) -> int:
            try:
                return real(**arguments)
            finally:
                later = NINE + dt.timedelta(days=30)
                Schedule.objects.filter(pk=schedule.pk).update(next_fire_at=later, next_run_at=later)

        monkeypatch.setattr(firing, "_fire", fire)
        firing.fire_due(now=NINE + MINUTE)
        now = fresh(schedule)
        assert (now.problem, now.next_run_at) == ("", NINE + dt.timedelta(days=30))


class TestARun:
    def test_is_a_snapshot_of_its_job_and_logged(self) -> None:
        schedule = standing()
        beat(NINE + MINUTE)
        (run,) = runs_of(schedule)
        assert run.snapshot["key"] == schedule.job.key
        assert Payload.objects.filter(run=run).count() == 1
        assert Event.objects.get(run_id=run.pk, kind="run.created").data["trigger"] == "schedule"

    def test_of_a_limited_job_waits_for_its_turn_and_is_not_published(self, broker: Broker) -> None:
        job = save(entry(**ALL), configuration={"max_concurrent_runs": 1})
        schedule = stand(of(job))
        for minute in (1, 2):
            beat(NINE + minute * MINUTE)
        first, second = runs_of(schedule)
        assert broker.lanes() == [(first.pk, 0)]
        assert (first.admitted, second.admitted) == (True, False)
