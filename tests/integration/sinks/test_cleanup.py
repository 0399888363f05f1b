"""A log cleanup erases deliveries with their runs, or before them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.db import connection

from jobs import hotpath, sql
from jobs.errors import ConflictError, TransientError
from jobs.models import Job, Run, Workspace
from jobs.services.reruns import replay
from sinks import claims, registry
from sinks.models import Delivery, FailedDelivery, Handover, Notice
from sinks.services import expanding
from sinks.services.naming import save_sink
from sinks.services.redelivering import redeliver
from sinks.services.ruling import save_rule
from sinks.states import DeliveryState
from tests.integration.cleanup.history import DAY, NOW, clean, kept, order
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target
from tests.integration.sinks.test_delivering import deliver, refusing
from workers.noticing import tell

OBEDIENT = {"kind": "obedient"}


def delivered(target: Target, *, days: float, payloads: int = 3) -> Run:
    """A run that ended so long ago; one of its deliveries has failed once and waits."""
    target.before = refusing(TransientError("down"), times=1)
    run = end_run(make_job(OBEDIENT, payloads=payloads))
    deliver()
    at = NOW - days * DAY
    Run.objects.filter(pk=run.pk).update(created_at=at, ended_at=at)
    return run


def left(run: Run) -> tuple[int, int, int]:
    """Of its handovers, deliveries and failed attempts."""
    return (
        Handover.objects.filter(run=run).count(),
        Delivery.objects.filter(run_id=run.pk).count(),
        FailedDelivery.objects.filter(delivery__run_id=run.pk).count(),
    )


def job_of(run: Run) -> Job:
    assert run.job is not None
    return run.job


def test_they_go_with_their_run_and_those_of_a_younger_one_stay(target: Target) -> None:
    old, young = delivered(target, days=40), delivered(target, days=2)
    counts = clean(order(job_of(old)))
    assert (counts["runs"], counts["deliveries"]) == (1, 3)
    assert (left(old), left(young)) == ((0, 0, 0), (1, 3, 1))
    assert kept() == [young.pk]


def test_they_go_alone_when_only_they_are_asked_for(target: Target) -> None:
    run = delivered(target, days=40)
    assert clean(order(job_of(run), what=["deliveries"])) == {"deliveries": 3}
    assert (left(run), kept()) == ((0, 0, 0), [run.pk])


def test_a_dry_run_counts_them_and_erases_nothing(target: Target) -> None:
    run = delivered(target, days=40)
    assert clean(order(job_of(run), dry_run=True))["deliveries"] == 3
    assert left(run) == (1, 3, 1)


def test_more_than_one_batch_goes_before_its_handover(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.services.cleanup.LIMIT", 2)
    run = delivered(target, days=40, payloads=5)
    assert clean(order(job_of(run)))["deliveries"] == 5
    assert left(run) == (0, 0, 0)


def test_nobody_goes_on_delivering_what_was_erased(target: Target) -> None:
    run = end_run(make_job(OBEDIENT))
    [due] = claims.due_sinks(limit=10)
    held = claims.take_sink(sink_id=due.sink_id or 0, worker="host:1", lease=dt.timedelta(seconds=30))
    kind = registry.get("obedient")
    assert held is not None
    assert kind is not None
    expanding.expand(held=held, kind=kind)
    [begun] = claims.begin_deliveries(held=held, limit=1)
    Run.objects.filter(pk=run.pk).update(ended_at=NOW - 40 * DAY, created_at=NOW - 40 * DAY)
    clean(order(job_of(run)))
    settled = [claims.Settled(begun.id, begun.attempt, DeliveryState.DELIVERED, bytes=1)]
    assert claims.settle_deliveries(held=held, settled=settled) is False
    assert not expanding.expand(held=held, kind=kind)
    assert not Delivery.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sinks_failed_delivery")
        assert cursor.fetchone() == (0,)


def test_a_workspace_keeps_what_another_cleans_up(target: Target) -> None:
    run = delivered(target, days=40)
    other = Workspace.objects.create(slug="other", name="Other")
    assert clean(order(job_of(run), workspace_ids=[other.pk])) == {}
    assert left(run) == (1, 3, 1)


class TestErasedResults:
    """A cleanup of results alone leaves the payloads, whose results are null then: that is never delivered for the result."""

    RESULTS = ("results",)

    def delivered(self, target: Target) -> tuple[Run, list[int]]:
        """An old run of two payloads, and its deliveries."""
        run = end_run(make_job(OBEDIENT, payloads=2))
        deliver()
        old(run)
        return run, list(Delivery.objects.filter(run_id=run.pk).order_by("pk").values_list("pk", flat=True))

    def test_a_redelivery_is_refused_and_changes_nothing(self, target: Target) -> None:
        run, ids = self.delivered(target)
        before = list(target.delivered)
        assert clean(order(job_of(run), what=self.RESULTS)) == {"results": 2}
        assert redeliver(workspace=run.workspace, delivery_ids=ids, actor="ann").left == len(ids)
        deliver()
        assert target.delivered == before
        assert list(Delivery.objects.filter(pk__in=ids).values_list("state", "error")) == [("delivered", None)] * 2

    def test_what_is_erased_while_it_is_delivered_is_not_delivered_as_null(self, target: Target) -> None:
        run = end_run(make_job(OBEDIENT, payloads=1))
        target.before = lambda _: erase_results_of(run)
        deliver()
        assert target.delivered == []
        assert Delivery.objects.get().error["code"] == "erased"  # type: ignore[index]

    def test_a_run_keeps_its_results_while_a_delivery_of_it_is_due(self, target: Target) -> None:
        run = delivered(target, days=40)
        assert clean(order(job_of(run), what=self.RESULTS)) == {}
        assert clean(order(job_of(run), what=self.RESULTS, dry_run=True)) == {}
        Delivery.objects.filter(state="due").update(state="dead", due_at=None, ended_at=NOW)
        assert clean(order(job_of(run), what=self.RESULTS)) == {"results": 3}

    def test_a_run_keeps_its_results_while_deliveries_of_it_are_still_to_be_made(self, target: Target) -> None:
        run, other = end_run(make_job(OBEDIENT)), end_run(make_job(name="pong"))
        old(run, other)
        assert clean(order(job_of(run), what=self.RESULTS)) == {"results": 3}
        assert [each.results_erased_at is None for each in Run.objects.order_by("pk")] == [True, False]

    def test_they_go_where_what_is_owed_goes_too(self, target: Target) -> None:
        run = delivered(target, days=40)
        asked = order(job_of(run), what=["results", "deliveries"])
        assert clean(replace(asked, dry_run=True)) == clean(asked) == {"results": 3, "deliveries": 3}

    def test_a_run_without_them_cannot_be_replayed(self, target: Target) -> None:
        run, _ = self.delivered(target)
        clean(order(job_of(run), what=self.RESULTS))
        with pytest.raises(ConflictError, match="were erased: there is nothing to replay"):
            replay(run=run, actor="ann")
        assert Run.objects.count() == 1


def old(*runs: Run) -> None:
    at = NOW - 40 * DAY
    Run.objects.filter(pk__in=[run.pk for run in runs]).update(created_at=at, ended_at=at)


def erase_results_of(run: Run) -> None:
    """As the statement of a cleanup does that began before the run owed anything."""
    with hotpath.connection() as connection:
        hotpath.execute(connection, "erase_results", {"run_ids": [run.pk], "limit": 100}, of=sql.CLEANUP)


class TestNotices:
    def told(self, *, days: float, digest: str | None = None, name: str = "on-call") -> Notice:
        """What a rule told so many days ago, of a run that failed."""
        job = make_job(OBEDIENT)
        pager = {"name": "pager", "kind": "obedient"}
        save_sink(workspace=job.workspace, document=pager, actor="ann")
        rule = {"name": name, "sink": "pager", **({"digest": digest} if digest else {})}
        save_rule(workspace=job.workspace, document=rule, actor="ann")
        end_run(job, failed=[0])
        tell(now=NOW - days * DAY)
        deliver()
        return Notice.objects.latest("pk")

    def test_old_ones_go_with_their_deliveries_and_young_ones_stay(self, target: Target) -> None:
        old, young = self.told(days=40), self.told(days=2)
        job = Job.objects.get()
        assert clean(order(job, what=["notices"])) == {"notices": 1}
        assert list(Notice.objects.values_list("pk", flat=True)) == [young.pk]
        of_notices = Delivery.objects.filter(rule__isnull=False)
        assert list(of_notices.values_list("pk", flat=True)) == [young.delivery_id]
        assert old.delivery_id != young.delivery_id

    def test_the_newest_of_each_rule_stay(self, target: Target) -> None:
        kept = [self.told(days=40) for _ in range(3)][1:]
        assert clean(order(Job.objects.get(), what=["notices"], keep_newest=2)) == {"notices": 1}
        assert list(Notice.objects.order_by("pk")) == kept

    def test_what_is_still_to_be_sent_stays(self, target: Target) -> None:
        self.told(days=40, digest="1h")
        target.before = refusing(TransientError("down"))
        self.told(days=40, name="other")
        assert clean(order(Job.objects.get(), what=["notices"])) == {}

    def test_what_would_be_told_again_stays(self, target: Target) -> None:
        notice = self.told(days=40)
        Run.objects.filter(pk=notice.run_id or 0).update(ended_at=None, state="running", wake_at=NOW)
        assert clean(order(Job.objects.get(), what=["notices"])) == {}

    def test_a_dry_run_counts_them(self, target: Target) -> None:
        self.told(days=40)
        assert clean(order(Job.objects.get(), what=["notices"], dry_run=True)) == {"notices": 1}
        assert Notice.objects.count() == 1

    def test_a_workspace_keeps_what_another_cleans_up(self, target: Target) -> None:
        self.told(days=40)
        other = Workspace.objects.create(slug="other", name="Other")
        assert clean(order(Job.objects.get(), what=["notices"], workspace_ids=[other.pk])) == {}
