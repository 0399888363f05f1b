"""One turn at a lane: how long it lasts, what it leaves behind, and that the others get theirs."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from jobs.errors import PermanentError
from jobs.models import Attempt, Lane, Payload
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    counts,
    error_of,
    fresh,
    make_run,
    make_single_runs,
    plain,
    scripts,
    together,
    waiting,
)
from tests.integration.engine.scripted import ScriptedExecutor
from workers import stopping, turns

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def slow(count: int, seconds: float) -> list[dict[str, Any]]:
    return scripts(*[{"takes": seconds} for _ in range(count)])


class TestTheRange:
    def test_it_grows_with_cheap_payloads_and_the_run_ends(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(700), max_concurrent_requests=1)
        sizes: list[int] = []
        scripted.before = lambda work: sizes.append(high_less_low())
        broker.deliver_all()
        assert sizes[0] == 1
        assert max(sizes) == 500
        assert scripted.positions(run.pk) == list(range(700))
        assert (fresh(run).state, counts(run)) == ("succeeded", (700, 0, 0))

    def test_a_strict_run_is_reported_one_by_one(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(12), strict=True, max_concurrent_requests=1)
        reported: list[int] = []
        scripted.before = lambda work: reported.append(counts(run)[0])
        broker.deliver_all()
        assert reported == list(range(12))

    def test_a_strict_lane_holds_a_range_and_leaves_its_runs_row_alone_until_the_end_of_it(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(plain(31), strict=True, max_concurrent_requests=1)
        seen: list[tuple[int, int]] = []
        scripted.before = lambda work: seen.append((high_less_low(), fresh(run).succeeded))
        broker.deliver_all()
        # ranges of 1, 5 and 25; within one the lane counts, at its end the run does
        assert seen[:7] == [(1, 0), (5, 1), (4, 1), (3, 1), (2, 1), (1, 1), (25, 6)]
        assert (fresh(run).state, fresh(run).succeeded) == ("succeeded", 31)

    def test_a_strict_lane_keeps_its_range_when_a_payload_of_it_fails(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        parameters: list[dict[str, Any]] = [{} for _ in range(12)]
        parameters[3] = {"fails": 1}
        run = make_run(scripts(*parameters), strict=True, max_concurrent_requests=1, retry={"initial_interval": "1h"})
        widths: list[int] = []
        scripted.before = lambda work: widths.append(high_less_low())
        broker.deliver_all()
        assert widths[1:6] == [5, 4, 3, 2, 1]
        assert list(waiting(run)) == [3]
        assert counts(run) == (11, 0, 0)

    def test_a_slow_payload_is_always_on_its_own(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        make_run(slow(6, 0.2), max_concurrent_requests=1)
        sizes: list[int] = []
        scripted.before = lambda work: sizes.append(high_less_low())
        broker.deliver_all()
        assert sizes == [1] * 6

    def test_one_that_takes_longer_than_250_ms_gives_the_rest_back_uncharged(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        parameters: list[dict[str, Any]] = [{} for _ in range(12)]
        parameters[3] = {"takes": 0.26}
        run = make_run(scripts(*parameters), max_concurrent_requests=1)
        given_back: list[dict[int, tuple[int, bool]]] = []

        def look(work: Any) -> None:
            rows = waiting(run)
            if rows and not given_back:
                given_back.append({position: (row.attempts, row.alone) for position, row in rows.items()})

        scripted.before = look
        broker.deliver_all()
        # 0 alone; then 1 to 5, of which 3 uses up the time
        assert given_back == [{4: (0, False), 5: (0, False)}]
        assert sorted(scripted.positions(run.pk)) == list(range(12))
        assert (fresh(run).state, counts(run), Attempt.objects.count()) == ("succeeded", (12, 0, 0), 0)
        assert set(Payload.objects.values_list("attempts", flat=True)) == {1}


class TestTheSlice:
    def test_after_five_seconds_the_lane_is_handed_back_and_its_message_sent_again(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(slow(20, 1.0), max_concurrent_requests=1)
        broker.deliver()
        assert len(scripted.performed) == 5
        assert not Lane.objects.exists()
        assert broker.lanes() == [(run.pk, 0)]
        assert waiting(run) == {}
        broker.deliver_all()
        assert scripted.positions(run.pk) == list(range(20))

    def test_a_lane_that_is_done_sends_none(self, broker: Broker) -> None:
        make_run(slow(3, 1.0), max_concurrent_requests=1)
        broker.deliver()
        assert broker.messages == []

    def test_a_small_run_started_beside_a_large_one_is_not_kept_waiting(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        large = make_run(slow(2000, 0.5), max_concurrent_requests=5)
        small = make_run(slow(10, 0.5), max_concurrent_requests=5)
        messages = 0
        while fresh(small).state != "succeeded":
            assert broker.deliver()
            messages += 1
        # The one worker went round the ten lanes once: five slices of the large run, then the small one was through.
        assert messages <= 10
        assert counts(large)[0] <= 50
        assert fresh(large).state == "running"

    def test_a_run_that_ends_at_the_end_of_the_slice_is_closed_by_it(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(slow(5, 1.0), max_concurrent_requests=1)
        broker.deliver()
        assert (fresh(run).state, broker.messages) == ("succeeded", [])

    def test_with_the_broker_away_the_lane_is_given_up_all_the_same(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(slow(20, 1.0), max_concurrent_requests=1)
        message = broker.messages[0]
        broker.down = True
        turns.work(lanes=message.lanes, queue=message.queue)
        assert not Lane.objects.exists()
        assert counts(run) == (5, 0, 0)


class TestAWorkerThatStops:
    def test_the_payload_at_work_is_finished_and_the_lane_handed_back(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        parameters: list[dict[str, Any]] = [{} for _ in range(20)]
        parameters[8] = {"stops": True}
        run = make_run(scripts(*parameters), max_concurrent_requests=1)
        broker.deliver()
        assert scripted.positions(run.pk)[-1] == 8
        assert counts(run) == (9, 0, 0)
        assert not Lane.objects.exists()
        assert broker.lanes() == [(run.pk, 0)]
        stopping.forget()
        broker.deliver_all()
        assert sorted(scripted.positions(run.pk)) == list(range(20))
        assert Attempt.objects.count() == 0

    def test_a_message_that_comes_then_is_passed_on_untouched(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(3), max_concurrent_requests=1)
        run_ids = make_single_runs([{}, {}])
        before = sorted(broker.lanes())
        stopping.ask()
        for _ in range(len(broker.messages)):
            broker.deliver()
        assert sorted(broker.lanes()) == before
        assert scripted.performed == []
        assert {fresh(pk).state for pk in [run.pk, *run_ids]} == {"pending"}


class TestLanesBesideEachOther:
    def test_never_more_payloads_at_once_than_lanes(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(100), max_concurrent_requests=5, strict=True)
        present, most, lock, a_moment = 0, 0, threading.Lock(), threading.Event()

        def enter(work: Any) -> None:
            nonlocal present, most
            with lock:
                present += 1
                most = max(most, present)
            a_moment.wait(timeout=0.002)
            with lock:
                present -= 1

        scripted.before = enter
        messages = [message for message in broker.messages for _ in range(2)]  # every message twice
        together([lambda m=m: turns.work(lanes=m.lanes, queue=m.queue) for m in messages])  # type: ignore[misc]
        assert most <= 5
        assert sorted(scripted.positions(run.pk)) == list(range(100))
        assert (fresh(run).state, counts(run)) == ("succeeded", (100, 0, 0))

    def test_five_at_once_over_failing_payloads_end_every_one_of_them_once(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(scripts(*[{"fails": n % 3} for n in range(150)]), max_concurrent_requests=5)
        messages = list(broker.messages)
        broker.clear()
        together([lambda m=m: turns.work(lanes=m.lanes, queue=m.queue) for m in messages])  # type: ignore[misc]
        broker.deliver_all()
        assert (fresh(run).state, counts(run)) == ("succeeded", (150, 0, 0))
        assert [row.attempts for row in Payload.objects.order_by("position")] == [n % 3 + 1 for n in range(150)]
        assert Attempt.objects.count() == 150
        assert waiting(run) == {}


class TestWhateverAPayloadReturnsOrRaises:
    @pytest.mark.parametrize(
        "result", ["nul \x00 inside", "half a pair \ud800", {"key \udc00": 1}, 10**400, ["\U0001f600", "\\u0000"]]
    )
    def test_its_lane_goes_on(self, broker: Broker, scripted: ScriptedExecutor, result: Any) -> None:
        run = make_run(plain(3), strict=True, max_concurrent_requests=1)
        scripted.result = lambda work: result
        broker.deliver_all()
        assert fresh(run).state in ("succeeded", "failed")
        assert sum(counts(run)) == 3
        assert not Attempt.objects.filter(state="lost").exists()

    def test_what_jsonb_cannot_hold_is_replaced_and_what_it_can_stays(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(plain(1))
        scripted.result = lambda work: ["\x00", "\ud800", "\U0001f600", "\\u0000", "é"]
        broker.deliver_all()
        assert Payload.objects.get(run=run).result == ["\ufffd", "\ufffd", "\U0001f600", "\\u0000", "é"]

    @pytest.mark.parametrize("result", [float("nan"), object(), {1, 2}])
    def test_what_is_no_json_is_the_payloads_error(
        self, broker: Broker, scripted: ScriptedExecutor, result: Any
    ) -> None:
        run = make_run(plain(1), retry={"maximum_attempts": 1})
        scripted.result = lambda work: result
        broker.deliver_all()
        assert error_of(run, 0)["code"] == "crash"

    @pytest.mark.parametrize(
        "details", [{"x": float("nan")}, {"x": "\ud800\x00"}, {("a", "tuple"): 1}, {"x": object()}]
    )
    def test_an_error_with_odd_details_is_kept(
        self, broker: Broker, scripted: ScriptedExecutor, details: dict[Any, Any]
    ) -> None:
        run = make_run(plain(1))
        scripted.error = lambda work: PermanentError("odd \ud800 \x00", details=details)
        broker.deliver_all()
        assert Payload.objects.get(run=run).state == "failed"
        assert error_of(run, 0)["message"] == "odd \ufffd \ufffd"


def high_less_low() -> int:
    """The length of the only lane's range."""
    lane = Lane.objects.get()
    return lane.high - lane.low
