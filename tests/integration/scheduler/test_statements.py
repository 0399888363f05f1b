"""Every lock, filter and ordering of the scheduler's statements: each test fails without the one that it names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from jobs import hotpath
from jobs.claims import ClosedRun
from jobs.models import Event, Job
from scheduler import claims
from scheduler.claims import Claimed, FireRow, Move, Settled
from scheduler.models import Ending, Fire, Schedule
from tests.integration.engine.makers import in_thread, until_somebody_waits
from tests.integration.scheduler.makers import (
    ALL,
    HOUR,
    MINUTE,
    NINE,
    SECOND,
    after,
    and_disconnect,
    cron,
    edit,
    endings_of,
    entry,
    fire,
    fresh,
    of,
    runs_of,
    save,
    standing,
    told,
    until_a_session_waits,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

DUE = NINE + MINUTE


def claim(now: dt.datetime = DUE, **options: Any) -> list[int]:
    """The ids of those that a beat claims, and lets go."""
    with hotpath.connection() as engine, engine.transaction():
        return [each.id for each in claims.claim_due(engine, take=100, now=now, **options)]


def claim_named(*schedules: Schedule) -> list[int]:
    with hotpath.connection() as engine, engine.transaction():
        return [each.id for each in claims.claim_named(engine, schedule_ids=[each.pk for each in schedules])]


def make_fire(schedule: Schedule, minute: int, state: str = "waiting", **columns: Any) -> Fire:
    """A fire that waits since its time, or is in another state."""
    at = NINE + minute * MINUTE
    given = {"due_at": at} if state == "waiting" else {}
    return Fire.objects.create(schedule=schedule, fire_at=at, state=state, **{**given, **columns})


def make_ending(schedule: Schedule, run_id: int, **columns: Any) -> Ending:
    """A run of the schedule's own that ended."""
    given = {"trigger": Ending.OWN, "job_key": "task:a", "state": "succeeded", "ended_at": NINE}
    return Ending.objects.create(schedule_id=schedule.pk, run_id=run_id, **{**given, **columns})


def closed_run(job: Job, run_id: int = 1, *, schedule: Schedule | None = None) -> ClosedRun:
    schedule_id = None if schedule is None else schedule.pk
    return ClosedRun(
        run_id, job.workspace_id, job.key, "succeeded", NINE, NINE, 1, 0, job.pk, False, schedule_id, True, False
    )


