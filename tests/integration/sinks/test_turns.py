"""Every sink has its turn, a turn ends when there is a reason to, and only what a sink has done speaks against it."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models import F

from jobs import hotpath
from jobs.errors import PermanentError, TransientError
from jobs.models import Payload
from sinks import claims, registry
from sinks.base import OpenSink, Parcel, Receipt, SinkGone, Surroundings
from sinks.claims import Begun, Held, Settled
from sinks.models import Delivery, FailedDelivery, Sink, Standing
from sinks.services import expanding
from sinks.states import DeliveryState
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target, kind
from tests.integration.sinks.passing import let_time_pass
from tests.integration.sinks.test_delivering import deliver, error_of, refusing
from workers import attempts_at_sinks, delivering
from workers.attempts_at_sinks import SOON_SECONDS
from workers.delivering import AHEAD, CONCURRENCY, MOST_SINKS, Deliverers

OBEDIENT = {"kind": "obedient"}
SECOND = dt.timedelta(seconds=1)
NOON = dt.datetime(2040, 1, 1, 12, tzinfo=dt.UTC)
"""Long after anything became due."""
DOWN = {"code": "down", "message": "down"}


def hold(now: dt.datetime | None = None) -> Held:
    """The only sink, held by this test."""
    held = claims.take_sink(sink_id=Sink.objects.get().pk, worker="host:1", lease=30 * SECOND, now=now)
    assert held is not None
    return held


def begin(held: Held, *, limit: int = 100, now: dt.datetime | None = None) -> list[Begun]:
    """Begin what is due."""
    made = registry.get(held.kind)
    assert made is not None
    expanding.expand(held=held, kind=made)
    return claims.begin_deliveries(held=held, limit=limit, now=now)


def failed(begun: Begun) -> Settled:
    return Settled(begun.id, begun.attempt, DeliveryState.DUE, error=DOWN, charged=True)


def delivered(begun: Begun) -> Settled:
    return Settled(begun.id, begun.attempt, DeliveryState.DELIVERED, bytes=1, sha256="0" * 64)


def take_turns(count: int) -> list[int]:
    """Let so many sinks have a turn in which nothing is done; which ones."""
    turns = []
    for due in claims.due_sinks(limit=count):
        assert due.sink_id is not None
        held = claims.take_sink(sink_id=due.sink_id, worker="host:1", lease=30 * SECOND)
        assert held is not None
        claims.leave_sink(held=held)
        turns.append(due.sink_id)
    return turns


class TestMoreSinksThanThreads:
    def test_each_has_its_turn_although_the_others_still_have_something(self, target: Target) -> None:
        end_run(make_job(*({"kind": "obedient", "name": f"s{at}"} for at in range(2 * MOST_SINKS + 3))))
        turns = [sink_id for _ in range(3) for sink_id in take_turns(MOST_SINKS)]
        assert set(turns) == set(Sink.objects.values_list("pk", flat=True))
        assert len(set(turns[: 2 * MOST_SINKS])) == 2 * MOST_SINKS

    def test_one_whose_holder_vanished_is_behind_those_that_were_not_taken(self, target: Target) -> None:
        end_run(make_job({"kind": "obedient", "name": "first"}, {"kind": "obedient", "name": "second"}))
        [first, second] = Sink.objects.order_by("pk")
        claims.take_sink(sink_id=first.pk, worker="host:1", lease=-SECOND)
        assert [due.sink_id for due in claims.due_sinks(limit=10)] == [second.pk, first.pk]


class TestASinkWhoseDeliveriesAreOrdered:
    @pytest.fixture(autouse=True)
    def orderly(self, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(registry.KINDS.known, "orderly", kind(target, ordered=True))

    def positions(self, target: Target) -> list[list[int]]:
        return [[each["position"] for each in results] for _, results in target.delivered]

    def test_it_has_no_turn_while_all_wait_behind_one_that_is_to_be_tried_again(self, target: Target) -> None:
        target.before = refusing(TransientError("down"), times=1)
        end_run(make_job({"kind": "orderly"}, payloads=3))
        assert deliver() == 1, "the first keeps the others waiting"
        deliverers = Deliverers()
        for _ in range(2):
            deliverers.look()
            deliverers.wait()
        assert (Standing.objects.get().token, target.delivered) == (1, [])
        let_time_pass(11)
        deliverers.look()
        deliverers.wait()
        assert self.positions(target) == [[0], [1], [2]]

    def test_another_runs_are_made_meanwhile(self, target: Target) -> None:
        target.before = refusing(TransientError("down"), times=1)
        job = make_job({"kind": "orderly"}, payloads=3)
        first, second = end_run(job), end_run(job)
        deliver()
        assert set(Delivery.objects.filter(state="delivered").values_list("run_id", flat=True)) == {second.pk}
        assert set(Delivery.objects.filter(state="due").values_list("run_id", flat=True)) == {first.pk}
        assert self.positions(target) == [[0], [1], [2]]

    def test_no_more_are_made_of_a_run_than_can_be_given(self, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(expanding, "POSITIONS_AT_ONCE", 2)
        made = []

        def count(_parcel: Parcel) -> None:
            made.append(Delivery.objects.filter(state="due").count())
            connection.close()  # This is a thread of the turn's.

        target.before = count
        end_run(make_job({"kind": "orderly", "batch": 1}, payloads=7))
        assert deliver() == 7
        assert self.positions(target) == [[at] for at in range(7)]
        assert max(made) == 2

    def test_what_was_lost_is_made_first_and_only_when_it_is_its_turn(self, target: Target) -> None:
        end_run(make_job({"kind": "orderly"}, payloads=3))
        begin(hold())
        Delivery.objects.filter(first_position__gt=0).update(losses=1)
        let_time_pass(31)
        held = hold()
        assert claims.begin_deliveries(held=held, limit=10, ordered=True, alone=True) == []
        [lost] = claims.begin_deliveries(held=held, limit=10, ordered=True)
        assert (lost.first_position, lost.lost) == (0, True)

    def test_notices_wait_for_nobody(self, target: Target) -> None:
        end_run(make_job({"kind": "orderly"}, payloads=2))
        held = hold()
        begin(held, limit=0)
        Delivery.objects.filter(first_position=1).update(handover=None, run_id=None, rule_id=1, workspace_id=1)
        begun = claims.begin_deliveries(held=held, limit=10, ordered=True)
        assert {each.rule_id for each in begun} == {None, 1}


class TestTheDatabaseAndTheDeliverers:
    def test_nobody_holds_the_threads_list_while_the_database_is_asked(
        self, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        end_run(make_job(OBEDIENT, payloads=3))
        deliverers, asked, due_sinks = Deliverers(), [], claims.due_sinks

        def ask(**asking: Any) -> list[claims.DueSink]:
            asked.append(deliverers._lock.locked())
            return due_sinks(**asking)

        monkeypatch.setattr(claims, "due_sinks", ask)
        deliverers.look()
        deliverers.wait()
        assert (len(target.delivered), set(asked), len(asked)) == (3, {False}, 2)

    def test_more_sinks_than_threads_are_not_begun_with_whoever_looks(self, target: Target) -> None:
        names = [f"s{at}" for at in range(MOST_SINKS + 2)]
        go = threading.Event()

        def wait(_parcel: Parcel) -> None:
            assert go.wait(20)

        target.before = wait
        end_run(make_job(*({"kind": "obedient", "name": name} for name in names)))
        deliverers = Deliverers()
        with ThreadPoolExecutor(4) as pool:
            for looked in [pool.submit(deliverers.look) for _ in range(4)]:
                looked.result()
        busy = len(deliverers._busy)
        go.set()
        deliverers.wait()
        assert busy == MOST_SINKS
        assert len(target.delivered) == 3 * len(names)

    def test_deliveries_do_not_wait_for_the_connections_of_lanes(self, target: Target) -> None:
        end_run(make_job(OBEDIENT, payloads=3))
        with ExitStack() as lanes:
            for _ in range(hotpath._POOL_SIZES[hotpath.LANES]):
                lanes.enter_context(hotpath.connection())
            assert deliver() == 3

    def test_lanes_do_not_wait_for_the_connections_of_deliveries(self, target: Target) -> None:
        with ExitStack() as deliveries:
            for _ in range(hotpath._POOL_SIZES[hotpath.SINKS]):
                deliveries.enter_context(hotpath.connection(hotpath.SINKS))
            hotpath.ask()


class TestATurnThatIsOver:
    @pytest.fixture
    def over(self, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
        """Set as soon as the database has said that a turn is over."""
        over, settle = threading.Event(), claims.settle_deliveries

        def listen(**said: Any) -> bool | None:
            answer = settle(**said)
            if answer is not False:
                over.set()
            return answer

        monkeypatch.setattr(claims, "settle_deliveries", listen)
        return over

    def fail(self, target: Target, error: Exception, *, over: threading.Event, at_once: int = 5) -> None:
        """So many attempts fail at once, and the others when the turn is over."""

        def before(_parcel: Parcel) -> None:
            if len(target.attempts) > at_once:
                assert over.wait(20)
            raise error

        target.before = before

    def test_what_was_begun_and_not_started_is_as_it_was(self, target: Target, over: threading.Event) -> None:
        self.fail(target, TransientError("down", code="down"), over=over)
        end_run(make_job(OBEDIENT, payloads=100))
        deliver()
        assert len(target.attempts) <= 5 + 2 * CONCURRENCY < CONCURRENCY + AHEAD
        rows = Delivery.objects.filter(attempts=0, attempted_at=None, first_attempt_at=None, state="due")
        assert rows.count() == 100 - len(target.attempts)
        assert FailedDelivery.objects.count() == len(target.attempts)

    def test_a_sink_that_is_gone_is_asked_no_more(self, target: Target, over: threading.Event) -> None:
        self.fail(target, SinkGone("410 Gone"), over=over, at_once=1)
        end_run(make_job(OBEDIENT, payloads=100))
        deliver()
        assert len(target.attempts) <= 1 + 2 * CONCURRENCY
        assert not Delivery.objects.exclude(attempted_at=None).exists()

    def test_a_sink_that_was_taken_from_us_is_given_nothing_more(self, target: Target, over: threading.Event) -> None:
        def before(_parcel: Parcel) -> None:
            if len(target.attempts) > 1:
                assert over.wait(20)
            with hotpath.connection() as own:
                own.execute("UPDATE sinks_standing SET token = token + 1")

        target.before = before
        end_run(make_job(OBEDIENT, payloads=100))
        deliver()
        assert len(target.attempts) <= 1 + 2 * CONCURRENCY
        assert Delivery.objects.filter(state="due").count() == 100

    def test_one_that_came_to_a_bad_end_lets_the_sink_rest(self, target: Target, published: list[Any]) -> None:
        def unwritable(parcel: Parcel) -> Receipt:
            return Receipt(bytes=1, sha256="\0")

        target.take = unwritable  # type: ignore[method-assign]
        end_run(make_job(OBEDIENT, payloads=1))
        with pytest.raises(psycopg.DataError):
            deliver()
        assert (Standing.objects.get().rests, claims.due_sinks(limit=10)) == (1, [])
        let_time_pass(31)
        assert [due.sink_id for due in claims.due_sinks(limit=10)] == [Sink.objects.get().pk]


class TestHowLongASinkRests:
    def test_twice_as_long_each_time_whatever_fails_in_between(self, target: Target) -> None:
        end_run(make_job(OBEDIENT, payloads=50))
        now, rested = NOON, []
        for _ in range(6):
            held = hold(now)
            begun = begin(held, limit=20, now=now)
            for part in (begun[:8], begun[8:]):
                assert claims.settle_deliveries(held=held, settled=[failed(each) for each in part], now=now)
            claims.leave_sink(held=held, now=now)
            retry_at = Standing.objects.get().retry_at
            assert retry_at is not None
            rested.append((retry_at - now).total_seconds())
            now = retry_at
        assert rested == [30, 60, 120, 240, 300, 300]

    def test_a_delivery_begins_it_anew(self, target: Target) -> None:
        end_run(make_job(OBEDIENT, payloads=6))
        held = hold()
        begun = begin(held)
        claims.settle_deliveries(held=held, settled=[failed(each) for each in begun[:5]])
        claims.settle_deliveries(held=held, settled=[delivered(begun[5])])
        standing = Standing.objects.get()
        assert (standing.failures, standing.rests, standing.retry_at) == (0, 0, None)

    def test_what_is_said_twice_counts_once(self, target: Target) -> None:
        end_run(make_job(OBEDIENT))
        held = hold()
        settled = [failed(each) for each in begin(held)]
        assert [claims.settle_deliveries(held=held, settled=settled) for _ in range(2)] == [False, False]
        assert Standing.objects.get().failures == 3


class TestWhatSpeaksAgainstASink:
    def test_what_it_refuses_for_good_does(self, target: Target) -> None:
        target.before = refusing(PermanentError("HTTP 404", code="http_status"))
        end_run(make_job(OBEDIENT, payloads=5))
        deliver()
        standing = Standing.objects.get()
        assert (standing.failures, standing.rests, standing.retry_at is not None) == (5, 1, True)
        assert set(Delivery.objects.values_list("state", flat=True)) == {"dead"}

    def test_an_hour_that_is_over_does(self, target: Target) -> None:
        target.before = refusing(TransientError("down"))
        entry = OBEDIENT | {"retry": {"give_up_after": "1s", "initial_interval": "5s"}}
        end_run(make_job(entry, payloads=5))
        deliver()
        assert set(Delivery.objects.values_list("state", flat=True)) == {"dead"}
        assert Standing.objects.get().rests == 1

    def test_what_is_wrong_with_what_it_is_given_does_not(self, target: Target) -> None:
        target.before = refusing(PermanentError("more than it takes", code="too_large"))
        end_run(make_job(OBEDIENT, payloads=20))
        assert deliver() == 20
        standing = Standing.objects.get()
        assert (standing.failures, standing.rests) == (0, 0)

    def test_a_transform_that_does_not_fit_does_not(self, target: Target) -> None:
        end_run(make_job(OBEDIENT | {"transform": "abs(@)"}, payloads=6))
        deliver()
        assert {error_of(row)["code"] for row in Delivery.objects.all()} == {"transform"}
        assert Standing.objects.get().failures == 0

    def test_our_own_storage_does_not_and_everything_arrives_once_it_is_there_again(
        self, target: Target, settings: Any, tmp_path: Any
    ) -> None:
        def storage(location: Any) -> dict[str, Any]:
            backend = "django.core.files.storage.FileSystemStorage"
            return dict(settings.STORAGES) | {"results": {"BACKEND": backend, "OPTIONS": {"location": str(location)}}}

        (tmp_path / "no-folder").touch()
        settings.STORAGES = storage(tmp_path / "no-folder")
        end_run(make_job(OBEDIENT, payloads=6))
        stored = {
            "key": "1",
            "size_bytes": 2,
            "sha256": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
        }
        Payload.objects.update(stored=stored)
        for _ in range(3):
            assert deliver() == 6
            let_time_pass(SOON_SECONDS)
        standing = Standing.objects.get()
        assert (standing.failures, standing.rests, target.delivered) == (0, 0, [])
        assert {error_of(row)["code"] for row in Delivery.objects.all()} == {"not_read"}
        (tmp_path / "results").mkdir()
        (tmp_path / "results" / "1").write_text("1")
        settings.STORAGES = storage(tmp_path / "results")
        deliver()
        assert len(target.delivered) == 6

    def test_a_database_without_a_connection_for_us_does_not(self, target: Target) -> None:
        take = target.take

        def starving(parcel: Parcel) -> Receipt:
            with ExitStack() as stack:
                for _ in range(hotpath._POOL_SIZES[hotpath.SINKS]):
                    stack.enter_context(hotpath.connection(hotpath.SINKS))
                return take(parcel)

        target.take = starving  # type: ignore[method-assign]
        end_run(make_job(OBEDIENT, payloads=1))
        deliver()
        assert (error_of(Delivery.objects.get())["code"], Standing.objects.get().failures) == ("not_read", 0)


class TestWhatAKindMayDo:
    def test_an_error_that_the_database_cannot_keep_is_kept_without_that(self, target: Target) -> None:
        target.before = refusing(TransientError("a\0b\ud800c", details={"said": "d\0", "odd": float("nan")}))
        end_run(make_job(OBEDIENT, payloads=1))
        assert deliver() == 1
        told = error_of(Delivery.objects.get())
        assert (told["message"], told["details"]) == ("a\ufffdb\ufffdc", {"said": "d\ufffd", "odd": "NaN"})

    def test_a_receipt_that_the_database_cannot_keep_is_kept_without_that(self, target: Target) -> None:
        def odd(parcel: Parcel) -> Receipt:
            return Receipt(bytes=1, sha256="", details={"said": "a\0b", "when": NOON})

        target.take = odd  # type: ignore[method-assign]
        end_run(make_job(OBEDIENT, payloads=1))
        deliver()
        row = Delivery.objects.get()
        assert (row.state, row.receipt) == ("delivered", {"said": "a\ufffdb", "when": str(NOON)})

    def test_one_that_cannot_be_opened_for_a_fault_of_its_own_fails_each_attempt(
        self, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_configuration: Any, _surroundings: Surroundings) -> OpenSink:
            raise RuntimeError("broken")

        obedient = registry.get("obedient")
        assert obedient is not None
        monkeypatch.setitem(registry.KINDS.known, "obedient", replace(obedient, open=broken))
        end_run(make_job(OBEDIENT, payloads=1))
        assert deliver() == 1
        told = error_of(Delivery.objects.get())
        assert (told["code"], told["message"], Standing.objects.get().failures) == (
            "crashed",
            "RuntimeError: broken",
            1,
        )


class TestASinkThatChangesWhileItIsHeld:
    def test_what_its_old_holder_says_is_written_and_does_not_count(self, target: Target) -> None:
        end_run(make_job(OBEDIENT, payloads=10))
        held = hold()
        begun = begin(held)
        make_job(OBEDIENT | {"configuration": {"place": "there"}}, payloads=10)
        settled = [delivered(begun[0]), *(failed(each) for each in begun[1:])]
        assert claims.settle_deliveries(held=held, settled=settled[:1], gone="") is True
        assert claims.settle_deliveries(held=held, settled=settled[1:], gone="410 Gone") is True
        standing = Standing.objects.get()
        assert (standing.failures, standing.rests, standing.retry_at, standing.disabled_at) == (0, 0, None, None)
        assert sorted(Delivery.objects.values_list("state", flat=True)) == ["delivered"] + ["due"] * 9

    def test_once_it_is_taken_again_it_counts(self, target: Target) -> None:
        end_run(make_job(OBEDIENT, payloads=10))
        make_job(OBEDIENT | {"configuration": {"place": "there"}}, payloads=10)
        held = hold()
        assert claims.settle_deliveries(held=held, settled=[failed(each) for each in begin(held)]) is True
        assert Standing.objects.get().failures == 10

    def test_what_arrived_beside_the_one_that_said_it_is_gone_is_written(self, target: Target) -> None:
        end_run(make_job(OBEDIENT, payloads=2))
        held = hold()
        [first, second] = begin(held)
        claims.settle_deliveries(held=held, settled=[failed(first)], gone="410 Gone")
        assert claims.renew_sink(held=held, lease=30 * SECOND)
        assert claims.settle_deliveries(held=held, settled=[delivered(second)]) is True
        assert Delivery.objects.get(pk=second.id).state == "delivered"
        assert claims.begin_deliveries(held=held, limit=10) == []


class TestADeliveryThatKillsItsWorker:
    def die(self) -> list[int]:
        """Hold the sink, begin what a turn would begin, and be heard of no more; which positions."""
        held = hold()
        for alone in (True, False):
            if begun := claims.begin_deliveries(held=held, limit=1 if alone else 32, alone=alone):
                break
        let_time_pass(31)
        return [each.first_position for each in begun]

    def expanded(self, payloads: int, **entry: Any) -> None:
        end_run(make_job(OBEDIENT | entry, payloads=payloads))
        held = hold()
        begin(held, limit=0)
        claims.leave_sink(held=held)

    def test_it_is_given_up_after_three_times_in_a_row(self, target: Target) -> None:
        self.expanded(1)
        for _ in range(3):
            assert self.die() == [0]
            assert deliver() == 0
            let_time_pass(100)
        row = Delivery.objects.get()
        assert (row.state, error_of(row)["code"], target.attempts) == ("dead", "lost", [])
        assert list(FailedDelivery.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]
        assert target.abandoned == [(f"dlv_{row.pk}", 3)], "once, with the last"

    def test_who_lost_the_sink_meanwhile_takes_nothing_away(
        self, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.expanded(1)
        for _ in range(2):
            self.die()
            deliver()
            let_time_pass(100)
        self.die()
        judge = attempts_at_sinks.lost_with_its_worker

        def stand_still(begun: Begun) -> Any:
            ended = judge(begun)
            let_time_pass(31)
            hold()
            return ended

        monkeypatch.setattr(delivering, "lost_with_its_worker", stand_still)
        deliver()
        assert (target.abandoned, Delivery.objects.get().state) == ([], "due")

    def test_also_when_what_it_left_cannot_be_taken_away(self, target: Target) -> None:
        self.expanded(1)
        target.before = refusing(TransientError("the bucket is away", code="connection"), times=9)
        for _ in range(3):
            self.die()
            deliver()
            let_time_pass(100)
        assert Delivery.objects.get().state == "dead"

    def test_it_is_given_up_when_its_hour_is_over(self, target: Target) -> None:
        self.expanded(1, retry={"give_up_after": "1m"})
        self.die()
        Delivery.objects.update(attempts=40, first_attempt_at=F("first_attempt_at") - 60 * SECOND)
        deliver()
        row = Delivery.objects.get()
        assert (row.state, error_of(row)["code"], row.attempts) == ("dead", "lost", 40)

    def test_what_was_lost_with_it_is_made_alone_and_arrives(self, target: Target) -> None:
        self.expanded(10)
        assert len(self.die()) == 10
        assert deliver() == 0
        let_time_pass(10)
        for _ in range(2):
            [killer] = self.die()
            deliver()
            let_time_pass(100)
        assert killer == 0
        assert sorted(target.positions) == [[at] for at in range(1, 10)]
        assert Delivery.objects.get(state="dead").first_position == 0

    def test_while_one_is_made_alone_nothing_else_is_begun(self, target: Target) -> None:
        under_way: list[int] = []

        def before(_parcel: Parcel) -> None:
            with hotpath.connection() as own:
                [row] = own.execute("SELECT count(attempted_at) FROM sinks_delivery").fetchall()
            under_way.append(row.count)

        self.expanded(10)
        self.die()
        deliver()
        let_time_pass(10)
        end_run(make_job(OBEDIENT, payloads=10))
        target.before = before
        assert deliver() == 20
        assert target.positions[:10] == [[at] for at in range(10)]
        assert under_way[:10] == [1] * 10
