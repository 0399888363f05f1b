"""Why did it not run at 09:00 yesterday?"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import hotpath
from jobs.errors import ValidationError
from jobs.models import Run, Workspace
from jobs.services.control import pause_job
from scheduler.beat import Leadership
from scheduler.explaining import BUSY_BEAT, NO_BEAT, Verdict
from scheduler.models import Schedule
from scheduler.selectors.explanations import Explanation, explain
from scheduler.selectors.facts import MOST_LOOKED_BACK
from scheduler.services.controls import pause_schedule, skip_next
from scheduler.states import FireState, Reason, ScheduleState
from tests.integration.people import make_job, make_workspace
from tests.integration.run_rows import make_run
from tests.integration.schedule_answers.rows import (
    DAILY,
    NINE,
    NOW,
    change,
    change_job,
    make_event,
    make_fire,
    make_schedule,
)

pytestmark = pytest.mark.django_db

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def schedule(workspace: Workspace) -> Schedule:
    return make_schedule(workspace)


def ask(schedule: Schedule, at: object = "yesterday 09:00", now: dt.datetime = NOW) -> Explanation:
    schedule.refresh_from_db()
    schedule.job.refresh_from_db()
    return explain(schedule=schedule, at=at, now=now)


def ended_run(schedule: Schedule, at: dt.datetime, seconds: float = 72) -> Run:
    begun = at + dt.timedelta(milliseconds=200)
    return make_run(
        schedule.job, "s", created_at=begun, started_at=begun, ended_at=begun + dt.timedelta(seconds=seconds)
    )


class TestDecided:
    def test_it_ran(self, schedule: Schedule) -> None:
        run = ended_run(schedule, NINE)
        make_fire(schedule, state=FireState.FIRED, run_id=run.pk)
        found = ask(schedule)
        assert (found.verdict, found.fire_at, found.run_id) == (Verdict.FIRED, NINE, run.pk)
        assert found.sentence == (
            "Friday 20 November 2026, 09:00 (Europe/Berlin): it fired, 0.2 s late:"
            f" run {run.pk} succeeded after 1 m 12 s."
        )

    def test_its_run_was_erased(self, schedule: Schedule) -> None:
        make_fire(schedule, state=FireState.FIRED, run_id=4711)
        assert "run 4711, which was erased since" in ask(schedule).sentence

    def test_it_overlapped_with_runs_that_had_not_ended_then(self, schedule: Schedule) -> None:
        run, over = ended_run(schedule, NINE - DAY, seconds=86_460), ended_run(schedule, NINE - 2 * DAY)
        still = make_run(schedule.job, "q", schedule_id=schedule.pk, created_at=NINE - HOUR)
        later = make_run(schedule.job, "q", schedule_id=schedule.pk, created_at=NINE + HOUR)
        for number, each in enumerate((run, over), 1):
            make_fire(schedule, NINE - number * DAY, state=FireState.FIRED, run_id=each.pk)
        make_fire(schedule)
        found = ask(schedule)
        assert (found.verdict, found.reason) == (Verdict.SKIPPED, Reason.OVERLAP)
        assert f"(run {run.pk} ended on 20 November 2026, 09:01:00" in found.sentence
        assert f" and run {still.pk} is running still)." in found.sentence
        assert f"run {over.pk} " not in found.sentence
        assert f"run {later.pk} " not in found.sentence

    def test_somebody_had_asked_to_skip_it(self, schedule: Schedule) -> None:
        make_event(schedule, "schedule.skip_asked", NINE - HOUR, note="holiday", fire_at=NINE.isoformat())
        make_event(schedule, "schedule.skip_asked", NINE - HOUR, note="other", fire_at=(NINE + DAY).isoformat())
        make_fire(schedule, reason=Reason.ASKED)
        assert "asked for by ann on 20 November 2026, 08:00:00 (holiday)" in ask(schedule).sentence

    def test_its_job_was_paused_then_and_by_whom(self, schedule: Schedule) -> None:
        make_event(schedule, "job.paused", NINE - 2 * HOUR, note="disk full")
        make_event(schedule, "job.paused", NINE + HOUR, note="again")
        make_fire(schedule, reason=Reason.JOB_INACTIVE, detail="task:ping was paused")
        assert "task:ping was paused, by ann on 20 November 2026, 07:00:00 (disk full)." in ask(schedule).sentence

    def test_a_pause_that_was_over_is_not_blamed(self, schedule: Schedule) -> None:
        make_event(schedule, "job.paused", NINE - 2 * HOUR)
        make_event(schedule, "job.resumed", NINE - HOUR)
        make_fire(schedule, reason=Reason.JOB_INACTIVE, detail="task:ping was archived")
        assert ask(schedule).sentence.endswith("it was skipped: task:ping was archived.")

    def test_it_waits_behind_a_run(self, schedule: Schedule) -> None:
        run = make_run(schedule.job, "q", schedule_id=schedule.pk)
        make_run(schedule.job, "q")
        make_fire(schedule, state=FireState.BUFFERED)
        found = ask(schedule)
        assert found.verdict == Verdict.BUFFERED
        assert found.sentence.endswith(f"former run to end: run {run.pk} is running still.")

    def test_another_job_called_for_it(self, schedule: Schedule) -> None:
        at = NINE + HOUR + dt.timedelta(microseconds=123_456)
        upstream = {"job": "task:up", "run": 5, "state": "failed", "result": None}
        make_fire(
            schedule,
            at,
            cause="0:5",
            state=FireState.WAITING,
            due_at=NOW + HOUR,
            parameters={"upstream": upstream},
        )
        found = ask(schedule, "yesterday 10:00")
        assert (found.verdict, found.fire_at) == (Verdict.WAITING, at)
        assert "called for by run 5 of task:up, which failed, it waits for its delay, 1 h 0 m more" in found.sentence

    def test_a_backfill_ran_it_later(self, schedule: Schedule) -> None:
        run = ended_run(schedule, NOW - HOUR)
        make_fire(schedule, reason=Reason.MISFIRE, detail="it came up 2 h 0 m late")
        make_fire(schedule, cause="backfill:3", state=FireState.FIRED, detail="run by backfill 3", run_id=run.pk)
        found = ask(schedule)
        assert (found.verdict, found.reason, found.run_id) == (Verdict.SKIPPED, Reason.MISFIRE, run.pk)
        assert "it came up 2 h 0 m late; it was run by backfill 3 on 21 November 2026, 12:00:00" in found.sentence

    def test_a_decision_counts_though_the_schedule_was_changed_since(self, schedule: Schedule) -> None:
        make_fire(schedule, NINE + HOUR / 2)
        assert ask(schedule, "yesterday 09:30").verdict == Verdict.SKIPPED

    def test_other_schedules_are_not_asked(self, workspace: Workspace, schedule: Schedule) -> None:
        make_fire(make_schedule(workspace, "task:other"), NINE)
        assert ask(schedule).verdict == Verdict.UNKNOWN


class TestWhichTime:
    def test_the_very_instant_counts_before_another_of_the_same_minute(self, schedule: Schedule) -> None:
        make_fire(schedule, NINE + dt.timedelta(seconds=30))
        assert ask(schedule, "yesterday 09:00").fire_at == NINE
        assert ask(schedule, "yesterday 09:00:30").fire_at == NINE + dt.timedelta(seconds=30)

    def test_a_minute_means_the_first_fire_time_in_it(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace, triggers=[{"type": "cron", "expression": "10,40 0 9 * * ?"}])
        assert ask(schedule).fire_at == NINE + dt.timedelta(seconds=10)
        assert ask(schedule, "yesterday 09:00:00").verdict == Verdict.NO_SUCH_TIME

    def test_an_instant_is_an_instant(self, schedule: Schedule) -> None:
        make_fire(schedule)
        assert ask(schedule, "2026-11-20T08:00:00Z").fire_at == NINE
        assert ask(schedule, NINE).fire_at == NINE

    def test_of_a_time_that_comes_twice_each_fire_is_told(self, workspace: Workspace) -> None:
        both = {"gap": "skip", "overlap": "both"}
        schedule = make_schedule(workspace, triggers=[{"type": "cron", "expression": "30 2 * * *"}], dst=both)
        first = dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
        make_fire(schedule, first, reason=Reason.ASKED)
        make_fire(schedule, first + HOUR, reason=Reason.OVERLAP)
        found = ask(schedule, "2026-10-25T02:30")
        assert found.fire_at == first
        assert "02:30 (UTC+02:00) (Europe/Berlin): it was skipped: somebody had asked" in found.sentence
        assert "02:30 (UTC+01:00) (Europe/Berlin): it was skipped: its former run" in found.sentence

    def test_what_is_no_time_is_refused(self, schedule: Schedule) -> None:
        with pytest.raises(ValidationError, match="at: expected a time"):
            ask(schedule, "some day")


class TestNoSuchTime:
    def test_with_those_around_it(self, schedule: Schedule) -> None:
        found = ask(schedule, "yesterday 10:00")
        assert (found.verdict, found.before, found.after) == (Verdict.NO_SUCH_TIME, NINE, NINE + DAY)
        assert found.sentence == (
            "Friday 20 November 2026, 10:00 (Europe/Berlin): it is no fire time of the schedule, which runs: At 09:00."
            " Of its fire times, the one before is Friday 20 November 2026, 09:00 and the one after is"
            " Saturday 21 November 2026, 09:00."
        )

    def test_what_was_decided_counts_among_those_around_it(self, schedule: Schedule) -> None:
        make_fire(schedule, NINE + HOUR / 2)
        make_fire(schedule, NINE + 2 * HOUR)
        found = ask(schedule, "yesterday 10:00")
        assert (found.before, found.after) == (NINE + HOUR / 2, NINE + 2 * HOUR)

    def test_there_is_none_before_the_schedule_was_made(self, schedule: Schedule) -> None:
        change(schedule, anchor_at=NINE + HOUR / 2)
        assert ask(schedule, "yesterday 10:00").before is None

    @pytest.mark.parametrize(
        ("bounds", "words"),
        [
            ({"start_date": "2026-11-21"}, "before the schedule's start, Saturday 21 November 2026, 00:00"),
            ({"end_date": "2026-11-18"}, "after the schedule's end, Wednesday 18 November 2026, 23:59:59.999999"),
        ],
    )
    def test_because_of_a_bound(self, workspace: Workspace, bounds: dict[str, Any], words: str) -> None:
        found = ask(make_schedule(workspace, **bounds))
        assert found.verdict == Verdict.NO_SUCH_TIME
        assert words in found.sentence

    def test_because_its_trigger_is_not_enabled(self, workspace: Workspace) -> None:
        noon = {"type": "cron", "expression": "0 12 * * *"}
        nine = DAILY["triggers"][0] | {"enabled": False}
        found = ask(make_schedule(workspace, triggers=[noon, nine]))
        assert found.verdict == Verdict.NO_SUCH_TIME
        assert "trigger 2 of the schedule (At 09:00) is not enabled" in found.sentence

    def test_of_a_schedule_that_waits_for_other_jobs_only(self, workspace: Workspace) -> None:
        make_job(workspace, "task:up")
        found = ask(make_schedule(workspace, triggers=[{"type": "job", "jobs": ["task:up"]}]))
        assert "the schedule has no times of its own: After task:up succeeded" in found.sentence
        assert found.sentence.endswith("It has no fire times around it.")


class TestGap:
    """02:30 on the day on which the clocks go forward."""

    AT = "2026-03-29T02:30"
    END = dt.datetime(2026, 3, 29, 1, tzinfo=dt.UTC)

    def schedule(self, workspace: Workspace, expression: str, **parts: Any) -> Schedule:
        schedule = make_schedule(workspace, triggers=[{"type": "cron", "expression": expression}], **parts)
        change(schedule, anchor_at=self.END - 30 * DAY)
        return schedule

    def test_it_did_not_run_because_there_was_no_such_time(self, workspace: Workspace) -> None:
        found = ask(self.schedule(workspace, "0 30 2 * * ?"), self.AT)
        assert (found.verdict, found.fire_at) == (Verdict.GAP, None)
        assert found.sentence.startswith(
            "02:30 on 29 March 2026 does not exist in Europe/Berlin: the clocks go forward from 02:00 to 03:00."
            " Of its fire times, the one before is Saturday 28 March 2026, 02:30"
        )

    def test_what_ran_instead_is_told(self, workspace: Workspace) -> None:
        schedule = self.schedule(workspace, "30 2 * * *")
        make_fire(schedule, self.END)
        found = ask(schedule, self.AT)
        assert (found.verdict, found.fire_at) == (Verdict.GAP, self.END)
        assert "The next fire time is Sunday 29 March 2026, 03:00 (Europe/Berlin): it was skipped" in found.sentence


class TestNotDecided:
    def test_the_schedule_did_not_exist(self, schedule: Schedule) -> None:
        change(schedule, anchor_at=NINE + HOUR)
        assert ask(schedule).verdict == Verdict.NOT_CREATED

    def test_the_schedule_was_paused_and_by_whom(self, schedule: Schedule) -> None:
        make_event(schedule, "schedule.paused", NINE - HOUR, note="disk full")
        make_event(schedule, "schedule.resumed", NINE + HOUR)
        found = ask(schedule)
        assert found.verdict == Verdict.PAUSED
        assert "the schedule was paused then: by ann on 20 November 2026, 08:00:00 (disk full)." in found.sentence

    def test_a_pause_before_or_after_is_not_blamed(self, workspace: Workspace, schedule: Schedule) -> None:
        for kind, at in (("paused", -3), ("resumed", -2), ("paused", 1), ("resumed", 2)):
            make_event(schedule, f"schedule.{kind}", NINE + at * HOUR)
        make_event(make_schedule(workspace, "task:other"), "schedule.paused", NINE - HOUR)
        assert ask(schedule).verdict == Verdict.UNKNOWN

    def test_the_schedule_is_paused_since_and_its_events_were_erased(self, schedule: Schedule) -> None:
        since = {"actor": "ben", "at": (NINE - HOUR).isoformat(), "note": ""}
        change(schedule, state=ScheduleState.PAUSED, state_change=since, next_fire_at=None, next_run_at=None)
        assert "by ben on 20 November 2026, 08:00:00" in ask(schedule).sentence

    def test_the_schedule_was_changed_since(self, schedule: Schedule) -> None:
        make_event(schedule, "schedule.updated", NINE + HOUR)
        make_event(schedule, "schedule.updated", NINE + 2 * HOUR)
        found = ask(schedule)
        assert found.verdict == Verdict.OTHERWISE_THEN
        assert "it was changed by ann on 20 November 2026, 10:00:00" in found.sentence

    def test_a_change_before_is_not_blamed(self, schedule: Schedule) -> None:
        make_event(schedule, "schedule.updated", NINE - HOUR)
        assert ask(schedule).verdict == Verdict.UNKNOWN

    def test_the_schedule_is_not_enabled(self, workspace: Workspace) -> None:
        assert ask(make_schedule(workspace, enabled=False)).verdict == Verdict.NOT_ENABLED

    def test_the_schedule_has_ended(self, schedule: Schedule) -> None:
        change(schedule, state=ScheduleState.ENDED, decided_until=NINE - DAY, next_fire_at=None, next_run_at=None)
        assert ask(schedule).verdict == Verdict.ENDED

    def test_it_could_not_be_fired(self, schedule: Schedule) -> None:
        change(schedule, decided_until=NINE - DAY, problem="no such zone")
        assert "it could not be fired (no such zone), and is tried again" in ask(schedule).sentence

    def test_its_document_cannot_be_read(self, schedule: Schedule) -> None:
        change(schedule, document={"triggers": [{"type": "cron", "expression": "gone"}]})
        found = ask(schedule)
        assert found.verdict == Verdict.BROKEN
        assert "triggers.0.expression" in found.sentence


class TestToCome:
    def test_it_is_not_due(self, schedule: Schedule) -> None:
        found = ask(schedule, "tomorrow 09:00")
        assert (found.verdict, found.fire_at) == (Verdict.NOT_DUE, NINE + 2 * DAY)
        assert found.sentence.endswith("it is not due yet: it fires in 20 h 0 m.")

    def test_it_is_excluded(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace, exclusions=[{"kind": "dates", "dates": ["2026-11-22"]}])
        found = ask(schedule, "tomorrow 09:00")
        assert (found.verdict, found.reason) == (Verdict.NOT_DUE, Reason.EXCLUDED)

    def test_somebody_asked_to_skip_it(self, schedule: Schedule) -> None:
        skipped = skip_next(schedule=schedule, actor="ann", note="holiday")
        found = ask(schedule, skipped, now=skipped - HOUR)
        assert (found.verdict, found.reason) == (Verdict.NOT_DUE, Reason.ASKED)
        assert "1 h 0 m ahead and will be skipped: asked for by ann" in found.sentence

    def test_the_schedule_is_paused(self, schedule: Schedule) -> None:
        pause_schedule(schedule=schedule, actor="ann", note="wait")
        later = dt.datetime.now(dt.UTC)
        found = ask(schedule, (later + 2 * DAY).date().isoformat() + "T09:00", now=later)
        assert found.verdict == Verdict.PAUSED
        assert "the schedule was paused by ann on" in found.sentence
        assert "(wait): until it is resumed" in found.sentence

    def test_the_job_is_paused(self, schedule: Schedule) -> None:
        pause_job(job=schedule.job, actor="ann", note="wait")
        later = dt.datetime.now(dt.UTC)
        found = ask(schedule, (later + 2 * DAY).date().isoformat() + "T09:00", now=later)
        assert (found.verdict, found.reason) == (Verdict.NOT_DUE, Reason.JOB_INACTIVE)
        assert "it is paused now (paused by ann on" in found.sentence

    def test_the_job_is_a_draft(self, schedule: Schedule) -> None:
        change_job(schedule.job, state="draft")
        assert "unless task:ping is active by then; it is draft now." in ask(schedule, "tomorrow 09:00").sentence


class TestBeats:
    """Whether anybody is there who could fire it."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_without_one_it_says_so_and_with_one_it_does_not(self, schedule: Schedule) -> None:
        change(schedule, decided_until=NINE - DAY)
        assert NO_BEAT in ask(schedule).sentence
        leadership = Leadership()
        try:
            assert leadership.held()
            found = ask(schedule)
        finally:
            leadership.release()
            hotpath.close()
        assert found.verdict == Verdict.LATE
        assert found.sentence.endswith(f"late, and no beat has dealt with it yet; {BUSY_BEAT}.")