class TestClaimDue:
    def test_keeps_others_from_the_schedule_without_letting_them_wait(self) -> None:
        schedule = standing()
        with hotpath.connection() as engine, engine.transaction():
            assert len(claims.claim_due(engine, take=1, now=DUE)) == 1
            assert in_thread(claim)() == []
        assert claim() == [schedule.pk]

    def test_passes_over_what_another_has_and_takes_the_next(self) -> None:
        standing()
        second = standing(at=NINE + SECOND)
        with hotpath.connection() as engine, engine.transaction():
            claims.claim_due(engine, take=1, now=DUE)
            assert in_thread(claim)() == [second.pk]

    def test_keeps_its_job_as_it_is(self) -> None:
        schedule = standing()
        with hotpath.connection() as engine, engine.transaction():
            claims.claim_due(engine, take=1, now=DUE)
            pausing = in_thread(lambda: execute("UPDATE jobs_job SET state = 'paused' WHERE id = %s", schedule.job_id))
            until_somebody_waits()
        pausing()

    def test_does_not_wait_for_who_edits_its_job(self) -> None:
        schedule, other = standing(), standing()
        with transaction.atomic():
            Job.objects.filter(pk=schedule.job_id).update(description="x")
            assert in_thread(claim)() == [other.pk]

    def test_two_schedules_of_one_job_can_be_claimed_by_two(self) -> None:
        job = save(entry(name="one"), entry(name="two"))
        for name in ("one", "two"):
            Schedule.objects.filter(job=job, name=name).update(next_fire_at=NINE, next_run_at=NINE)
        with hotpath.connection() as engine, engine.transaction():
            assert len(claims.claim_due(engine, take=1, now=DUE)) == 1
            assert len(in_thread(claim)()) == 1

    def test_reads_what_was_committed_last(self) -> None:
        schedule = standing()
        fire(DUE)
        with hotpath.connection() as engine, engine.transaction():
            (claimed,) = claims.claim_due(engine, take=1, now=DUE + MINUTE)
            assert claimed.decided_until == DUE
        assert claimed.id == schedule.pk

    def test_what_is_not_due_is_left(self) -> None:
        standing()
        assert claim(now=DUE - SECOND) == []

    def test_what_is_due_at_this_instant_is_taken(self) -> None:
        schedule = standing()
        assert claim(now=DUE) == [schedule.pk]

    def test_the_longest_due_come_first(self) -> None:
        late, later = standing(at=NINE + 10 * MINUTE), standing()
        assert claim(now=NINE + HOUR) == [later.pk, late.pk]

    def test_gives_no_more_than_it_is_asked_for(self) -> None:
        for _ in range(3):
            standing()
        with hotpath.connection() as engine, engine.transaction():
            assert len(claims.claim_due(engine, take=2, now=DUE)) == 2

    def test_the_document_comes_without_what_does_not_say_when(self) -> None:
        standing(parameters={"a": 1}, notes="n")
        standing(parameters={"a": 2}, notes="m")
        with hotpath.connection() as engine, engine.transaction():
            one, other = claims.claim_due(engine, take=2, now=DUE)
        assert one.document == other.document
        assert {one.parameters, other.parameters} == {'{"a": 1}', '{"a": 2}'}

    def test_the_clock_is_the_databases_if_none_is_given(self) -> None:
        standing(at=dt.datetime.now(dt.UTC) - 2 * MINUTE)
        with hotpath.connection() as engine, engine.transaction():
            (claimed,) = claims.claim_due(engine, take=1)
        assert abs(claimed.now - dt.datetime.now(dt.UTC)) < MINUTE


class TestClaimNamed:
    def test_takes_those_due_or_not_and_no_others(self) -> None:
        due, later, _other = standing(), standing(cron("0 0 1 1 *")), standing()
        assert claim_named(later, due) == [due.pk, later.pk]

    def test_leaves_out_what_another_has(self) -> None:
        one, other = standing(), standing()
        with hotpath.connection() as engine, engine.transaction():
            claims.claim_named(engine, schedule_ids=[one.pk])
            assert in_thread(lambda: claim_named(one, other))() == [other.pk]

    def test_leaves_out_those_whose_job_is_edited(self) -> None:
        one, other = standing(), standing()
        with transaction.atomic():
            Job.objects.filter(pk=one.job_id).update(description="x")
            assert in_thread(lambda: claim_named(one, other))() == [other.pk]

    def test_keeps_its_job_as_it_is(self) -> None:
        schedule = standing()
        with hotpath.connection() as engine, engine.transaction():
            claims.claim_named(engine, schedule_ids=[schedule.pk])
            pausing = in_thread(lambda: execute("UPDATE jobs_job SET state = 'paused' WHERE id = %s", schedule.job_id))
            until_somebody_waits()
        pausing()


