"""Which runs a cleanup erases, and with what."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from jobs import cleaners
from jobs.claims import cleanup as claims
from jobs.models import Cleanup, Event, FollowUp, Handle, Job, Lane, Payload, Pin, Requeued, Run, Workspace
from jobs.services import cleanup
from jobs.services.cleanup import MemoryLedger, PayloadLedger, step
from jobs.services.jobs import delete_job
from tests.integration.cleanup.history import DAY, NOW, clean, kept, old_run, order, rows_beside, steps
from tests.integration.people import make_job, make_workspace
from tests.integration.run_rows import make_ended_run, make_lane, make_run, requeue

pytestmark = pytest.mark.django_db(transaction=True)

BESIDE = {"payloads": 2, "attempts": 1, "log_lines": 1, "events": 1}


class TestAge:
    def test_a_run_that_ended_before_the_time_goes_with_all_that_is_kept_beside_it(self, job: Job) -> None:
        old, young = old_run(job, 31), old_run(job, 29)
        assert clean(order(job)) == {"runs": 1, **BESIDE}
        assert kept() == [young.pk]
        assert (rows_beside(old), rows_beside(young)) == (0, 5)

    def test_the_end_counts_and_not_the_beginning(self, job: Job) -> None:
        long_one = old_run(job, 40, ended_at=NOW - 29 * DAY)
        assert clean(order(job)) == {}
        assert kept() == [long_one.pk]

    def test_a_run_that_has_not_ended_stays_however_old(self, job: Job) -> None:
        at_work = make_run(job, "q", created_at=NOW - 400 * DAY)
        assert clean(order(job)) == {}
        assert kept() == [at_work.pk]

    def test_runs_behind_a_page_of_others_are_found(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cleanup, "PAGE", 2)
        active = [make_run(job, "q", created_at=NOW - 50 * DAY) for _ in range(3)]
        for _ in range(5):
            old_run(job)
        assert clean(order(job))["runs"] == 5
        assert kept() == [run.pk for run in active]

    def test_the_first_page_without_an_old_run_is_the_last(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cleanup, "PAGE", 2)
        for days in (40, 40, 1, 1, 1, 1):
            old_run(job, days)
        runs_only = order(job, what=["runs"])
        assert len(steps(runs_only, MemoryLedger())) == 2


class TestWhatStays:
    def test_the_newest_runs_of_each_job(self, job: Job, workspace: Workspace) -> None:
        other = make_job(workspace, "task:other")
        runs = [old_run(each) for each in (job, other) for _ in range(3)]
        assert clean(order(job, keep_newest=2))["runs"] == 2
        assert kept() == [runs[1].pk, runs[2].pk, runs[4].pk, runs[5].pk]

    def test_newest_among_those_that_have_ended(self, job: Job) -> None:
        ended = old_run(job)
        make_run(job, "q", created_at=NOW)
        assert clean(order(job, keep_newest=1)) == {}
        assert ended.pk in kept()

    def test_a_job_with_fewer_runs_than_it_keeps_loses_none(self, job: Job) -> None:
        old_run(job)
        assert clean(order(job, keep_newest=2)) == {}

    def test_runs_of_a_deleted_job_are_not_kept_for_being_the_newest(self, job: Job) -> None:
        run = old_run(job)
        delete_job(job=job, actor="test")
        assert clean(order(job, keep_newest=5))["runs"] == 1
        assert run.pk not in kept()

    def test_a_pinned_run_with_all_that_is_kept_beside_it(self, job: Job) -> None:
        pinned, other = old_run(job), old_run(job)
        Pin.objects.create(run=pinned)
        assert clean(order(job))["runs"] == 1
        assert kept() == [pinned.pk]
        assert (rows_beside(pinned), rows_beside(other)) == (5, 0)

    @pytest.mark.parametrize("what", [["results"], ["log_lines"], ["attempts"], ["events"]])
    def test_every_part_of_a_pinned_run(self, job: Job, what: list[str]) -> None:
        Pin.objects.create(run=old_run(job))
        assert clean(order(job, what=what)) == {}

    @pytest.mark.parametrize("left", [Lane, Handle, FollowUp])
    def test_a_run_of_which_something_is_still_to_be_done(self, job: Job, left: Any) -> None:
        run = old_run(job)
        if left is Lane:
            make_lane(run)
        elif left is Handle:
            Handle.objects.create(run=run, position=0, lane=1, kind="process")
        else:
            FollowUp.objects.create(run=run, job=job, kind="check_failures")
        assert clean(order(job)) == {}
        left.objects.all().delete()
        assert clean(order(job))["runs"] == 1

    def test_a_run_from_which_an_active_one_comes(self, job: Job) -> None:
        origin = old_run(job)
        rerun = make_run(job, "q", origin=origin)
        assert clean(order(job)) == {}
        Run.objects.filter(pk=rerun.pk).update(state="cancelled", ended_at=NOW, wake_at=None)
        assert clean(order(job))["runs"] == 1
        rerun.refresh_from_db()
        assert rerun.origin_id is None

    def test_what_another_workspace_has(self, job: Job) -> None:
        theirs = old_run(make_job(make_workspace("other")))
        old_run(job)
        clean(order(job))
        assert kept() == [theirs.pk]
        assert rows_beside(theirs) == 5


class TestChains:
    def test_a_run_and_the_one_that_it_came_from_go_together(self, job: Job) -> None:
        origin = old_run(job)
        old_run(job, origin=origin)
        assert clean(order(job))["runs"] == 2

    def test_positions_out_of_line_go_with_their_run(self, job: Job) -> None:
        requeue(old_run(job), 0)
        assert clean(order(job))["runs"] == 1
        assert not Requeued.objects.exists()


class TestFilter:
    @pytest.fixture
    def runs(self, job: Job, workspace: Workspace) -> dict[str, Run]:
        """One run of each of three jobs; that of the last failed and was cancelled."""
        jobs = {"ping": job} | {
            name: make_job(workspace, f"task:{name}") for name in ("report-a", "report_b", "reportxb")
        }
        return {name: old_run(each, state="cancelled" if name == "ping" else "failed") for name, each in jobs.items()}

    @pytest.mark.parametrize(
        ("what", "gone"),
        [
            ({"jobs": ["task:ping"]}, {"ping"}),
            ({"jobs": ["task:report*"]}, {"report-a", "report_b", "reportxb"}),
            ({"jobs": ["task:report_*"]}, {"report_b"}),
            ({"jobs": ["task:*"], "except_jobs": ["task:rep*b"]}, {"ping", "report-a"}),
            ({"except_jobs": ["task:ping"]}, {"report-a", "report_b", "reportxb"}),
            ({"jobs": ["datasource:*"]}, set()),
            ({"states": ["cancelled"]}, {"ping"}),
            ({"states": ["succeeded"]}, set()),
        ],
    )
    def test_it_takes_what_fits(self, runs: dict[str, Run], job: Job, what: dict[str, Any], gone: set[str]) -> None:
        clean(order(job, **what))
        assert {name for name, run in runs.items() if run.pk not in kept()} == gone

    def test_a_deleted_job_is_known_by_its_key(self, runs: dict[str, Run], job: Job) -> None:
        delete_job(job=job, actor="test")
        assert clean(order(job, jobs=["task:ping"]))["runs"] == 1


class TestParts:
    @pytest.mark.parametrize(("what", "rows"), [("log_lines", 1), ("attempts", 1), ("events", 1), ("results", 1)])
    def test_a_part_goes_alone_where_only_that_is_asked_for(self, job: Job, what: str, rows: int) -> None:
        run, young = old_run(job), old_run(job, 1)
        assert clean(order(job, what=[what])) == {what: rows}
        assert kept() == [run.pk, young.pk]
        assert rows_beside(run) == 5 - (what != "results")
        assert rows_beside(young) == 5

    def test_results_go_from_the_payloads_and_from_the_run(self, job: Job) -> None:
        run = old_run(job)
        clean(order(job, what=["results"]))
        run.refresh_from_db()
        assert run.result is None
        assert Payload.objects.get(run=run, position=0).result is None
        assert Payload.objects.get(run=run, position=0).state == "succeeded"

    def test_a_run_keeps_since_when_its_results_are_erased(self, job: Job) -> None:
        run, young = old_run(job), old_run(job, 1)
        clean(order(job, what=["results"]))
        marked = Run.objects.get(pk=run.pk).results_erased_at
        assert marked is not None
        clean(order(job, what=["results"]))
        assert Run.objects.get(pk=run.pk).results_erased_at == marked
        assert Run.objects.get(pk=young.pk).results_erased_at is None

    def test_a_run_that_never_had_results_is_not_said_to_have_lost_them(self, job: Job) -> None:
        run = old_run(job, states="f", result=None)
        clean(order(job, what=["results"]))
        assert Run.objects.get(pk=run.pk).results_erased_at is None

    def test_a_run_whose_results_are_half_erased_has_lost_them(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("jobs.services.cleanup.LIMIT", 1)
        run = old_run(job, states="ss", result=None)
        step(order=order(job, what=["results"]), ledger=MemoryLedger())
        assert Payload.objects.filter(run=run, result__isnull=True).count() == 1
        assert Run.objects.get(pk=run.pk).results_erased_at is not None

    def test_every_table_that_refers_to_runs_is_cleaned_or_keeps_its_run(self) -> None:
        """Or the database would refuse to erase runs. A new table stands here with the part that erases its rows."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE confrelid = 'jobs_run'::regclass"
            )
            referring = {table for (table,) in cursor.fetchall()}
        keeps_its_run = {"jobs_pin", "jobs_lane", "jobs_handle", "jobs_follow_up"}
        goes_with_the_run = {"jobs_run", "jobs_requeued", "jobs_cleanup"}  # and payloads, which have no foreign key
        erased_by = {
            "jobs_attempt": "attempts",
            "jobs_log_line": "log_lines",
            "jobs_rejected_row": "rejected_rows",
            "jobs_stored_file": "files",
            "sinks_handover": "deliveries",
        }
        assert referring == keeps_its_run | goes_with_the_run | set(erased_by)
        assert set(erased_by.values()) <= {part.name for part in cleaners.parts()}


