"""Backfills: fire times of the past that are run now, and the schedule that is not disturbed by it."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from jobs import hotpath
from jobs.errors import ConflictError, NotFoundError, ValidationError
from jobs.models import Event, Job, Run, Workspace
from jobs.services.jobs import delete_job
from jobs.states import JobState, Trigger
from scheduler import backfill_claims
from scheduler.models import Backfill, BackfillTime, Fire, Schedule
from scheduler.selectors.backfills import (
    MOST_TIMES,
    Plan,
    Progress,
    backfill_view,
    find_backfill,
    list_backfills,
    plan_backfill,
)
from scheduler.services import backfills
from scheduler.services.backfills import cancel_backfill, create_backfill, work_off
from scheduler.services.controls import pause_schedule, resume_schedule
from scheduler.states import BackfillState, FireState, Which
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import rows_of, together
from tests.integration.engine.saw import Saw
from tests.integration.run_rows import make_run
from tests.integration.scheduler.makers import (
    ALL,
    HOUR,
    NINE,
    after,
    beat,
    cron,
    edit,
    finish,
    fresh,
    put_job_into,
    save,
    standing,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

HOURLY = cron("0 * * * *")
FIRST, LAST = "2026-01-05T01:00", "2026-01-05T06:00"
"""Six hours before the schedule was made."""
SIX = [NINE - number * HOUR for number in (8, 7, 6, 5, 4, 3)]


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    yield
    hotpath.close()


@pytest.fixture
def schedule() -> Schedule:
    return standing(HOURLY, parameters={"day": "monday"})


def begin(schedule: Schedule, **parts: Any) -> Backfill:
    """A backfill of the six hours."""
    asked: dict[str, Any] = {"schedule": schedule, "start": FIRST, "end": LAST, "actor": "ann"}
    return create_backfill(**asked | parts)


def plan(schedule: Schedule, start: str = FIRST, end: str = LAST, which: str = Which.MISSING, **parts: Any) -> Plan:
    return plan_backfill(schedule=fresh(schedule), start=start, end=end, which=which, **{"now": NINE} | parts)


def decide(schedule: Schedule, at: dt.datetime, **columns: Any) -> Fire:
    """What was decided of a fire time: skipped for an overlap, where nothing else is said."""
    kept = {"state": FireState.SKIPPED, "reason": "overlap"} if "state" not in columns else {}
    return Fire.objects.create(schedule=schedule, fire_at=at, **kept | columns)


def ran(schedule: Schedule, at: dt.datetime, *, fails: bool = False, cause: str = "") -> Run:
    """A fire time with a run that has ended."""
    run = make_run(schedule.job, "f" if fails else "s", scheduled_for=at)
    decide(schedule, at, state=FireState.FIRED, run_id=run.pk, cause=cause)
    return run


def active_of(backfill: Backfill) -> list[Run]:
    run_ids = BackfillTime.objects.filter(backfill=backfill, run_id__isnull=False).values("run_id")
    return list(Run.objects.filter(pk__in=run_ids, ended_at=None).order_by("pk"))


def work_to_the_end(backfill: Backfill, *, most: int = 50) -> None:
    """What beats and workers do."""
    for _ in range(most):
        work_off()
        backfill.refresh_from_db()
        if backfill.state != BackfillState.RUNNING:
            return
        for run in active_of(backfill):
            finish(run)
    raise AssertionError("a backfill without end")


def counted(backfill: Backfill) -> Progress:
    return backfill_view(backfill=backfill).progress


class TestPlan:
    def test_it_lists_each_fire_time_of_the_range_with_both_its_ends(self, schedule: Schedule) -> None:
        found = plan(schedule)
        assert [each.standing.fire_at for each in found.times] == SIX
        assert found.wanted == SIX
        assert (found.start, found.end) == (SIX[0], SIX[-1])

    def test_it_tells_how_each_stands_and_which_would_be_run(self, schedule: Schedule) -> None:
        decide(schedule, SIX[0])
        good, bad = ran(schedule, SIX[1]), ran(schedule, SIX[2], fails=True)
        decide(schedule, SIX[3], state=FireState.WAITING, due_at=NINE)
        standings = [each.standing for each in plan(schedule).times]
        assert [(each.run_id, each.run_state, each.reason, each.owed) for each in standings] == [
            (None, None, "overlap", False),
            (good.pk, "succeeded", "", False),
            (bad.pk, "failed", "", False),
            (None, None, "", True),
            (None, None, "", False),
            (None, None, "", False),
        ]
        assert plan(schedule).wanted == [SIX[0], *SIX[4:]]
        assert plan(schedule, which=Which.MISSING_AND_FAILED).wanted == [SIX[0], SIX[2], *SIX[4:]]
        assert plan(schedule, which=Which.ALL).wanted == [*SIX[:3], *SIX[4:]]

    def test_the_newest_run_of_a_fire_time_counts(self, schedule: Schedule) -> None:
        ran(schedule, SIX[0], fails=True)
        ran(schedule, SIX[0], cause="backfill:7")
        assert SIX[0] not in plan(schedule, which=Which.MISSING_AND_FAILED).wanted

    def test_what_waits_for_a_former_run_is_owed(self, schedule: Schedule) -> None:
        decide(schedule, SIX[0], state=FireState.BUFFERED)
        assert plan(schedule, which=Which.ALL).wanted == SIX[1:]

    def test_why_it_was_skipped_is_told_though_a_backfill_ran_it_since(self, schedule: Schedule) -> None:
        decide(schedule, SIX[0], detail="its former run had not ended")
        run = ran(schedule, SIX[0], cause="backfill:7")
        Fire.objects.filter(run_id=run.pk).update(detail="run by backfill 7")
        standing_now = plan(schedule).times[0].standing
        assert (standing_now.reason, standing_now.detail) == ("overlap", "its former run had not ended")

    def test_decisions_of_another_schedule_do_not_count(self, schedule: Schedule) -> None:
        other = standing(HOURLY)
        decide(other, SIX[0])
        ran(other, SIX[1])
        assert [each.standing.reason for each in plan(schedule).times] == [""] * 6
        assert plan(schedule).wanted == SIX

    def test_it_writes_nothing(self, schedule: Schedule) -> None:
        before = rows_of(Schedule, Fire, Run, Backfill, BackfillTime, Event)
        plan(schedule, which=Which.ALL)
        assert rows_of(Schedule, Fire, Run, Backfill, BackfillTime, Event) == before

    def test_excluded_times_are_left_out_and_counted(self) -> None:
        schedule = standing(HOURLY, exclusions=[{"kind": "daily", "from": "02:00", "to": "04:00"}])
        found = plan(schedule)
        assert (len(found.wanted), found.excluded) == (4, 2)

    def test_what_the_schedule_will_still_decide_on_is_left_to_it(self, schedule: Schedule) -> None:
        found = plan(schedule, end="2026-01-05T12:00", now=NINE + 2 * HOUR)
        assert found.wanted[-1] == NINE
        assert found.undecided == 3

    def test_what_passed_while_it_was_paused_is_not(self, schedule: Schedule) -> None:
        pause_schedule(schedule=schedule, actor="ann")
        found = plan(schedule, end="2026-01-05T12:00", now=NINE + 2 * HOUR)
        assert (found.wanted[-1], found.undecided) == (NINE + 2 * HOUR, 1)

    def test_a_date_alone_means_the_whole_day_in_the_schedules_zone(self) -> None:
        schedule = standing(HOURLY, timezone="Europe/Berlin")
        found = plan(schedule, start="2026-01-04", end="2026-01-04")
        assert (len(found.wanted), found.wanted[0]) == (24, dt.datetime(2026, 1, 3, 23, tzinfo=dt.UTC))

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"start": "soon"}, "start"),
            ({"end": "late"}, "end"),
            ({"end": "2026-01-05T00:59"}, "end"),
            ({"which": "some"}, "which"),
        ],
    )
    def test_what_is_wrong_is_refused_by_field(self, schedule: Schedule, wrong: dict[str, str], field: str) -> None:
        with pytest.raises(ValidationError) as raised:
            plan(schedule, **wrong)
        assert [error.field for error in raised.value.errors] == [field]

    def test_a_range_of_too_many_fire_times_is_refused(self) -> None:
        schedule = standing(cron("* * * * * ?"))
        with pytest.raises(ValidationError, match=f"more than {MOST_TIMES:,} fire times: split it"):
            plan(schedule)
        assert len(plan(schedule, end="2026-01-05T03:46:39").wanted) == MOST_TIMES

    def test_a_schedule_without_times_of_its_own_has_none_to_run(self) -> None:
        schedule = standing(after(save()))
        with pytest.raises(ValidationError, match="waits for other jobs only"):
            plan(schedule)


class TestWork:
    def test_it_runs_the_oldest_first_and_no_more_at_once_than_its_limit(self, schedule: Schedule) -> None:
        backfill = begin(schedule, limit=2)
        assert work_off() == 2
        assert work_off() == 0
        runs = active_of(backfill)
        assert [run.scheduled_for for run in runs] == SIX[:2]
        finish(runs[1])
        assert work_off() == 1
        assert [run.scheduled_for for run in active_of(backfill)] == [SIX[0], SIX[2]]

    def test_its_runs_are_those_that_the_schedule_would_have_started(self, schedule: Schedule, broker: Broker) -> None:
        backfill = begin(schedule)
        work_off()
        [run] = active_of(backfill)
        assert (run.job_id, run.trigger, run.parameters) == (schedule.job_id, Trigger.SCHEDULE, {"day": "monday"})
        assert run.comment == f"backfill {backfill.pk} of schedule default"
        assert broker.lanes() == [(run.pk, 0)]

    def test_it_is_done_when_the_last_run_has_ended(self, schedule: Schedule) -> None:
        backfill = begin(schedule, limit=4)
        work_to_the_end(backfill)
        assert backfill.ended_at is not None
        assert counted(backfill) == Progress(total=6, succeeded=6)
        assert Event.objects.filter(kind="schedule.backfill_done", data__backfill=backfill.pk).count() == 1
        assert work_off() == 0

    def test_its_progress_is_told_at_each_moment(self, schedule: Schedule) -> None:
        backfill = begin(schedule, limit=3)
        assert counted(backfill) == Progress(total=6, owed=6)
        work_off()
        first, second, _ = active_of(backfill)
        finish(first)
        Run.objects.filter(pk=finish_as_failed(second)).update(state="failed")
        assert counted(backfill) == Progress(total=6, owed=3, running=1, succeeded=1, failed=1)
        Run.objects.filter(pk=first.pk).delete()
        assert counted(backfill) == Progress(total=6, owed=3, running=1, erased=1, failed=1)

    def test_a_fire_time_without_a_decision_gets_the_run_as_its_own(self, schedule: Schedule) -> None:
        backfill = begin(schedule, limit=6)
        work_off()
        fires = list(Fire.objects.filter(schedule=schedule).order_by("fire_at"))
        assert [(fire.fire_at, fire.cause, fire.state) for fire in fires] == [(at, "", FireState.FIRED) for at in SIX]
        assert [fire.run_id for fire in fires] == [run.pk for run in active_of(backfill)]
        assert {fire.detail for fire in fires} == {f"run by backfill {backfill.pk}"}

    def test_one_with_a_decision_keeps_it_and_gets_another(self, schedule: Schedule) -> None:
        skipped = decide(schedule, SIX[0])
        backfill = begin(schedule)
        work_off()
        [run] = active_of(backfill)
        kept, own = Fire.objects.filter(schedule=schedule, fire_at=SIX[0]).order_by("id")
        assert (kept.pk, kept.state, kept.reason, kept.run_id) == (skipped.pk, FireState.SKIPPED, "overlap", None)
        assert (own.cause, own.state, own.run_id) == (f"backfill:{backfill.pk}", FireState.FIRED, run.pk)

    def test_what_got_its_run_meanwhile_is_left_out(self, schedule: Schedule) -> None:
        backfill = begin(schedule, limit=2)
        ran(schedule, SIX[0])
        decide(schedule, SIX[1], state=FireState.WAITING, due_at=NINE)
        work_off()
        assert counted(backfill) == Progress(total=6, owed=2, running=2, left_out=2)
        assert [run.scheduled_for for run in active_of(backfill)] == SIX[2:4]

    def test_two_of_the_same_range_run_nothing_twice(self, schedule: Schedule) -> None:
        first, second = begin(schedule, limit=6), begin(schedule, limit=6)
        work_off()
        assert (counted(first).running, counted(second).left_out) == (6, 6)
        assert Run.objects.count() == 6
        work_to_the_end(second)

    def test_one_that_cannot_be_worked_on_does_not_stop_the_others(
        self, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken, whole = begin(schedule), begin(standing(HOURLY))
        record = backfill_claims.record_backfill

        def refuse_one(*arguments: Any, backfill: backfill_claims.ClaimedBackfill, **rest: Any) -> None:
            if backfill.id == broken.pk:
                raise psycopg.errors.DataError("no")
            record(*arguments, backfill=backfill, **rest)

        monkeypatch.setattr(backfill_claims, "record_backfill", refuse_one)
        assert work_off() == 1
        assert (counted(broken).owed, counted(whole).running) == (6, 1)

    def test_an_edit_of_the_schedule_does_not_change_it(self, schedule: Schedule) -> None:
        backfill = begin(schedule, limit=6)
        edit(schedule, triggers=[cron("30 * * * *")])
        work_off()
        assert [run.scheduled_for for run in active_of(backfill)] == SIX

    @pytest.mark.parametrize("state", [JobState.PAUSED, JobState.ARCHIVED])
    def test_while_its_job_may_not_run_it_waits(self, schedule: Schedule, state: JobState) -> None:
        backfill = begin(schedule)
        put_job_into(schedule, state)
        assert work_off() == 0
        assert counted(backfill).owed == 6
        put_job_into(schedule, JobState.ACTIVE)
        assert work_off() == 1

    def test_nothing_starts_of_a_job_that_was_paused_at_the_last_moment(
        self, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        backfill = begin(schedule)
        put_job_into(schedule, JobState.PAUSED)
        found = [(backfill.pk, schedule.pk)]
        monkeypatch.setattr(backfill_claims, "open_backfills", lambda connection, limit: found)
        assert work_off() == 0
        assert counted(backfill).owed == 6

    def test_what_was_started_is_not_left_out_and_what_is_over_not_claimed(self, schedule: Schedule) -> None:
        backfill = begin(schedule)
        work_off()
        with hotpath.connection() as engine:
            backfill_claims.leave_out(engine, time_ids=[each.pk for each in BackfillTime.objects.all()])
            cancel_backfill(backfill=backfill, actor="ben")
            assert backfill_claims.claim_backfill(engine, backfill_id=backfill.pk) is None
        assert counted(backfill) == Progress(total=6, running=1, left_out=5)

    def test_a_paused_schedule_can_be_run_too(self, schedule: Schedule) -> None:
        pause_schedule(schedule=schedule, actor="ann")
        backfill = begin(schedule, limit=6)
        work_to_the_end(backfill)
        assert counted(backfill).succeeded == 6
        assert fresh(schedule).state == "paused"

    def test_its_runs_wait_where_the_job_allows_no_more_at_once(self) -> None:
        job = save({"triggers": [HOURLY]}, configuration={"max_concurrent_runs": 1})
        backfill = begin(Schedule.objects.get(job=job), limit=3)
        work_off()
        assert [run.admitted for run in active_of(backfill)] == [True, False, False]

    def test_several_are_worked_side_by_side(self, schedule: Schedule) -> None:
        other = standing(HOURLY)
        begin(schedule)
        begin(other)
        assert work_off() == 2
        assert set(Run.objects.values_list("job_id", flat=True)) == {schedule.job_id, other.job_id}


def finish_as_failed(run: Run) -> int:
    finish(run)
    return run.pk


class TestTheScheduleItself:
    """It goes on as if there were no backfill."""

    def test_it_stands_where_it_stood(self) -> None:
        schedule = standing(HOURLY, actions=3, pause_on_failure=True, overlap="buffer_one")
        before = rows_of(Schedule)
        work_to_the_end(begin(schedule, limit=6))
        assert rows_of(Schedule) == before

    def test_a_run_of_a_backfill_is_no_overlap(self) -> None:
        schedule = standing(HOURLY)
        backfill = begin(schedule)
        work_off()
        beat(NINE + HOUR)
        assert active_of(backfill)
        assert [run.scheduled_for for run in Run.objects.filter(schedule_id=schedule.pk)] == [NINE + HOUR]

    def test_a_run_of_a_backfill_that_fails_does_not_pause_it(self) -> None:
        schedule = standing(HOURLY, pause_on_failure=True, does={"permanent": True})
        work_to_the_end(begin(schedule))
        beat(NINE)
        assert fresh(schedule).state == "active"

    def test_what_is_due_and_not_decided_is_decided_by_the_schedule(self) -> None:
        schedule = standing(HOURLY, **ALL)
        backfill = begin(schedule, end="2026-01-05T09:00", limit=100)
        work_to_the_end(backfill)
        beat(NINE + HOUR)
        due = Fire.objects.get(schedule=schedule, fire_at=NINE + HOUR)
        assert (due.cause, due.detail, due.state) == ("", "", FireState.FIRED)

    def test_what_passed_in_a_pause_and_was_run_is_not_owed_after_it(self) -> None:
        now = dt.datetime.now(dt.UTC)
        schedule = standing(HOURLY, at=now)
        pause_schedule(schedule=schedule, actor="ann")
        Schedule.objects.update(decided_until=now - 3 * HOUR)
        backfill = begin(schedule, start=now - 2 * HOUR, end=now, limit=2)
        resume_schedule(schedule=schedule, actor="ann")
        work_to_the_end(backfill)
        beat(now + HOUR)
        passed = Fire.objects.filter(fire_at__lte=now)
        ran = passed.filter(state=FireState.FIRED).values_list("detail", flat=True)
        assert list(ran) == [f"run by backfill {backfill.pk}"] * 2
        assert set(passed.exclude(state=FireState.FIRED).values_list("detail", flat=True)) == {"paused by ann"}
        assert Fire.objects.filter(fire_at__gt=now, state=FireState.FIRED).count() == 1


class TestRefused:
    @pytest.mark.parametrize("limit", [0, 1001, True, "3"])
    def test_a_limit_that_is_none(self, schedule: Schedule, limit: Any) -> None:
        with pytest.raises(ValidationError, match="limit: expected a whole number from 1 to 1,000"):
            begin(schedule, limit=limit)
        assert not Backfill.objects.exists()

    def test_a_range_without_anything_to_run(self, schedule: Schedule) -> None:
        work_to_the_end(begin(schedule, limit=6))
        with pytest.raises(ConflictError, match="nothing to run"):
            begin(schedule)

    def test_a_schedule_that_was_deleted(self, schedule: Schedule) -> None:
        save(key=schedule.job.key)
        with pytest.raises(NotFoundError, match="was deleted"):
            begin(schedule)

    @pytest.mark.parametrize(
        ("columns", "constraint"),
        [
            ({"state": "gone"}, "backfill_state_fits"),
            ({"state": "done"}, "backfill_state_fits"),
            ({"which": "some"}, "backfill_which_known"),
            ({"limit": 0}, "backfill_limit_fits"),
            ({"start_at": NINE}, "backfill_range_fits"),
        ],
    )
    def test_the_database_refuses_what_cannot_be(
        self, schedule: Schedule, columns: dict[str, Any], constraint: str
    ) -> None:
        backfill = begin(schedule)
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Backfill.objects.filter(pk=backfill.pk).update(**columns)

    @pytest.mark.parametrize("columns", [{"state": "started"}, {"run_id": 7}, {"state": "gone"}])
    def test_the_database_refuses_a_started_time_without_a_run(
        self, schedule: Schedule, columns: dict[str, Any]
    ) -> None:
        backfill = begin(schedule)
        with pytest.raises(IntegrityError, match="backfill_time_fits"), transaction.atomic():
            BackfillTime.objects.filter(backfill=backfill).update(**columns)


class TestCancel:
    def test_nothing_more_of_it_starts_and_what_runs_goes_on(self, schedule: Schedule) -> None:
        backfill = begin(schedule, limit=2)
        work_off()
        assert cancel_backfill(backfill=backfill, actor="ben", note="wrong data")
        assert work_off() == 0
        assert (backfill.state, backfill.state_change["actor"]) == (BackfillState.CANCELLED, "ben")  # type: ignore[index]
        assert counted(backfill) == Progress(total=6, running=2, not_started=4)
        for run in active_of(backfill):
            assert finish(run) == "succeeded"
        event = Event.objects.get(kind="schedule.backfill_cancelled")
        assert (event.data["note"], event.data["times"]) == ("wrong data", 4)

    def test_its_runs_are_ended_on_request(self, schedule: Schedule) -> None:
        backfill = begin(schedule, limit=2)
        work_off()
        first, _ = active_of(backfill)
        finish(first)
        cancel_backfill(backfill=backfill, actor="ben", terminate=True)
        assert counted(backfill) == Progress(total=6, succeeded=1, cancelled=1, not_started=4)

    def test_one_that_is_over_is_left_alone(self, schedule: Schedule) -> None:
        backfill = begin(schedule, limit=6)
        work_to_the_end(backfill)
        before = rows_of(Backfill, BackfillTime, Event)
        assert not cancel_backfill(backfill=backfill, actor="ben")
        assert rows_of(Backfill, BackfillTime, Event) == before

    def test_one_that_was_deleted_with_its_schedule_is_not_found(self, schedule: Schedule) -> None:
        backfill = begin(schedule)
        delete_job(job=Job.objects.get(pk=schedule.job_id), actor="ann")
        assert not BackfillTime.objects.exists()
        with pytest.raises(NotFoundError, match="deleted with its schedule"):
            cancel_backfill(backfill=backfill, actor="ben")


class TestReading:
    def test_the_newest_comes_first_and_pages_follow(self, schedule: Schedule) -> None:
        other = standing(HOURLY)
        mine, theirs, last = begin(schedule), begin(other), begin(schedule)
        workspace = Workspace.objects.get()

        def ids(**parts: Any) -> list[int]:
            return [view.backfill.pk for view in list_backfills(workspace=workspace, **{"limit": 10} | parts)]

        assert ids() == [last.pk, theirs.pk, mine.pk]
        assert ids(limit=2) == [last.pk, theirs.pk]
        assert ids(after=theirs.pk) == [mine.pk]
        assert ids(schedule=schedule) == [last.pk, mine.pk]

    def test_another_workspaces_is_not_there(self, schedule: Schedule) -> None:
        backfill, other = begin(schedule), Workspace.objects.create(slug="other", name="Other")
        assert find_backfill(workspace=Workspace.objects.get(slug="acme"), backfill_id=backfill.pk) == backfill
        with pytest.raises(NotFoundError, match="no backfill"):
            find_backfill(workspace=other, backfill_id=backfill.pk)
        assert not list_backfills(workspace=other, limit=10)


class TestTurns:
    def test_what_presses_waits_for_one_batch_and_the_others_go_first_the_next_time(
        self, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(backfills, "BATCH", 2)
        first, second = begin(schedule, limit=6), begin(standing(HOURLY), limit=6)
        seen = []
        for _ in range(4):
            assert work_off(pressing=lambda: True) == 2
            seen.append((counted(first).running, counted(second).running))
        assert seen == [(2, 0), (2, 2), (4, 2), (4, 4)]

    def test_when_nothing_presses_all_is_started_that_may_be(
        self, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(backfills, "BATCH", 2)
        first, second = begin(schedule, limit=6), begin(standing(HOURLY), limit=5)
        assert work_off() == 11
        assert (counted(first).running, counted(second).running) == (6, 5)

    def test_one_that_waits_for_its_runs_is_not_touched(self, schedule: Schedule) -> None:
        full, started = begin(schedule, limit=2), begin(standing(HOURLY), limit=6)
        work_off()
        assert open_backfills() == []
        finish(active_of(full)[0])
        finish(active_of(started)[0])
        assert open_backfills() == [full.pk]

    def test_one_whose_runs_have_all_ended_is_finished(self, schedule: Schedule) -> None:
        backfill = begin(schedule, limit=6)
        work_off()
        for run in active_of(backfill):
            assert open_backfills() == []
            finish(run)
        assert open_backfills() == [backfill.pk]


def open_backfills() -> list[int]:
    with hotpath.connection() as engine:
        return [pk for pk, _ in backfill_claims.open_backfills(engine, limit=10)]


class TestSideBySide:
    def test_beats_that_work_at_once_start_each_fire_time_once_and_keep_the_limit(self, schedule: Schedule) -> None:
        backfill = begin(schedule, start="2026-01-03T00:00", end="2026-01-05T00:00", limit=3)
        most, over = 0, threading.Event()

        def be_a_beat() -> None:
            while not over.is_set():
                work_off()

        def be_the_workers() -> None:
            nonlocal most
            try:
                for _ in range(500):
                    active = active_of(backfill)
                    most = max(most, len(active))
                    for run in active[:1]:
                        finish(run)
                    if Backfill.objects.get(pk=backfill.pk).state == BackfillState.DONE:
                        return
            finally:
                over.set()
                connection.close()

        actors: list[Callable[[], None]] = [be_the_workers, be_a_beat, be_a_beat, be_a_beat]
        together(actors)
        assert most <= 3
        assert counted(backfill) == Progress(total=49, succeeded=49)
        assert Run.objects.count() == Run.objects.values("scheduled_for").distinct().count() == 49

    def test_what_somebody_else_has_is_not_waited_for(self, schedule: Schedule) -> None:
        begin(schedule)
        other = begin(standing(HOURLY))
        for table, pk in (("jobs_job", schedule.job_id), ("scheduler_schedule", schedule.pk)):
            with hotpath.connect() as editor, editor.transaction():
                editor.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR UPDATE", (pk,))
                work_off()
                assert set(Run.objects.values_list("job_id", flat=True)) == {other.schedule.job_id}

    def test_one_that_somebody_else_works_on_is_left_to_them(self, schedule: Schedule) -> None:
        backfill = begin(schedule)
        with hotpath.connect() as beat_of_another, beat_of_another.transaction():
            assert backfill_claims.claim_backfill(beat_of_another, backfill_id=backfill.pk) is not None
            assert work_off() == 0
        assert work_off() == 1

    def test_cancelling_while_beats_work_starts_nothing_after_it(self, schedule: Schedule) -> None:
        backfill = begin(schedule, start="2026-01-03T00:00", end="2026-01-05T00:00", limit=1000)
        acting: list[Callable[[], object]] = [work_off, lambda: cancel(backfill), work_off]
        together(acting)
        progress = counted(backfill)
        assert progress.running + progress.not_started == 49
        assert Run.objects.count() == progress.running == Fire.objects.count()


def cancel(backfill: Backfill) -> None:
    """In a thread of its own."""
    try:
        cancel_backfill(backfill=Backfill.objects.get(pk=backfill.pk), actor="ben")
    finally:
        connection.close()


class TestDying:
    """A process that dies between any two statements, before or after the commit, loses and doubles nothing."""

    @pytest.mark.parametrize("after_it", [False, True])
    def test_each_fire_time_has_one_run_whatever_dies(
        self, schedule: Schedule, monkeypatch: pytest.MonkeyPatch, after_it: bool
    ) -> None:
        saw = Saw(monkeypatch)
        backfill = begin(schedule, limit=2)
        decide(schedule, SIX[1])
        for at in range(1, 400):
            saw.set(at=at, after=after_it)
            with contextlib.suppress(psycopg.OperationalError):
                work_off()
            fell = saw.fell
            saw.set(at=0, after=False)
            saw.seen = 1
            assert len(active_of(backfill)) <= 2
            for run in active_of(backfill)[:1]:
                finish(run)
            if not fell:
                break
        assert at > 10, "there were not that many places to die at"
        work_to_the_end(backfill)
        assert counted(backfill) == Progress(total=6, succeeded=6)
        fires = Fire.objects.filter(schedule=schedule, state=FireState.FIRED)
        assert {fire.run_id for fire in fires} == {run.pk for run in Run.objects.all()}
        assert Run.objects.count() == 6
