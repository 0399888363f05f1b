"""Which messages runs need."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from jobs import dispatch
from jobs.claims import StartedRun
from jobs.dispatch import LaneMessage, messages_for, publish_started
from jobs.errors import BrokerUnavailable


def run(run_id: int, *, total: int = 1, lanes: int = 5, queue: str = "default", strict: bool = False) -> StartedRun:
    return StartedRun(id=run_id, job_id=1, queue=queue, max_lanes=lanes, total=total, strict=strict)


class TestRunsOfManyPayloads:
    def test_one_message_a_lane(self) -> None:
        assert messages_for([run(1, total=9, lanes=3)]) == [
            LaneMessage("default", [(1, 0)]),
            LaneMessage("default", [(1, 1)]),
            LaneMessage("default", [(1, 2)]),
        ]

    def test_never_more_lanes_than_payloads(self) -> None:
        assert len(messages_for([run(1, total=2, lanes=9)])) == 2

    def test_one_without_payloads_has_a_message_that_closes_it(self) -> None:
        assert messages_for([run(1, total=0)]) == [LaneMessage("default", [(1, 0)])]

    def test_each_run_has_its_first_lane_before_any_has_its_second(self) -> None:
        messages = messages_for([run(1, total=9, lanes=3), run(2, total=9, lanes=2)])
        assert [message.lanes[0] for message in messages] == [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2)]

    def test_each_goes_to_its_queue(self) -> None:
        messages = messages_for([run(1, total=2, lanes=1, queue="http"), run(2, total=2, lanes=1, queue="spark")])
        assert [message.queue for message in messages] == ["http", "spark"]


class TestRunsOfOnePayload:
    def test_a_few_have_a_message_each_so_that_every_worker_gets_some(self) -> None:
        messages = messages_for([run(n) for n in range(30)])
        assert [message.lanes for message in messages] == [[(n, 0)] for n in range(30)]
        assert all(message.single for message in messages)

    def test_many_share_up_to_fifty_a_message(self) -> None:
        messages = messages_for([run(n) for n in range(2000)])
        assert [lane for message in messages for lane in message.lanes] == [(n, 0) for n in range(2000)]
        assert max(len(message.lanes) for message in messages) == 50
        assert len(messages) == 40

    @pytest.mark.parametrize(("queue", "most"), [("http", 10), ("datasource", 1), ("spark", 1)])
    def test_fewer_where_each_takes_longer(self, queue: str, most: int) -> None:
        messages = messages_for([run(n, queue=queue) for n in range(2000)])
        assert max(len(message.lanes) for message in messages) == most

    def test_only_those_of_one_queue_and_one_kind_of_reporting_share(self) -> None:
        runs = [
            run(n, queue=queue, strict=strict)
            for n, (queue, strict) in enumerate(
                [("default", False), ("http", True), ("default", True), ("http", False)] * 100
            )
        ]
        of = {each.id: (each.queue, each.strict) for each in runs}
        for message in messages_for(runs):
            assert {of[run_id] for run_id, _ in message.lanes} <= {(message.queue, True), (message.queue, False)}
            assert len({of[run_id] for run_id, _ in message.lanes}) == 1

    def test_beside_larger_runs_they_come_first(self) -> None:
        messages = messages_for([run(1, total=9, lanes=1), run(2)])
        assert [message.lanes for message in messages] == [[(2, 0)], [(1, 0)]]


class TestPublishing:
    def test_a_broker_that_is_down_never_fails_a_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tried: list[Sequence[LaneMessage]] = []

        def publish(messages: Sequence[LaneMessage]) -> None:
            tried.append(messages)
            raise BrokerUnavailable("connection refused")

        monkeypatch.setattr(dispatch, "publish", publish)
        publish_started([run(1)])
        assert len(tried) == 1

    def test_nothing_to_say_is_no_message(self) -> None:
        assert messages_for([]) == []