class TestLongHistory:
    """A schedule that has fired for years, of a job whose runs have left a multitude of events."""

    def test_answers_step_into_indexes(self, schedule: Schedule) -> None:
        run = ended_run(schedule, NINE)
        make_fire(schedule)
        with connection.cursor() as cursor:
            cursor.execute(_HISTORY, {"schedule": schedule.pk, "run": run.pk})
            cursor.execute("ANALYZE jobs_event, scheduler_fire, jobs_run")
        with CaptureQueriesContext(connection) as queries:
            ask(schedule)
            ask(schedule, "yesterday 10:00")
        assert len(queries) < 30
        for query in queries.captured_queries:
            if any(table in query["sql"] for table in ("jobs_event", "scheduler_fire")):
                assert _rows_read(query["sql"]) <= MOST_LOOKED_BACK, query["sql"]


_HISTORY = """
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT s.workspace_id, s.job_id, %(run)s, 'run.created', '', '{}', now()
    FROM scheduler_schedule AS s, generate_series(1, 20000) WHERE s.id = %(schedule)s;
    INSERT INTO scheduler_fire (schedule_id, fire_at, cause, state, reason, detail, decided_at)
    SELECT %(schedule)s, '2026-11-01T00:00:00Z'::timestamptz - n * interval '1 minute', '', 'skipped', 'overlap', '', now()
    FROM generate_series(1, 20000) AS n
"""


def _rows_read(query: str) -> float:
    """By a statement's plan: also the rows that a filter dropped."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
        [plan] = cursor.fetchone()[0]

    def rows(node: dict[str, Any]) -> float:
        dropped = sum(value for key, value in node.items() if key.startswith("Rows Removed by"))
        own = (node["Actual Rows"] + dropped) * node["Actual Loops"]
        return max([float(own), *map(rows, node.get("Plans", []))])

    return rows(plan["Plan"])