class TestAudit:
    def test_what_somebody_did_outlives_the_run(self, job: Job) -> None:
        run = old_run(job)
        Event.objects.create(workspace=job.workspace, job=job, run=run, kind="run.cancelling", actor="ann")
        assert clean(order(job)) == {"runs": 1, **BESIDE}
        deed = Event.objects.get(actor="ann")
        assert (deed.run_id, deed.kind) == (run.pk, "run.cancelling")

    def test_it_goes_with_the_run_when_told(self, job: Job) -> None:
        run = old_run(job)
        Event.objects.create(workspace=job.workspace, job=job, run=run, kind="run.cancelling", actor="ann")
        counts = clean(order(job, audit=True))
        assert (counts["runs"], counts["events"]) == (1, 2)
        assert not Event.objects.filter(run_id=run.pk).exists()

    @pytest.mark.parametrize("audit", [False, True])
    def test_what_was_done_to_jobs_goes_only_when_told(self, job: Job, audit: bool) -> None:
        Event.objects.update(at=NOW - 40 * DAY)
        young = Event.objects.create(workspace=job.workspace, kind="group.updated", actor="ann", at=NOW)
        before = Event.objects.count()
        counts = clean(order(job, audit=audit))
        assert counts == ({"audit": before - 1} if audit else {})
        assert Event.objects.count() == (1 if audit else before)
        assert Event.objects.filter(pk=young.pk).exists()

    def test_what_outlived_its_run_goes_later_when_told(self, job: Job) -> None:
        run, living = old_run(job), old_run(job, 1)
        for each in (run, living):
            Event.objects.create(workspace=job.workspace, run=each, kind="x", actor="ann", at=NOW - 40 * DAY)
        clean(order(job))
        Event.objects.filter(run__isnull=True).delete()
        assert clean(order(job, audit=True)) == {"audit": 1}
        assert Event.objects.filter(actor="ann").get().run_id == living.pk

    def test_only_of_the_jobs_that_are_meant_and_of_the_workspace(self, job: Job, workspace: Workspace) -> None:
        make_job(workspace, "task:other")
        make_job(make_workspace("other"))
        Event.objects.update(at=NOW - 40 * DAY)
        assert clean(order(job, audit=True, jobs=["task:p*"])) == {"audit": 1}
        assert Event.objects.filter(workspace=workspace).get().data["key"] == "task:other"
        assert Event.objects.exclude(workspace=workspace).count() == 1

    def test_page_by_page(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(claims, "AUDIT_PAGE", 2)
        for _ in range(5):
            Event.objects.create(workspace=job.workspace, kind="x", actor="ann")
        Event.objects.update(at=NOW - 40 * DAY)
        assert clean(order(job, audit=True)) == {"audit": 6}


class TestDryRun:
    @pytest.mark.parametrize(
        "what", [{}, {"what": ["results", "log_lines"]}, {"audit": True}, {"states": ["failed"]}, {"keep_newest": 1}]
    )
    def test_it_counts_what_would_go_and_erases_nothing(self, job: Job, what: dict[str, Any]) -> None:
        runs = [old_run(job), old_run(job), old_run(job, 1)]
        Pin.objects.create(run=old_run(job))
        counted = clean(order(job, dry_run=True, **what))
        assert kept()[:3] == [run.pk for run in runs]
        assert [rows_beside(run) for run in runs] == [5, 5, 5]
        assert Payload.objects.filter(result__isnull=False).count() == 4
        assert counted == clean(order(job, **what))


class TestSteps:
    def test_what_is_too_much_for_one_transaction_goes_in_several(
        self, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cleanup, "LIMIT", 2)
        run = old_run(job, states="s" * 7, result=None)
        ledger = MemoryLedger()
        first = step(order=order(job), ledger=ledger)
        assert (first.counts["runs"], first.counts["payloads"], first.is_done) == (0, 2, False)
        assert kept() == [run.pk]
        assert clean(order(job), ledger) == {"runs": 1, **BESIDE, "payloads": 7}

    def test_the_place_is_kept_with_what_was_erased(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cleanup, "PAGE", 1)
        for _ in range(3):
            old_run(job)
        cleaning = make_run(job, "q", created_at=NOW)
        ledger = PayloadLedger(run_id=cleaning.pk, position=0)
        step(order=order(job), ledger=ledger)
        step(order=order(job), ledger=ledger)
        again = PayloadLedger(run_id=cleaning.pk, position=0)
        assert clean(order(job), again)["runs"] == 3

    def test_a_step_that_fails_changes_neither_rows_nor_place(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        run, cleaning = old_run(job), make_run(job, "q", created_at=NOW)
        ledger = PayloadLedger(run_id=cleaning.pk, position=0)

        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("the worker dies")

        monkeypatch.setattr(claims, "keep_place", fail)
        with pytest.raises(RuntimeError):
            step(order=order(job), ledger=ledger)
        assert run.pk in kept()
        assert rows_beside(run) == 5
        assert not Cleanup.objects.exists()

    def test_a_cleanup_that_is_done_does_nothing_more(self, job: Job) -> None:
        cleaning = make_run(job, "q", created_at=NOW)
        ledger = PayloadLedger(run_id=cleaning.pk, position=0)
        clean(order(job), ledger)
        late = old_run(job)
        assert clean(order(job), ledger) == {}
        assert late.pk in kept()

    def test_the_place_goes_with_its_run(self, job: Job) -> None:
        cleaning = make_ended_run(job, created_at=NOW - 40 * DAY, ended_at=NOW - 40 * DAY)
        Cleanup.objects.create(run=cleaning, position=0)
        clean(order(job))
        assert not Cleanup.objects.exists()
