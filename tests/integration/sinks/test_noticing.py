"""What happens to jobs is told by rules: once, whatever dies in between, and only to who asked."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from jobs import claims, hotpath
from jobs.errors import ConflictError, PermanentError, TransientError
from jobs.models import Job, Occurrence, Payload, Run, Workspace
from jobs.services.closing import close_runs
from jobs.services.follow_ups import work_off as work_off_follow_ups
from jobs.services.jobs import save_job
from jobs.services.reruns import replay
from jobs.services.runs import start_run
from jobs.states import Trigger
from sinks import wording
from sinks.base import Parcel
from sinks.models import Delivery, Notice, Rule, Sink, Watch
from sinks.services import noticing
from sinks.services.naming import delete_sink, save_sink
from sinks.services.redelivering import redeliver
from sinks.services.ruling import delete_rule, save_rule
from tests.integration.engine.makers import until_somebody_waits
from tests.integration.sinks.makers import end_run, finish, make_job
from tests.integration.sinks.obedient import Target
from tests.integration.sinks.test_delivering import deliver, refusing
from workers.noticing import tell

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def workspace(target: Target) -> Workspace:
    return Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})[0]


@pytest.fixture
def pager(workspace: Workspace) -> Sink:
    """Where notices go."""
    return save_sink(workspace=workspace, document={"name": "pager", "kind": "obedient"}, actor="ann")


def make_rule(pager: Sink, **said: Any) -> Rule:
    document = {"name": "on-call", "sink": pager.name, **said}
    return save_rule(workspace=pager.workspace, document=document, actor="ann")


def told(target: Target) -> list[str]:
    """What arrived, a list of events a parcel."""
    deliver()
    return [" ".join(each["event"] for each in notices) for _, notices in target.delivered]


class TestARunOfAWatchedJob:
    def test_a_failure_arrives_with_why_and_with_its_link(self, pager: Sink, target: Target, settings: Any) -> None:
        settings.JOBS_PUBLIC_URL = "https://jobs.example.org"
        make_rule(pager)
        run = end_run(make_job(), failed=[1])
        tell()
        deliver()
        [(_, [notice])] = target.delivered
        shown = {name: notice[name] for name in ("event", "rule", "job", "run", "in_a_row", "error", "link")}
        assert shown == {
            "event": "run.failed",
            "rule": "on-call",
            "job": "task:ping",
            "run": run.pk,
            "in_a_row": 1,
            "error": "no",
            "link": f"https://jobs.example.org/admin/jobs/run/{run.pk}/change/",
        }

    def test_is_told_once_however_often_it_is_swept(self, pager: Sink, target: Target) -> None:
        make_rule(pager)
        end_run(make_job(), failed=[1])
        tell()
        tell()
        assert told(target) == ["run.failed"]
        assert not Occurrence.objects.exists()

    def test_the_recovery_follows_the_failure(self, pager: Sink, target: Target) -> None:
        make_rule(pager)
        job = make_job()
        for failed in ([1], [0, 1], [], []):
            end_run(job, failed=failed)
            tell()
        assert told(target) == ["run.failed", "run.failed", "run.recovered"]
        assert target.delivered[-1][1][0]["in_a_row"] == 2

    def test_n_in_a_row_are_counted_over_sweeps(self, pager: Sink, target: Target) -> None:
        make_rule(pager, in_a_row=2)
        job = make_job()
        for failed in ([1], [], [1], [1]):
            end_run(job, failed=failed)
            tell()
        assert told(target) == ["run.failed"]

    def test_a_replay_tells_nothing(self, pager: Sink, target: Target) -> None:
        make_rule(pager)
        run = end_run(make_job(), failed=[1])
        tell()
        replay(run=run, actor="ann")
        assert not Occurrence.objects.exists()

    def test_the_first_words_of_a_long_error_are_enough(self, pager: Sink, target: Target) -> None:
        make_rule(pager)
        run = Run.objects.get(pk=start_run(job=make_job(), trigger=Trigger.MANUAL))
        finish(run, failed=[0])
        Payload.objects.filter(run=run, position=0).update(error={"message": "x" * 1000 + "\nand more"})
        close_runs(run_ids=[run.pk])
        tell()
        deliver()
        assert target.delivered[0][1][0]["error"] == "x" * 300


class TestWhatIsNotWatched:
    def test_a_job_without_a_rule_writes_nothing(self, workspace: Workspace) -> None:
        end_run(make_job(), failed=[1])
        assert not Occurrence.objects.exists()

    def test_a_rule_is_about_its_jobs_alone(self, pager: Sink, target: Target) -> None:
        make_rule(pager, jobs={"keys": ["task:ping"]})
        end_run(make_job(name="pong"), failed=[1])
        assert not Occurrence.objects.exists()
        end_run(make_job(), failed=[1])
        assert Occurrence.objects.count() == 1

    def test_another_workspace_is_told_nothing(self, pager: Sink, target: Target) -> None:
        make_rule(pager)
        other = Workspace.objects.create(slug="other", name="Other")
        end_run(make_job(workspace=other), failed=[1])
        tell()
        assert told(target) == []

    def test_a_disabled_rule_tells_nothing_and_watches_nothing(self, pager: Sink) -> None:
        make_rule(pager)
        job = make_job()
        make_rule(pager, enabled=False)
        end_run(job, failed=[1])
        assert not Occurrence.objects.exists()

    def test_a_job_that_gets_the_tag_is_watched_from_then_on(self, pager: Sink) -> None:
        make_rule(pager, jobs={"tags": ["nightly"]})
        job = make_job()
        assert not job.watched
        document = job.document() | {"tags": ["nightly"]}
        assert save_job(workspace=pager.workspace, document=document, actor="ann").watched
        job.refresh_from_db()
        assert job.watched

    def test_with_its_last_rule_a_job_is_watched_no_longer(self, pager: Sink) -> None:
        rule = make_rule(pager)
        job = make_job()
        delete_rule(rule=rule, actor="ann")
        job.refresh_from_db()
        assert not job.watched

    def test_a_rule_and_a_job_that_are_saved_at_once_see_each_other(self, pager: Sink) -> None:
        """The rule is saved while the job's transaction is open: it waits for it."""
        saved = threading.Event()

        def save() -> None:
            try:
                make_rule(pager)
                saved.set()
            finally:
                connections.close_all()

        thread = threading.Thread(target=save)
        with transaction.atomic():
            job = make_job()
            thread.start()
            until_somebody_waits()
            assert not saved.is_set()
        thread.join()
        job.refresh_from_db()
        assert job.watched


