"""What was delivered or given up is delivered again, under the id that it has."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from jobs.errors import ConflictError, PermanentError
from jobs.models import BulkAction, Event, Run, Workspace
from sinks import claims, redelivery_claims
from sinks.models import Delivery, FailedDelivery, Handover, Sink
from sinks.services import redelivering
from sinks.services.redelivering import MOST_TOLD, Again, redeliver, redeliver_of_run, redeliver_of_sink, redeliver_one
from sinks.states import Skipped
from tests.integration.engine.makers import in_thread, until_somebody_waits
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target
from tests.integration.sinks.test_delivering import deliver, refusing

OBEDIENT = {"kind": "obedient"}
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    return Workspace.objects.create(slug="acme", name="Acme")


def give_up(target: Target, *, payloads: int = 3, name: str = "ping") -> list[int]:
    """A run whose deliveries were refused for good: their ids."""
    target.before = refusing(PermanentError("no", code="too_large"))
    run = end_run(make_job(OBEDIENT, payloads=payloads, name=name))
    deliver()
    target.before = lambda parcel: None
    return list(Delivery.objects.filter(run_id=run.pk, state="dead").order_by("pk").values_list("pk", flat=True))


def left(ids: list[int], why: Skipped) -> Again:
    """Nothing was made again, for one and the same reason."""
    return Again(left=len(ids), skipped=dict.fromkeys(ids, why))


class TestRedelivering:
    def test_some_are_made_again_under_their_ids_and_the_others_stay_dead(
        self, target: Target, workspace: Workspace
    ) -> None:
        dead = give_up(target)
        assert redeliver(workspace=workspace, delivery_ids=dead[:2], actor="ann") == Again(made=2)
        assert deliver() == 2
        assert sorted(each for each, _ in target.delivered) == sorted(f"dlv_{pk}" for pk in dead[:2])
        assert dict(Delivery.objects.values_list("pk", "state")) == {
            dead[0]: "delivered",
            dead[1]: "delivered",
            dead[2]: "dead",
        }

    def test_the_attempts_before_stay_in_the_history_and_it_has_a_new_hour(
        self, target: Target, workspace: Workspace
    ) -> None:
        [pk] = give_up(target, payloads=1)
        Delivery.objects.update(first_attempt_at=F("first_attempt_at") - 9 * HOUR)
        redeliver(workspace=workspace, delivery_ids=[pk], actor="ann")
        deliver()
        row = Delivery.objects.get()
        assert (row.state, row.attempts, FailedDelivery.objects.get().number) == ("delivered", 2, 1)
        assert row.first_attempt_at is not None
        assert row.first_attempt_at > timezone.now() - HOUR

    def test_what_was_delivered_may_be_delivered_again(self, target: Target, workspace: Workspace) -> None:
        end_run(make_job(OBEDIENT, payloads=1))
        deliver()
        pk = Delivery.objects.get().pk
        assert redeliver(workspace=workspace, delivery_ids=[pk], actor="ann").made == 1
        deliver()
        assert [each for each, _ in target.delivered] == [f"dlv_{pk}"] * 2

    def test_what_is_due_is_left_alone(self, target: Target, workspace: Workspace) -> None:
        dead = give_up(target, payloads=1)
        redeliver(workspace=workspace, delivery_ids=dead, actor="ann")
        before = Delivery.objects.values().get()
        assert redeliver(workspace=workspace, delivery_ids=dead, actor="ann") == Again(
            left=1, skipped={dead[0]: Skipped.DUE}
        )
        assert Delivery.objects.values().get() == before
        assert Event.objects.filter(kind="delivery.again").count() == 1

    def test_nobody_redelivers_what_another_workspace_has(self, target: Target, workspace: Workspace) -> None:
        dead = give_up(target)
        other = Workspace.objects.create(slug="other", name="Other")
        assert redeliver(workspace=other, delivery_ids=dead, actor="eve") == left(dead, Skipped.NOT_FOUND)
        assert set(Delivery.objects.values_list("state", flat=True)) == {"dead"}


class TestErasedResults:
    def test_what_was_delivered_stays_so_and_says_why(self, target: Target, workspace: Workspace) -> None:
        run = end_run(make_job(OBEDIENT, payloads=1))
        deliver()
        Run.objects.filter(pk=run.pk).update(results_erased_at=timezone.now())
        before = Delivery.objects.values().get()
        with pytest.raises(ConflictError, match="the results of its run were erased"):
            redeliver_one(workspace=workspace, delivery_id=before["id"], actor="ann")
        assert redeliver(workspace=workspace, delivery_ids=[before["id"]], actor="ann") == left(
            [before["id"]], Skipped.ERASED
        )
        assert (deliver(), Delivery.objects.values().get()) == (0, before)
        assert not Event.objects.filter(kind="delivery.again").exists()

    def test_of_those_of_a_sink_the_others_are_made_again(self, target: Target, workspace: Workspace) -> None:
        erased, kept = give_up(target, payloads=2), give_up(target, payloads=1, name="pong")
        lake = Sink.objects.get(job__name="ping")
        Delivery.objects.filter(pk__in=kept).update(sink_id=lake.pk)
        Run.objects.filter(handovers__deliveries__in=erased).update(results_erased_at=timezone.now())
        again = redeliver_of_sink(sink=lake, actor="ann")
        assert again == Again(made=1, left=2, skipped=dict.fromkeys(erased, Skipped.ERASED))
        assert Delivery.objects.get(state="due").pk == kept[0]

    def test_a_cleanup_that_erases_meanwhile_is_waited_for(self, target: Target, workspace: Workspace) -> None:
        run = end_run(make_job(OBEDIENT, payloads=1))
        deliver()
        pk = Delivery.objects.get().pk
        with transaction.atomic():
            Run.objects.filter(pk=run.pk).update(results_erased_at=timezone.now())
            asked = in_thread(lambda: redelivery_claims.redeliver(workspace_id=workspace.pk, delivery_ids=[pk]))
            until_somebody_waits()
        assert asked() == []
        assert Delivery.objects.get().state == "delivered"


class TestAllThatAreDead:
    def test_many_that_are_left_alone_are_counted_and_the_first_are_named(self, workspace: Workspace) -> None:
        ids = list(range(1, MOST_TOLD + 6))
        assert redeliver(workspace=workspace, delivery_ids=ids, actor="ann") == Again(
            left=len(ids), skipped=dict.fromkeys(ids[:MOST_TOLD], Skipped.NOT_FOUND)
        )

    def test_since_a_time_for_a_sink(self, target: Target, workspace: Workspace) -> None:
        dead = give_up(target)
        Delivery.objects.filter(pk=dead[0]).update(ended_at=F("ended_at") - 2 * HOUR)
        assert redeliver_of_sink(sink=Sink.objects.get(), actor="ann", since=timezone.now() - HOUR).made == 2
        assert Delivery.objects.get(pk=dead[0]).state == "dead"
        assert redeliver_of_sink(sink=Sink.objects.get(), actor="ann").made == 1

    def test_and_what_was_delivered_for_a_receiver_that_lost_it(self, target: Target, workspace: Workspace) -> None:
        dead = give_up(target, payloads=3)
        sink = Sink.objects.get()
        assert redeliver_of_sink(sink=sink, actor="ann").made == 3
        assert deliver() == 3
        assert redeliver_of_sink(sink=sink, actor="ann").made == 0
        Delivery.objects.filter(pk=dead[0]).update(ended_at=F("ended_at") - 2 * HOUR)
        again = redeliver_of_sink(sink=sink, actor="ann", since=timezone.now() - HOUR, delivered=True)
        assert again.made == 2
        assert deliver() == 2
        assert Event.objects.filter(kind="delivery.again").latest("pk").data["delivered"] is True
        assert redeliver_of_run(run=Run.objects.get(), actor="ann", delivered=True).made == 3

    def test_they_are_found_page_by_page(
        self, target: Target, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sinks.services.redelivering.PAGE", 2)
        give_up(target, payloads=5)
        begun = redeliver_of_sink(sink=Sink.objects.get(), actor="ann")
        assert (begun.made, begun.action is not None) == (2, True)
        assert Delivery.objects.filter(state="due").count() == 2
        redelivering.work_off()
        assert Delivery.objects.filter(state="due").count() == 4
        redelivering.work_off()
        assert deliver() == 5
        action = BulkAction.objects.get()
        assert (action.total, action.changed, action.ended_at is not None) == (5, 5, True)
        told = Event.objects.filter(kind="delivery.again").order_by("pk")
        assert [each.data["redelivered"] for each in told] == [2, 2, 1]

    def test_what_dies_again_meanwhile_is_left_dead(
        self, target: Target, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sinks.services.redelivering.PAGE", 2)
        dead = give_up(target, payloads=3)
        redeliver_of_sink(sink=Sink.objects.get(), actor="ann")
        Delivery.objects.filter(pk=dead[0]).update(state="dead", due_at=None, ended_at=timezone.now())
        for _ in range(3):
            redelivering.work_off()
        assert Delivery.objects.get(pk=dead[0]).state == "dead"
        assert Delivery.objects.filter(state="due").count() == 2

    def test_nothing_is_made_again_that_nobody_is_told_of(
        self, target: Target, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        give_up(target)

        def breaks(*_: object, **__: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(redelivering, "_told", breaks)
        with pytest.raises(RuntimeError):
            redeliver_of_sink(sink=Sink.objects.get(), actor="ann")
        assert set(Delivery.objects.values_list("state", flat=True)) == {"dead"}

    def test_of_one_run_and_no_other(self, target: Target, workspace: Workspace) -> None:
        first = give_up(target)
        second = give_up(target, name="pong")
        run = Run.objects.get(handovers__deliveries=first[0])
        assert redeliver_of_run(run=run, actor="ann").made == 3
        assert set(Delivery.objects.filter(pk__in=second).values_list("state", flat=True)) == {"dead"}


class TestWhereTheSinkIsGone:
    def test_it_goes_to_the_one_that_the_jobs_entry_means_now(self, target: Target, workspace: Workspace) -> None:
        dead = give_up(target)
        make_job(name="ping")
        assert redeliver(workspace=workspace, delivery_ids=dead, actor="ann") == left(dead, Skipped.NO_SINK)
        make_job(OBEDIENT)
        assert redeliver(workspace=workspace, delivery_ids=dead, actor="ann").made == len(dead)
        deliver()
        assert {each for each, _ in target.delivered} == {f"dlv_{pk}" for pk in dead}

    def test_what_was_never_made_into_deliveries_is_opened_again_from_there(
        self, target: Target, workspace: Workspace
    ) -> None:
        end_run(make_job(OBEDIENT))
        make_job(name="ping")
        [gone] = claims.due_sinks(limit=10)
        claims.bury(sink_id=gone.sink_id, limit=10)
        buried = Delivery.objects.get()
        assert redeliver(workspace=workspace, delivery_ids=[buried.pk], actor="ann").made == 0
        make_job(OBEDIENT)
        assert redeliver(workspace=workspace, delivery_ids=[buried.pk], actor="ann").made == 1
        assert Handover.objects.get().next_position == 0
        deliver()
        assert sorted(target.positions) == [[0], [1], [2]]
        assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}
