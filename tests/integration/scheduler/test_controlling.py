"""Pausing, resuming, skipping, running now; editing and deleting: never a fire time twice, nor one that was given up."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.errors import ConflictError, NotFoundError, ValidationError
from jobs.models import Event, Job, Run
from jobs.services import control
from jobs.services.jobs import delete_job
from jobs.states import JobState
from scheduler.models import Ending, Fire, Schedule
from scheduler.services import controls
from scheduler.services.controls import pause_schedule, resume_schedule, run_now, skip_next
from tests.integration.scheduler.makers import (
    ALL,
    HOUR,
    MINUTE,
    NINE,
    SECOND,
    after,
    beat,
    break_document,
    cron,
    decided,
    edit,
    entry,
    finish,
    fire,
    fresh,
    of,
    put_job_into,
    runs_of,
    save,
    stand,
    standing,
    start,
    told,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def last_hour() -> dt.datetime:
    return now().replace(minute=0, second=0, microsecond=0)


def hourly(hours: int = 2, **parts: Any) -> Schedule:
    """A schedule of each full hour, of which so many have come up by the real clock and were not dealt with."""
    return standing(cron("0 * * * *"), at=last_hour() - (hours - 1) * HOUR - SECOND, **{**ALL, **parts})


def kinds(schedule: Schedule) -> list[str]:
    """What the event log says of it."""
    rows = Event.objects.filter(kind__startswith="schedule.", data__schedule=schedule.pk).order_by("id")
    return list(rows.values_list("kind", flat=True))


class TestPausing:
    def test_owes_nothing_and_says_who_and_why(self) -> None:
        schedule = hourly(0)
        assert pause_schedule(schedule=schedule, actor="olga", note="moving house")
        assert (schedule.state, schedule.next_fire_at, schedule.next_run_at) == ("paused", None, None)
        assert schedule.state_change is not None
        assert (schedule.state_change["actor"], schedule.state_change["note"]) == ("olga", "moving house")
        beat(now() + dt.timedelta(days=1))
        assert told(schedule) == []
        assert kinds(schedule) == ["schedule.created", "schedule.paused"]

    def test_what_had_come_up_and_nobody_dealt_with_is_skipped_and_says_so(self) -> None:
        schedule = hourly(2)
        pause_schedule(schedule=schedule, actor="olga", note="moving house")
        assert decided(schedule) == ["skipped paused", "skipped paused"]
        assert {fire.detail for fire in Fire.objects.all()} == {"paused by olga: moving house"}
        resume_schedule(schedule=schedule, actor="olga")
        beat()
        assert runs_of(schedule) == []

    def test_gives_up_what_is_buffered_and_what_waits_and_their_actions(self) -> None:
        upstream = save()
        schedule = standing(cron("1-3 9 5 1 *"), after(upstream, delay="1h"), overlap="buffer_all", actions=9)
        for minute in (1, 2, 3):
            fire(NINE + minute * MINUTE)
        finish(start(upstream))
        assert sorted(decided(schedule)) == ["buffered", "buffered", "fired", "waiting"]
        pause_schedule(schedule=fresh(schedule), actor="olga")
        assert sorted(decided(schedule)) == ["fired", "skipped paused", "skipped paused", "skipped paused"]
        assert fresh(schedule).actions_left == 8
        finish(runs_of(schedule)[0])
        beat(now() + dt.timedelta(days=1))
        assert len(runs_of(schedule)) == 1

    def test_twice_changes_nothing_more(self) -> None:
        schedule = hourly(0)
        pause_schedule(schedule=schedule, actor="olga")
        before = fresh(schedule).state_change
        assert not pause_schedule(schedule=schedule, actor="eve", note="too")
        assert fresh(schedule).state_change == before
        assert kinds(schedule).count("schedule.paused") == 1

    def test_one_that_has_ended_is_refused(self) -> None:
        schedule = standing({"type": "once", "at": "2026-01-05T09:01:00Z"})
        beat(NINE + MINUTE)
        with pytest.raises(ConflictError, match="has ended"):
            pause_schedule(schedule=schedule, actor="olga")

    def test_one_that_has_ended_is_paused_for_what_is_buffered_and_goes_on_with_the_action_that_it_got_back(
        self,
    ) -> None:
        schedule = standing(overlap="buffer_one", actions=2)
        for minute in (1, 2):
            fire(NINE + minute * MINUTE)
        assert (fresh(schedule).state, decided(schedule)) == ("ended", ["fired", "buffered"])
        assert pause_schedule(schedule=fresh(schedule), actor="olga", note="wrong data")
        row = fresh(schedule)
        assert (row.state, row.actions_left, row.next_run_at) == ("paused", 1, None)
        assert decided(schedule) == ["fired", "skipped paused"]
        finish(runs_of(schedule)[0])
        assert len(runs_of(schedule)) == 1
        resume_schedule(schedule=row, actor="olga")
        assert (row.state, row.next_run_at is not None) == ("active", True)

    def test_one_whose_last_time_has_passed_ends_again_when_it_is_resumed(self) -> None:
        schedule = standing(cron("1-2 9 5 1 *"), overlap="buffer_one", end_date="2026-01-05T09:02:00Z")
        for minute in (1, 2):
            fire(NINE + minute * MINUTE)
        assert (fresh(schedule).state, decided(schedule)) == ("ended", ["fired", "buffered"])
        pause_schedule(schedule=fresh(schedule), actor="olga")
        assert (fresh(schedule).state, decided(schedule)) == ("paused", ["fired", "skipped paused"])
        resume_schedule(schedule=fresh(schedule), actor="olga")
        assert fresh(schedule).state == "ended"

    def test_one_that_was_deleted_is_refused(self) -> None:
        schedule = hourly(0)
        delete_job(job=schedule.job, actor="ann")
        with pytest.raises(ConflictError, match="deleted"):
            pause_schedule(schedule=schedule, actor="olga")

    def test_one_that_cannot_be_read_can_be_paused(self) -> None:
        schedule = hourly(1)
        break_document(schedule)
        assert pause_schedule(schedule=fresh(schedule), actor="olga")
        assert fresh(schedule).state == "paused"

    def test_ends_of_other_jobs_call_for_nothing(self) -> None:
        upstream = save()
        schedule = of(save(entry(after(upstream))))
        pause_schedule(schedule=schedule, actor="olga")
        finish(start(upstream))
        resume_schedule(schedule=schedule, actor="olga")
        beat()
        assert decided(schedule) == []
        finish(start(upstream))
        assert decided(schedule) == ["fired"]

    def test_leaves_its_runs_alone(self) -> None:
        schedule = standing()
        beat(NINE + MINUTE)
        pause_schedule(schedule=fresh(schedule), actor="olga")
        assert [run.state for run in runs_of(schedule)] == ["pending"]


class TestResuming:
    def test_owes_from_now_on_and_nothing_for_the_time_in_between(self) -> None:
        schedule = hourly(1)
        pause_schedule(schedule=schedule, actor="olga")
        Schedule.objects.filter(pk=schedule.pk).update(decided_until=last_hour() - 5 * HOUR)
        assert resume_schedule(schedule=schedule, actor="olga", note="done")
        assert schedule.state == "active"
        assert schedule.next_fire_at == last_hour() + HOUR
        beat()
        assert runs_of(schedule) == []
        assert kinds(schedule)[-1] == "schedule.resumed"

    def test_with_a_clock_that_went_back_fires_nothing_twice(self) -> None:
        schedule = standing(cron("0 * * * *"), at=now(), **ALL)
        ahead = last_hour() + 5 * HOUR
        beat(ahead)
        fired = told(schedule)
        assert len(fired) == 5
        pause_schedule(schedule=fresh(schedule), actor="olga")
        resume_schedule(schedule=schedule, actor="olga")
        assert schedule.next_fire_at == ahead + HOUR
        beat(ahead)
        assert told(schedule) == fired

    def test_one_that_is_not_paused_changes_nothing(self) -> None:
        schedule = hourly(0)
        assert not resume_schedule(schedule=schedule, actor="olga")
        assert kinds(schedule) == ["schedule.created"]

    def test_one_whose_last_time_has_passed_ends(self) -> None:
        schedule = hourly(0, end_date=(now() + HOUR).isoformat())
        pause_schedule(schedule=schedule, actor="olga")
        ended = {**schedule.document, "end_date": (now() - HOUR).isoformat()}
        Schedule.objects.filter(pk=schedule.pk).update(document=ended)
        resume_schedule(schedule=schedule, actor="olga")
        assert schedule.state == "ended"

    def test_one_that_cannot_be_read_is_refused_and_says_why(self) -> None:
        schedule = hourly(0)
        pause_schedule(schedule=schedule, actor="olga")
        break_document(schedule)
        with pytest.raises(ValidationError, match="expression"):
            resume_schedule(schedule=fresh(schedule), actor="olga")
        assert fresh(schedule).state == "paused"


class TestRunNow:
    def test_starts_a_run_with_the_schedules_parameters_and_disturbs_nothing(self) -> None:
        schedule = standing(parameters={"day": "monday"}, actions=3)
        before = Schedule.objects.filter(pk=schedule.pk).values().get()
        run = Run.objects.get(pk=run_now(schedule=schedule, actor="olga"))
        assert (run.trigger, run.actor, run.parameters) == ("manual", "olga", {"day": "monday"})
        assert run.comment == "schedule default, run now"
        assert Schedule.objects.filter(pk=schedule.pk).values().get() == before
        assert told(schedule) == []
        beat(NINE + MINUTE)
        assert told(schedule) == ["09:01 fired"]

    def test_also_of_one_that_is_paused(self) -> None:
        schedule = hourly(0)
        pause_schedule(schedule=schedule, actor="olga")
        assert run_now(schedule=schedule, actor="olga", comment="just once")

    def test_of_a_job_that_is_not_active_is_refused(self) -> None:
        schedule = standing()
        put_job_into(schedule, JobState.PAUSED)
        with pytest.raises(ConflictError, match="is paused"):
            run_now(schedule=schedule, actor="olga")

    def test_of_a_job_that_was_deleted_is_refused(self) -> None:
        schedule = standing()
        delete_job(job=schedule.job, actor="ann")
        with pytest.raises(NotFoundError):
            run_now(schedule=schedule, actor="olga")


class TestSkippingTheNext:
    def test_lets_it_pass_without_a_run_and_says_so(self) -> None:
        schedule = standing(**ALL)
        assert skip_next(schedule=schedule, actor="olga", note="holiday") == NINE + MINUTE
        for minute in (1, 2):
            beat(NINE + minute * MINUTE)
        assert told(schedule) == ["09:01 skipped asked", "09:02 fired"]
        assert fresh(schedule).skips == []
        assert kinds(schedule)[-1] == "schedule.skip_asked"

    def test_twice_skips_the_next_two(self) -> None:
        schedule = standing(**ALL)
        assert [skip_next(schedule=schedule, actor="olga") for _ in range(2)] == [NINE + MINUTE, NINE + 2 * MINUTE]
        for minute in (1, 2, 3):
            beat(NINE + minute * MINUTE)
        assert told(schedule) == ["09:01 skipped asked", "09:02 skipped asked", "09:03 fired"]

    def test_passes_over_what_is_excluded_anyway(self) -> None:
        exclusions = [{"kind": "daily", "from": "09:00", "to": "09:05"}]
        schedule = standing(exclusions=exclusions, **ALL)
        assert skip_next(schedule=schedule, actor="olga") == NINE + 5 * MINUTE

    def test_survives_an_edit(self) -> None:
        schedule = standing(cron("0 * * * *"), at=now(), **ALL)
        skipped = skip_next(schedule=schedule, actor="olga")
        edit(schedule, notes="x")
        beat(skipped)
        assert decided(schedule) == ["skipped asked"]

    def test_keeps_the_others_when_one_has_passed(self) -> None:
        schedule = standing(**ALL)
        for _ in range(2):
            skip_next(schedule=schedule, actor="olga")
        beat(NINE + MINUTE)
        assert fresh(schedule).skips == [(NINE + 2 * MINUTE).isoformat()]

    @pytest.mark.parametrize("how", ["paused", "ended", "waits"])
    def test_where_nothing_is_owed_is_refused(self, how: str) -> None:
        schedule = standing() if how == "paused" else standing({"type": "once", "at": "2026-01-05T09:01:00Z"})
        if how == "paused":
            pause_schedule(schedule=schedule, actor="olga")
        elif how == "ended":
            beat(NINE + MINUTE)
        else:
            schedule = of(save(entry(after(save()))))
        with pytest.raises(ConflictError, match="no fire time to skip"):
            skip_next(schedule=schedule, actor="olga")

    def test_where_everything_is_excluded_is_refused_in_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(controls, "_MOST_LOOKED_AT", 500)
        always = [{"kind": "blackout", "start": "2000-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"}]
        with pytest.raises(ConflictError, match="no fire time to skip"):
            skip_next(schedule=standing(exclusions=always), actor="olga")


class TestEditing:
    def test_takes_effect_from_now_on(self) -> None:
        schedule = standing(cron("0 * * * *"), at=now())
        schedule = edit(schedule, triggers=[cron("30 * * * *")])
        assert schedule.next_fire_at is not None
        assert schedule.next_fire_at.minute == 30
        assert schedule.next_fire_at > now()
        assert kinds(schedule) == ["schedule.created", "schedule.updated"]

    def test_fires_no_time_twice(self) -> None:
        schedule = standing(cron("0 * * * *"), at=last_hour() - SECOND, **ALL)
        beat()
        assert len(runs_of(schedule)) == 1
        for number in range(3):
            edit(schedule, notes=str(number), triggers=[cron("0 * * * *"), cron("0,59 * * * *")])
            beat()
        assert len(runs_of(schedule)) == 1

    def test_fires_none_that_was_given_up(self) -> None:
        schedule = hourly(2, misfire={"policy": "skip", "grace": 0})
        beat()
        assert decided(schedule) == ["skipped misfire"] * 2
        edit(schedule, misfire={"policy": "all"})
        beat()
        assert decided(schedule) == ["skipped misfire"] * 2

    def test_fires_none_of_the_time_before_it(self) -> None:
        schedule = standing(cron("0 0 1 1 *"), at=now())
        edit(schedule, triggers=[cron("* * * * *")])
        beat()
        assert told(schedule) == []

    def test_with_a_clock_that_went_back_fires_nothing_twice(self) -> None:
        schedule = standing(cron("0 * * * *"), at=now(), misfire={"policy": "all"}, **ALL)
        ahead = last_hour() + 5 * HOUR
        beat(ahead)
        assert len(runs_of(schedule)) == 5
        assert edit(schedule, notes="x").next_fire_at == ahead + HOUR
        beat(ahead)
        assert len(runs_of(schedule)) == 5

    def test_what_had_come_up_fires_as_it_was_promised(self) -> None:
        schedule = hourly(2, misfire={"policy": "all"}, parameters={"v": 1})
        schedule = edit(schedule, triggers=[cron("59 23 31 12 *")])
        assert decided(schedule) == ["waiting", "waiting"]
        beat()
        assert [run.scheduled_for for run in runs_of(schedule)] == [last_hour() - HOUR, last_hour()]

    def test_by_one_who_writes_the_same_changes_nothing(self) -> None:
        schedule = standing(cron("0 * * * *"), at=now() - HOUR)
        before = Schedule.objects.filter(pk=schedule.pk).values().get()
        save(*Job.objects.get(pk=schedule.job_id).schedules, key=schedule.job.key, description="of the job")
        assert Schedule.objects.filter(pk=schedule.pk).values().get() == before

    def test_begins_an_ended_one_anew(self) -> None:
        schedule = standing({"type": "once", "at": "2026-01-05T09:01:00Z"})
        beat(NINE + MINUTE)
        schedule = edit(schedule, triggers=[{"type": "once", "at": (now() + HOUR).isoformat()}])
        assert schedule.state == "active"
        assert schedule.next_fire_at is not None

    def test_gives_new_actions_only_with_another_number_of_them(self) -> None:
        schedule = standing(cron("0 * * * *"), at=now(), actions=2, **ALL)
        beat(last_hour() + HOUR)
        assert edit(schedule, notes="x").actions_left == 1
        assert edit(schedule, actions=5).actions_left == 5
        assert edit(schedule, actions=None).actions_left is None

    def test_of_one_without_actions_left_leaves_it_ended(self) -> None:
        upstream = save()
        schedule = standing(cron("0 * * * *"), after(upstream), at=now(), actions=1)
        beat(last_hour() + HOUR)
        assert edit(schedule, notes="x").state == "ended"

    def test_keeps_a_paused_one_paused(self) -> None:
        schedule = hourly(0)
        pause_schedule(schedule=schedule, actor="olga")
        schedule = edit(schedule, notes="x")
        assert (schedule.state, schedule.next_run_at) == ("paused", None)

    def test_that_disables_it_gives_up_what_it_owed(self) -> None:
        schedule = hourly(2)
        schedule = edit(schedule, enabled=False)
        assert decided(schedule) == ["skipped paused"] * 2
        assert Fire.objects.first().detail == "the schedule was disabled"  # type: ignore[union-attr]
        assert (schedule.state, schedule.next_run_at) == ("active", None)
        assert edit(schedule, enabled=True).next_run_at is not None

    def test_that_disables_it_gives_up_what_is_buffered(self) -> None:
        schedule = standing(overlap="buffer_all")
        for minute in (1, 2):
            fire(NINE + minute * MINUTE)
        edit(schedule, enabled=False)
        finish(runs_of(schedule)[0])
        assert told(schedule)[1] == "09:02 skipped paused"

    def test_mends_one_that_could_not_be_read(self) -> None:
        schedule = hourly(1)
        break_document(schedule)
        beat()
        assert fresh(schedule).problem
        schedule = edit(schedule, notes="mended")
        assert schedule.problem == ""
        assert schedule.next_fire_at == last_hour() + HOUR

    def test_keeps_where_its_triggers_began(self) -> None:
        schedule = standing({"type": "interval", "interval": 7, "unit": "minute"})
        anchor = fresh(schedule).anchor_at
        assert edit(schedule, notes="x").anchor_at == anchor


class TestNames:
    def test_a_schedule_of_another_name_is_another(self) -> None:
        job = save(entry(name="old"))
        old = of(job, "old")
        save(entry(name="new"), key=job.key)
        assert not Schedule.objects.filter(pk=old.pk).exists()
        assert of(job, "new").pk != old.pk

    def test_the_order_of_the_list_does_not_matter(self) -> None:
        job = save(entry(name="one"), entry(name="two"))
        pks = of(job, "one").pk, of(job, "two").pk
        save(entry(name="two"), entry(name="one"), key=job.key)
        assert (of(job, "one").pk, of(job, "two").pk) == pks

    def test_two_of_one_name_are_refused(self) -> None:
        with pytest.raises(
            ValidationError, match=r"schedules\.1\.name: another schedule of this job is named 'default' already"
        ):
            save(entry(), entry(cron("0 * * * *")))

    def test_what_is_wrong_is_named_with_its_place_in_the_job(self) -> None:
        with pytest.raises(ValidationError) as caught:
            save(entry(), {"name": "b", "triggers": [cron(), cron("61 * * * *")]})
        assert [error.field for error in caught.value.errors] == ["schedules.1.triggers.1.expression"]
        assert not Job.objects.exists()

    def test_too_many_are_refused(self) -> None:
        with pytest.raises(ValidationError, match="at most 1,000 schedules"):
            save(*[entry(name=str(number)) for number in range(1001)])


class TestDeleting:
    def test_a_schedule_takes_what_belongs_to_it_and_leaves_its_runs(self) -> None:
        upstream = save()
        schedule = standing(cron(), after(upstream), overlap="buffer_all")
        for minute in (1, 2):
            fire(NINE + minute * MINUTE)
        (run,) = runs_of(schedule)
        save(key=schedule.job.key)
        assert not Schedule.objects.exists()
        assert not Fire.objects.exists()
        assert Run.objects.filter(pk=run.pk).exists()
        assert Event.objects.filter(kind="schedule.deleted").count() == 1
        finish(run)
        beat()
        assert not Ending.objects.exists()

    def test_a_job_takes_its_schedules(self) -> None:
        schedule, other = standing(), standing()
        beat(NINE + MINUTE)
        finish(runs_of(schedule)[0])
        delete_job(job=schedule.job, actor="ann")
        assert list(Schedule.objects.all()) == [other]
        beat(NINE + 2 * MINUTE)


class TestPausingOnFailure:
    def failing(self, **parts: Any) -> Schedule:
        return standing(does={"permanent": True}, pause_on_failure=True, **parts)

    @pytest.mark.usefixtures("left_to_beats")
    def test_pauses_with_its_first_failed_run_and_says_which(self) -> None:
        schedule = self.failing()
        beat(NINE + MINUTE)
        (run,) = runs_of(schedule)
        finish(run)
        beat(NINE + MINUTE)
        held = fresh(schedule)
        assert (held.state, held.next_fire_at, held.next_run_at) == ("paused", None, None)
        assert held.state_change is not None
        assert held.state_change["note"] == f"run {run.pk} failed"
        event = Event.objects.get(kind="schedule.paused")
        assert (event.data["schedule"], event.data["note"]) == (schedule.pk, f"run {run.pk} failed")
        beat(NINE + HOUR)
        assert told(schedule) == ["09:01 fired"]

    def test_not_with_one_that_succeeds_or_is_cancelled(self) -> None:
        schedule = standing(pause_on_failure=True)
        beat(NINE + MINUTE)
        finish(runs_of(schedule)[0])
        beat(NINE + 2 * MINUTE)
        control.terminate_run(run=runs_of(schedule)[1], actor="ann")
        assert fresh(schedule).state == "active"

    def test_not_with_a_run_that_somebody_started(self) -> None:
        schedule = self.failing()
        finish(run_now(schedule=schedule, actor="olga"))
        assert fresh(schedule).state == "active"

    def test_not_without_that_policy(self) -> None:
        schedule = standing(does={"permanent": True})
        beat(NINE + MINUTE)
        finish(runs_of(schedule)[0])
        assert fresh(schedule).state == "active"

    def test_gives_up_what_had_come_up(self) -> None:
        schedule = self.failing(overlap="buffer_all", actions=5)
        for minute in (1, 2):
            fire(NINE + minute * MINUTE)
        (run,) = runs_of(schedule)
        finish(run)
        assert told(schedule)[:2] == ["09:01 fired", "09:02 skipped paused"]
        assert len(runs_of(schedule)) == 1
        assert fresh(schedule).actions_left == 4

    def test_gives_up_what_is_buffered_of_one_that_has_ended(self) -> None:
        schedule = self.failing(overlap="buffer_one", actions=2)
        for minute in (1, 2):
            fire(NINE + minute * MINUTE)
        assert fresh(schedule).state == "ended"
        finish(runs_of(schedule)[0])
        assert told(schedule) == ["09:01 fired", "09:02 skipped paused"]
        assert (fresh(schedule).state, fresh(schedule).actions_left) == ("paused", 1)

    def test_not_one_that_has_ended_and_for_which_nothing_waits(self) -> None:
        schedule = self.failing(actions=1)
        fire(NINE + MINUTE)
        finish(runs_of(schedule)[0])
        assert fresh(schedule).state == "ended"

    @pytest.mark.usefixtures("left_to_beats")
    def test_gives_up_what_is_due_at_that_moment_and_says_so(self) -> None:
        schedule = self.failing(misfire={"grace": "1h"})
        fire(NINE + MINUTE)
        (run,) = runs_of(schedule)
        finish(run)
        beat(NINE + 3 * MINUTE)
        assert told(schedule)[0] == "09:01 fired"
        assert told(schedule)[1] == "09:02 skipped paused"
        assert Fire.objects.get(fire_at=NINE + 2 * MINUTE).detail == f"run {run.pk} failed"
        assert len(runs_of(schedule)) == 1

    def test_goes_on_when_it_is_resumed(self) -> None:
        schedule = self.failing()
        beat(NINE + MINUTE)
        finish(runs_of(schedule)[0])
        schedule, before = fresh(schedule), now()
        resume_schedule(schedule=schedule, actor="olga")
        assert schedule.next_fire_at is not None
        assert schedule.next_fire_at > before


class TestANewSchedule:
    def test_owes_from_now_on(self) -> None:
        schedule = of(save(entry(cron("0 * * * *"))))
        assert schedule.next_fire_at == last_hour() + HOUR
        beat()
        assert told(schedule) == []

    def test_whose_times_have_all_passed_has_ended(self) -> None:
        schedule = of(save(entry({"type": "once", "at": "2020-01-01T00:00:00Z"})))
        assert (schedule.state, schedule.next_run_at) == ("ended", None)

    def test_begins_its_intervals_when_it_is_saved(self) -> None:
        schedule = of(save(entry({"type": "interval", "interval": 10, "unit": "minute"})))
        assert schedule.next_fire_at is not None
        assert schedule.next_fire_at - schedule.anchor_at <= 10 * MINUTE

    def test_stands_at_its_jittered_time(self) -> None:
        schedule = stand(of(save(entry(cron("0 * * * *"), jitter="30m"))))
        assert schedule.next_fire_at == NINE + HOUR
        assert schedule.next_run_at is not None
        assert NINE + HOUR <= schedule.next_run_at < NINE + HOUR + 30 * MINUTE


class TestWhatCanNeverFire:
    IMPOSSIBLE: dict[str, Any] = {"type": "cron", "expression": "0 0 12 30 2 ?"}

    def test_is_refused_when_it_is_new_or_changed_and_nothing_is_saved(self) -> None:
        schedule = standing()
        with pytest.raises(ValidationError, match=r"schedules\.0\.triggers\.0\.expression: it never fires"):
            edit(schedule, triggers=[self.IMPOSSIBLE])
        with pytest.raises(ValidationError, match=r"schedules\.0\.triggers\.0\.expression: it never fires"):
            save({"triggers": [self.IMPOSSIBLE]})
        assert fresh(schedule).document == schedule.document

    def test_one_that_was_accepted_once_keeps_nobody_from_anything_else(self) -> None:
        job = save(entry(cron(), name="old"), entry(cron(), name="other"))
        old = Schedule.objects.get(job=job, name="old")
        impossible = {**job.schedules[0], "triggers": [self.IMPOSSIBLE]}
        Job.objects.filter(pk=job.pk).update(schedules=[impossible, *job.schedules[1:]])
        whole = {**old.document, "triggers": [{**old.document["triggers"][0], **self.IMPOSSIBLE}]}
        Schedule.objects.filter(pk=old.pk).update(document=whole)
        other = edit(Schedule.objects.get(job=job, name="other"), notes="since the move")
        assert other.document["notes"] == "since the move"
        control.pause_job(job=job, actor="ann")
        control.resume_job(job=job, actor="ann")
        assert Job.objects.get(pk=job.pk).state == JobState.ACTIVE