class TestHolds:
    def held(self, schedule: Schedule) -> tuple[int, int]:
        with hotpath.connection() as engine:
            found = claims.holds(engine, schedule_ids=[schedule.pk])[schedule.pk]
        return len(found.run_ids), len(found.buffered_ids)

    def test_are_the_runs_that_go_on_and_the_fires_that_wait_for_that(self) -> None:
        schedule, other = standing(overlap="buffer_all"), standing(overlap="buffer_all")
        for minute in (1, 2, 3):
            fire(NINE + minute * MINUTE)
        assert self.held(schedule) == self.held(other) == (1, 2)

    def test_are_not_the_runs_that_ended_nor_the_fires_that_were_decided(self) -> None:
        schedule = standing(**ALL)
        for minute in (1, 2):
            fire(NINE + minute * MINUTE)
        with hotpath.connection() as engine:
            engine.execute(
                "UPDATE jobs_run SET state = 'succeeded', succeeded = 1, ended_at = now(), wake_at = NULL WHERE id = %s",
                (runs_of(schedule)[0].pk,),
            )
        make_fire(schedule, 5)
        make_fire(schedule, 6, "skipped", reason="overlap")
        assert self.held(schedule) == (1, 0)

    def test_come_oldest_first(self) -> None:
        schedule = standing(**ALL)
        for minute in (1, 2, 3):
            fire(NINE + minute * MINUTE)
        with hotpath.connection() as engine:
            engine.execute("UPDATE jobs_run SET priority = 1 WHERE id = %s", (runs_of(schedule)[0].pk,))
            found = claims.holds(engine, schedule_ids=[schedule.pk])[schedule.pk]
        assert found.run_ids == sorted(found.run_ids)


class TestRecordFires:
    def record(self, schedule: Schedule, *fires: FireRow, **move: Any) -> None:
        given = {
            "decided_until": DUE,
            "next_fire_at": None,
            "next_run_at": None,
            "actions_left": None,
            "skips": None,
        }
        with hotpath.connection() as engine, engine.transaction():
            claims.record_fires(
                engine, fires=fires, moves=[Move(schedule_id=schedule.pk, **{**given, **move})], now=DUE
            )

    def test_refuses_a_fire_time_that_was_decided_before_and_moves_nothing(self) -> None:
        schedule = standing()
        row = FireRow(schedule.pk, DUE, "skipped", "overlap")
        self.record(schedule, row)
        with pytest.raises(psycopg.errors.UniqueViolation):
            self.record(schedule, row, decided_until=DUE + HOUR)
        assert fresh(schedule).decided_until == DUE

    def test_never_moves_a_schedule_back(self) -> None:
        schedule = standing()
        self.record(schedule, decided_until=NINE - HOUR)
        assert fresh(schedule).decided_until == NINE

    def test_moves_those_alone_that_it_is_told(self) -> None:
        schedule, other = standing(), standing()
        before = Schedule.objects.filter(pk=other.pk).values().get()
        self.record(schedule)
        assert Schedule.objects.filter(pk=other.pk).values().get() == before

    def test_keeps_the_skips_unless_it_is_given_others(self) -> None:
        schedule = standing()
        Schedule.objects.filter(pk=schedule.pk).update(skips=["2026-01-06T00:00:00+00:00"])
        self.record(schedule)
        assert fresh(schedule).skips == ["2026-01-06T00:00:00+00:00"]
        self.record(schedule, skips="[]")
        assert fresh(schedule).skips == []

    def test_clears_the_problem(self) -> None:
        schedule = standing()
        Schedule.objects.filter(pk=schedule.pk).update(problem="broken")
        self.record(schedule)
        assert fresh(schedule).problem == ""


class TestSettleFires:
    def test_decides_on_what_is_pending_alone(self) -> None:
        schedule = standing()
        fires = [
            make_fire(schedule, 1),
            make_fire(schedule, 2, "buffered"),
            make_fire(schedule, 3, "skipped", reason="overlap"),
        ]
        with hotpath.connection() as engine, engine.transaction():
            settled = claims.settle_fires(engine, settled=[Settled(fire.pk, "skipped", "paused") for fire in fires])
        assert settled == 2
        assert told(schedule) == ["09:01 skipped paused", "09:02 skipped paused", "09:03 skipped overlap"]
        assert set(Fire.objects.values_list("due_at", flat=True)) == {None}

    def test_leaves_others_alone(self) -> None:
        schedule = standing()
        one, _other = make_fire(schedule, 1), make_fire(schedule, 2)
        with hotpath.connection() as engine, engine.transaction():
            claims.settle_fires(engine, settled=[Settled(one.pk, "fired", run_id=7)])
        assert told(schedule) == ["09:01 fired", "09:02 waiting"]