class TestWhoDies:
    def test_a_sweep_that_dies_before_its_commit_has_done_nothing(
        self, pager: Sink, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_rule(pager)
        end_run(make_job(), failed=[1])

        class Killed(BaseException):
            pass

        def die(*_: Any, **__: Any) -> None:
            raise Killed

        for place in ("Delivery.objects.bulk_create", "Notice.objects.bulk_create", "Occurrence.objects.filter"):
            with monkeypatch.context() as patched:
                patched.setattr(f"sinks.services.noticing.{place}", die)
                with pytest.raises(Killed):
                    tell()
            assert (Notice.objects.count(), Delivery.objects.count(), Watch.objects.count()) == (0, 0, 0)
            assert Occurrence.objects.count() == 1
        tell()
        assert told(target) == ["run.failed"]

    def test_a_sweep_tells_of_so_much_at_most_and_calls_the_deliverers_once(
        self, pager: Sink, published: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(noticing, "BATCH", 2)
        make_rule(pager)
        for at in range(12):
            end_run(make_job(name=f"job-{at}", payloads=1), failed=[0])
        published.clear()
        tell()
        assert (Occurrence.objects.count(), Notice.objects.count(), published) == (2, 10, ["deliver"])
        tell()
        assert (Occurrence.objects.count(), Notice.objects.count(), published) == (0, 12, ["deliver"] * 2)

    def test_of_two_sweeps_one_tells_and_the_other_leaves(self, pager: Sink, target: Target) -> None:
        make_rule(pager)
        end_run(make_job(), failed=[1])
        seen: list[int] = []

        def other() -> None:
            try:
                seen.append(noticing.work_off(now=timezone.now()))
            finally:
                connections.close_all()

        with noticing.alone() as taken:
            assert taken
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
        assert (seen, Occurrence.objects.count()) == ([0], 1)
        tell()
        assert told(target) == ["run.failed"]

    def test_many_sweeps_side_by_side_tell_everything_once(self, pager: Sink, target: Target) -> None:
        make_rule(pager, in_a_row=2)
        jobs = [make_job(name=f"job-{at}", payloads=1) for at in range(3)]
        over = threading.Event()

        def sweep() -> None:
            try:
                while not over.is_set():
                    tell()
            finally:
                connections.close_all()

        sweeps = [threading.Thread(target=sweep) for _ in range(3)]
        for each in sweeps:
            each.start()
        try:
            for _ in range(6):
                for job in jobs:
                    end_run(job, failed=[0])
        finally:
            over.set()
            for each in sweeps:
                each.join()
        tell()
        deliver()
        told_of = sorted((each["job"], each["in_a_row"]) for _, notices in target.delivered for each in notices)
        assert told_of == [(f"task:job-{at}", row) for at in range(3) for row in (2, 4, 6)]

    def test_one_that_cannot_be_told_is_dropped_and_the_others_are_told(
        self, pager: Sink, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_rule(pager)
        bad, good = end_run(make_job(), failed=[1]), end_run(make_job(name="pong"), failed=[1])
        document_of = wording.document_of

        def broken(told: Any, **said: Any) -> Any:
            assert told.happening.run != bad.pk
            return document_of(told, **said)

        monkeypatch.setattr(noticing, "document_of", broken)
        tell()
        deliver()
        assert [notices[0]["run"] for _, notices in target.delivered] == [good.pk]
        assert not Occurrence.objects.exists()

    def test_what_happened_to_a_job_that_is_gone_is_not_told(self, pager: Sink, target: Target) -> None:
        make_rule(pager)
        job = make_job()
        end_run(job, failed=[1])
        Job.objects.filter(pk=job.pk).delete()
        tell()
        assert told(target) == []
        assert not Occurrence.objects.exists()


class TestDelivering:
    def test_a_sink_that_is_down_gets_it_later_under_the_same_id(self, pager: Sink, target: Target) -> None:
        make_rule(pager)
        end_run(make_job(), failed=[1])
        tell()
        target.before = refusing(TransientError("down"), times=1)
        deliver()
        assert target.delivered == []
        Delivery.objects.update(due_at=timezone.now() - MINUTE)
        assert told(target) == ["run.failed"]
        assert {id for id, _ in target.attempts} == {f"dlv_{Delivery.objects.get().pk}"}
        assert [attempt for _, attempt in target.attempts] == [1, 2]

    def test_one_that_was_given_up_is_delivered_again(self, pager: Sink, target: Target) -> None:
        make_rule(pager)
        end_run(make_job(), failed=[1])
        tell()
        target.before = refusing(PermanentError("no"), times=1)
        deliver()
        delivery = Delivery.objects.get()
        assert delivery.state == "dead"
        assert redeliver(workspace=pager.workspace, delivery_ids=[delivery.pk], actor="ann").made == 1
        assert told(target) == ["run.failed"]

    def test_another_workspace_cannot_have_it_delivered_again(self, pager: Sink, target: Target) -> None:
        make_rule(pager)
        end_run(make_job(), failed=[1])
        tell()
        deliver()
        other = Workspace.objects.create(slug="other", name="Other")
        ids = [Delivery.objects.get().pk]
        assert redeliver(workspace=other, delivery_ids=ids, actor="eve").made == 0

    def test_a_parcel_says_what_it_is_about(self, pager: Sink, target: Target) -> None:
        seen: list[Parcel] = []
        target.before = seen.append
        make_rule(pager)
        end_run(make_job(), failed=[1])
        tell()
        deliver()
        [parcel] = seen
        assert (parcel.unit, parcel.workspace, parcel.job, parcel.count) == ("notice", "acme", "task:ping", 1)
        heading = parcel.heading()
        assert (heading["event"], heading["rule"], heading["subject"]) == ("run.failed", "on-call", "task:ping failed")

    def test_a_sink_that_a_rule_uses_cannot_be_deleted(self, pager: Sink) -> None:
        make_rule(pager)
        with pytest.raises(ConflictError, match="on-call"):
            delete_sink(sink=pager, actor="ann")


class TestDigest:
    def test_what_is_collected_goes_as_one_when_its_time_has_come(self, pager: Sink, target: Target) -> None:
        make_rule(pager, digest="10m")
        job = make_job()
        end_run(job, failed=[1])
        now = timezone.now()
        tell(now=now)
        end_run(job)
        tell(now=now + 9 * MINUTE)
        assert told(target) == []
        tell(now=now + 10 * MINUTE)
        assert told(target) == ["run.failed run.recovered"]
        assert Notice.objects.filter(send_at__isnull=False).count() == 0

    def test_the_next_begins_with_the_next_notice(self, pager: Sink, target: Target) -> None:
        make_rule(pager, digest="10m")
        job, now = make_job(), timezone.now()
        for minutes in (0, 11):
            end_run(job, failed=[1])
            tell(now=now + minutes * MINUTE)
        tell(now=now + 20 * MINUTE)
        assert told(target) == ["run.failed"]
        tell(now=now + 21 * MINUTE)
        assert told(target) == ["run.failed", "run.failed"]

    def test_what_a_deleted_rule_has_collected_is_dropped(self, pager: Sink, target: Target) -> None:
        rule = make_rule(pager, digest="10m")
        end_run(make_job(), failed=[1])
        now = timezone.now()
        tell(now=now)
        delete_rule(rule=rule, actor="ann")
        tell(now=now + 10 * MINUTE)
        assert told(target) == []


class TestQuiet:
    def test_what_is_kept_back_is_kept_and_not_sent(self, pager: Sink, target: Target) -> None:
        make_rule(pager, quiet="1h")
        job = make_job()
        end_run(job, failed=[1])
        end_run(job, failed=[1])
        tell()
        assert told(target) == ["run.failed"]
        assert Notice.objects.filter(delivery_id=None, send_at=None).count() == 1


class TestAPolicyThatPauses:
    def test_a_job_that_was_paused_for_its_failures_is_told(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["paused"])
        document = make_job().document() | {"configuration": {"pause_after_failures": {"runs": 1}}}
        job = save_job(workspace=pager.workspace, document=document, actor="ann")
        end_run(job, failed=[1])
        work_off_follow_ups()
        tell()
        deliver()
        [(_, [notice])] = target.delivered
        assert (notice["event"], notice["job"], notice["error"]) == ("job.paused", "task:ping", "a run failed")


class TestARunThatWasNotBegunInTime:
    def test_is_told_as_missed(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["missed"])
        run = end_run(make_job())
        Run.objects.filter(pk=run.pk).update(state="cancelled", stop={"reason": "expired"})
        Occurrence.objects.all().delete()
        with hotpath.connection() as own:
            claims.note_ends(own, run_ids=[run.pk])
        tell()
        assert told(target) == ["run.expired"]