class TestNoteEndings:
    def note(self, *runs: ClosedRun) -> None:
        with hotpath.connection() as engine, engine.transaction():
            claims.note_endings(engine, runs=runs)

    def test_leaves_one_for_each_trigger_that_waits(self) -> None:
        upstream, other = save(), save()
        schedule = of(save(entry(after(upstream), after(upstream, other, of="all"), after(other))))
        self.note(closed_run(upstream))
        assert sorted(Ending.objects.values_list("trigger", flat=True)) == [0, 1]
        assert {ending.schedule_id for ending in Ending.objects.all()} == {schedule.pk}

    def test_leaves_one_for_the_schedule_that_owed_the_run_if_it_cares(self) -> None:
        cares, does_not = standing(overlap="buffer_one"), standing()
        self.note(closed_run(cares.job, 1, schedule=cares), closed_run(does_not.job, 2, schedule=does_not))
        assert [(ending.schedule_id, ending.trigger) for ending in Ending.objects.all()] == [(cares.pk, Ending.OWN)]

    def test_twice_leaves_one(self) -> None:
        schedule = standing(overlap="buffer_one")
        for _ in range(2):
            self.note(closed_run(schedule.job, schedule=schedule))
        assert Ending.objects.count() == 1

    def test_waits_for_nobody_who_has_the_schedule_or_deletes_it(self) -> None:
        upstream = save()
        schedule = of(save(entry(cron(), after(upstream), overlap="buffer_one")))
        with transaction.atomic():
            Schedule.objects.select_for_update().get(pk=schedule.pk)
            in_thread(lambda: self.note(closed_run(upstream, 1), closed_run(schedule.job, 2, schedule=schedule)))()
        assert Ending.objects.count() == 2

    def test_of_a_run_whose_job_is_gone_says_so_to_its_own_schedule_alone(self) -> None:
        schedule = standing(overlap="buffer_one")
        self.note(closed_run(schedule.job, schedule=schedule)._replace(job_id=None))
        assert Ending.objects.count() == 1


class TestEndings:
    def named(self, take: int = 100, besides: Collection[int] = ()) -> list[int]:
        with hotpath.connection() as engine:
            return sorted(claims.schedules_with_endings(engine, limit=take, besides=besides))

    def test_schedules_with_open_ones_are_named_once_and_no_others(self) -> None:
        schedule, done, _none = standing(), standing(), standing()
        for run_id in (1, 2):
            make_ending(schedule, run_id)
        make_ending(done, 3, settled=True)
        assert self.named() == [schedule.pk]

    def test_those_of_the_oldest_come_first(self) -> None:
        first, second = standing(), standing()
        make_ending(second, 1)
        make_ending(first, 2)
        assert self.named(take=1) == [second.pk]

    def test_those_of_schedules_that_were_passed_over_are_left_out(self) -> None:
        passed, other = standing(), standing()
        make_ending(passed, 1)
        make_ending(other, 2)
        assert self.named(take=1, besides=[passed.pk]) == [other.pk]

    def test_are_given_in_the_order_in_which_they_came_settled_ones_among_them(self) -> None:
        schedule, other = standing(), standing()
        made = [make_ending(schedule, 9), make_ending(schedule, 3, settled=True), make_ending(schedule, 5)]
        make_ending(other, 1)
        with hotpath.connection() as engine:
            rows = claims.endings_of(engine, schedule_ids=[schedule.pk])
        assert [row.id for row in rows] == [each.pk for each in made]
        assert all(row.own for row in rows)

    def test_are_dismissed_as_told(self) -> None:
        schedule = standing()
        kept, gone, neither = (make_ending(schedule, run_id) for run_id in (1, 2, 3))
        with hotpath.connection() as engine, engine.transaction():
            claims.dismiss_endings(engine, settled=[kept.pk], gone=[gone.pk])
        assert endings_of(schedule) == [("task:a", "succeeded", True), ("task:a", "succeeded", False)]
        assert not Ending.objects.get(pk=neither.pk).settled

    def test_of_deleted_schedules_are_removed_and_of_others_not(self) -> None:
        gone, there = standing(), standing()
        pk = gone.pk
        gone.delete()
        gone.pk = pk
        make_ending(gone, 1)
        kept = make_ending(there, 2)
        with hotpath.connection() as engine, engine.transaction():
            claims.dismiss_orphaned_endings(engine, schedule_ids=[pk, there.pk])
        assert list(Ending.objects.all()) == [kept]

    def test_of_deleted_schedules_are_left_to_who_removes_them(self) -> None:
        gone = standing()
        pk = gone.pk
        gone.delete()
        gone.pk = pk
        make_ending(gone, 1)

        def remove() -> None:
            with hotpath.connection() as engine, engine.transaction():
                claims.dismiss_orphaned_endings(engine, schedule_ids=[pk])

        with transaction.atomic():
            Ending.objects.select_for_update().get()
            in_thread(remove)()
        remove()
        assert not Ending.objects.exists()


class TestWaitingFires:
    def named(self, now: dt.datetime, take: int = 100, besides: Collection[int] = ()) -> list[int]:
        with hotpath.connection() as engine:
            return sorted(claims.schedules_with_waiting(engine, limit=take, besides=besides, now=now))

    def test_of_schedules_are_named_when_they_are_due_and_once(self) -> None:
        schedule, later, buffered = standing(), standing(), standing()
        make_fire(schedule, 1)
        make_fire(schedule, 2)
        make_fire(later, 3)
        make_fire(buffered, 1, "buffered", due_at=NINE)
        assert self.named(NINE + 2 * MINUTE) == [schedule.pk]
        assert self.named(NINE) == []

    def test_those_of_schedules_that_were_passed_over_are_left_out(self) -> None:
        passed, other = standing(), standing()
        make_fire(passed, 1)
        make_fire(other, 2)
        assert self.named(NINE + HOUR, take=1, besides=[passed.pk]) == [other.pk]

    def test_the_longest_due_come_first(self) -> None:
        one, other = standing(), standing()
        make_fire(one, 2)
        make_fire(other, 1)
        assert self.named(NINE + HOUR, take=1) == [other.pk]

    def test_are_given_oldest_first_and_those_alone_that_are_due(self) -> None:
        schedule, other = standing(), standing()
        late, early = make_fire(schedule, 2), make_fire(schedule, 1)
        make_fire(schedule, 9)
        make_fire(schedule, 3, "buffered")
        make_fire(schedule, 4, "skipped", reason="overlap")
        make_fire(other, 1)
        with hotpath.connection() as engine:
            owed = claims.owed_fires(engine, schedule_ids=[schedule.pk], state="waiting", now=NINE + 5 * MINUTE)
        assert [each.id for each in owed] == [early.pk, late.pk]

    def test_are_added_once_for_each_cause(self) -> None:
        schedule = standing()
        with hotpath.connection() as engine:
            for cause in ("0:1", "0:1", "1:1"):
                claims.add_waiting(
                    engine, schedule_id=schedule.pk, fire_at=NINE, cause=cause, due_at=NINE, parameters={}
                )
        assert sorted(Fire.objects.values_list("cause", flat=True)) == ["0:1", "1:1"]

    def test_are_given_up_with_the_buffered_ones_and_no_others(self) -> None:
        schedule, other = standing(), standing()
        for minute, state in ((1, "waiting"), (2, "buffered"), (3, "buffered")):
            make_fire(schedule, minute, state)
        make_fire(schedule, 4, "skipped", reason="overlap")
        make_fire(other, 1)
        with connection.cursor() as cursor:
            assert claims.give_up_pending(cursor, schedule_id=schedule.pk, reason="paused", detail="x") == 2
        assert told(schedule) == [f"09:0{minute} skipped paused" for minute in (1, 2, 3)] + ["09:04 skipped overlap"]
        assert told(other) == ["09:01 waiting"]

    def test_that_are_decided_are_those_of_the_clock_after_an_instant(self) -> None:
        schedule, other = standing(), standing()
        for minute in (1, 2, 3):
            make_fire(schedule, minute)
        make_fire(schedule, 4, cause="0:1")
        make_fire(other, 5)
        with hotpath.connection() as engine:
            decided = claims.decided_after(engine, schedule_id=schedule.pk, after=NINE + MINUTE)
        assert decided == {NINE + 2 * MINUTE, NINE + 3 * MINUTE}


class TestNoteProblem:
    def note(self, schedule: Schedule, *, locked: bool, now: dt.datetime = DUE) -> None:
        with hotpath.connection() as engine, engine.transaction():
            claims.note_problem(
                engine, schedule_id=schedule.pk, problem="broken", retry_in=MINUTE, locked=locked, now=now
            )

    def test_puts_off_what_is_due(self) -> None:
        schedule, other = standing(), standing()
        make_fire(schedule, 0)
        make_fire(schedule, 5)
        make_fire(other, 0)
        self.note(schedule, locked=False)
        assert (fresh(schedule).problem, fresh(schedule).next_run_at) == ("broken", DUE + MINUTE)
        assert (fresh(other).problem, fresh(other).next_run_at) == ("", DUE)
        dues = Fire.objects.order_by("schedule_id", "fire_at").values_list("due_at", flat=True)
        assert list(dues) == [DUE + MINUTE, NINE + 5 * MINUTE, NINE]

    def test_says_nothing_of_one_that_is_not_due_any_more(self) -> None:
        schedule = standing()
        self.note(schedule, locked=False, now=NINE)
        assert (fresh(schedule).problem, fresh(schedule).next_run_at) == ("", DUE)

    def test_of_one_that_is_locked_is_kept_due_or_not(self) -> None:
        schedule = standing()
        self.note(schedule, locked=True, now=NINE)
        assert (fresh(schedule).problem, fresh(schedule).next_run_at) == ("broken", DUE)

    def test_is_cleared_for_one_schedule(self) -> None:
        schedule, other = standing(), standing()
        Schedule.objects.update(problem="broken")
        with hotpath.connection() as engine:
            claims.clear_problem(engine, schedule_id=schedule.pk)
        assert (fresh(schedule).problem, fresh(other).problem) == ("", "broken")


class TestUseActions:
    def use(self, schedule: Schedule, count: int) -> tuple[str, int | None, bool]:
        with hotpath.connection() as engine:
            claims.use_actions(engine, schedule_id=schedule.pk, count=count)
        now = fresh(schedule)
        return now.state, now.actions_left, now.next_run_at is not None

    def test_counts_down_to_the_end(self) -> None:
        schedule, other = standing(actions=3), standing(actions=3)
        assert self.use(schedule, 2) == ("active", 1, True)
        assert self.use(schedule, 1) == ("ended", 0, False)
        assert fresh(other).actions_left == 3

    def test_never_goes_below_nothing(self) -> None:
        assert self.use(standing(actions=1), 5) == ("ended", 0, False)

    def test_gives_back(self) -> None:
        assert self.use(standing(actions=3), -2) == ("active", 5, True)

    def test_without_a_limit_counts_nothing(self) -> None:
        assert self.use(standing(), 5) == ("active", None, True)

    def test_ends_an_active_one_alone(self) -> None:
        schedule = standing(actions=1)
        Schedule.objects.filter(pk=schedule.pk).update(state="paused", next_fire_at=None, next_run_at=None)
        assert self.use(schedule, 1) == ("paused", 0, False)


class TestEndSchedules:
    def test_ends_the_active_ones_of_those_that_it_is_told_and_once(self) -> None:
        schedule, paused, other = standing(), standing(), standing()
        Schedule.objects.filter(pk=paused.pk).update(state="paused", next_fire_at=None, next_run_at=None)
        with hotpath.connection() as engine:
            for _ in range(2):
                claims.end_schedules(engine, schedule_ids=[schedule.pk, paused.pk], now=DUE)
        assert [fresh(each).state for each in (schedule, paused, other)] == ["ended", "paused", "active"]
        assert fresh(schedule).next_run_at is None
        event = Event.objects.get(kind="schedule.ended")
        assert (event.job_id, event.at, event.data) == (
            schedule.job_id,
            DUE,
            {"schedule": schedule.pk, "name": "default"},
        )


class TestPause:
    def test_pauses_one_that_is_active_or_has_ended_once_and_no_other(self) -> None:
        schedule, other, ended = standing(), standing(), standing()
        Schedule.objects.filter(pk=ended.pk).update(state="ended", next_fire_at=None, next_run_at=None)
        change = {"actor": "", "at": NINE.isoformat(), "note": "run 1 failed"}
        with hotpath.connection() as engine:
            for pk in (schedule.pk, schedule.pk, ended.pk):
                claims.pause(engine, schedule_id=pk, change=change)
        assert [fresh(each).state for each in (schedule, other, ended)] == ["paused", "active", "paused"]
        assert Event.objects.filter(kind="schedule.paused").count() == 2


class TestSecondsToNext:
    def seconds(self) -> float | None:
        with hotpath.connection() as engine:
            return claims.seconds_to_next(engine)

    def test_is_none_when_nothing_will_come(self) -> None:
        of(save(entry(after(save()))))
        assert self.seconds() is None

    def test_is_the_way_to_the_nearest(self) -> None:
        now = dt.datetime.now(dt.UTC)
        for hours in (5, 2, 9):
            standing({"type": "once", "at": (now + hours * HOUR).isoformat()}, at=now)
        assert 7000 < (self.seconds() or 0) <= 7200
        make_fire(standing(cron("0 0 1 1 *"), at=now), 0, due_at=now + HOUR)
        assert 3500 < (self.seconds() or 0) <= 3600

    def test_counts_no_fire_that_does_not_wait(self) -> None:
        make_fire(standing(enabled=False), 0, "buffered", due_at=NINE)
        assert self.seconds() is None

    def test_is_nothing_when_something_is_overdue(self) -> None:
        standing()
        assert self.seconds() == 0.0


class TestRunsThatEndWhileTheirScheduleIsEdited:
    def test_the_editor_waits_for_an_end_that_did_not_see_it(self) -> None:
        """Else the end would leave no word, and what is buffered from now on would wait for it forever."""
        schedule = standing(**ALL)
        fire(DUE)
        with hotpath.connection() as engine, engine.transaction():
            engine.execute("SELECT 1 FROM jobs_run WHERE schedule_id = %s FOR NO KEY UPDATE", (schedule.pk,))
            editing = in_thread(lambda: and_disconnect(lambda: edit(schedule, overlap="buffer_one")))
            until_a_session_waits()
        editing()
        assert fresh(schedule).watches_runs


def execute(statement: str, *parameters: object) -> None:
    with hotpath.connection() as engine:
        engine.execute(statement, parameters)


def test_a_claimed_row_has_what_the_statement_gives() -> None:
    standing()
    with hotpath.connection() as engine, engine.transaction():
        (claimed,) = claims.claim_due(engine, take=1, now=DUE)
        (named,) = claims.claim_named(engine, schedule_ids=[claimed.id], now=DUE)
    assert isinstance(claimed, Claimed)
    assert claimed == named
