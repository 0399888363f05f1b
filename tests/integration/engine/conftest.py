"""What the engine's tests stand on: its connections, a broker that only listens, a kind that obeys, and a clock."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Sequence

import pytest

from jobs import dispatch, hotpath, kinds
from jobs.dispatch import LaneMessage
from jobs.errors import BrokerUnavailable
from tests.integration.engine.scripted import Clock, ScriptedExecutor, kind
from workers import heartbeat, journal, lane, log_writer, persistence, rates, singles, stopping, turn_order, turns
from workers.payloads import EXECUTORS


@pytest.fixture(autouse=True)
def _engine_connections(transactional_db: None) -> Iterator[None]:
    yield
    hotpath.close()


@pytest.fixture(autouse=True)
def _heartbeat_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a heartbeat of its own, whose thread never starts: tests call beat()."""
    monkeypatch.setattr(heartbeat, "_heartbeats", {})
    monkeypatch.setattr(heartbeat.Heartbeat, "_ensure_thread", lambda self: None)


@pytest.fixture(autouse=True)
def _log_writer_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same: tests call write()."""
    monkeypatch.setattr(log_writer, "_writers", {})
    monkeypatch.setattr(log_writer.LogWriter, "_ensure_thread", lambda self: None)


@pytest.fixture(autouse=True)
def _pace_of_a_new_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(singles, "_paces", {})
    monkeypatch.setattr(turn_order, "_asked_at", {})


@pytest.fixture(autouse=True)
def _worker_that_is_not_stopping() -> Iterator[None]:
    stopping.forget()
    yield
    stopping.forget()


_BRING_NEARER = """
    WITH waiting AS (SELECT run_id, position FROM jobs_requeued FOR UPDATE SKIP LOCKED)
    UPDATE jobs_requeued AS q SET due_at = due_at - %s
    FROM waiting WHERE q.run_id = waiting.run_id AND q.position = waiting.position
"""
"""Lanes of several threads may let time pass at once, in the middle of each other's reports: what one of them has locked is left
alone, or the two would wait for each other."""


class Broker:
    """Stands where messages leave the engine: keeps them in order until a test delivers them."""

    def __init__(self) -> None:
        self.messages: list[LaneMessage] = []
        self.down = False
        self.backlog = 0
        self.asked: list[str] = []
        self.waited: float | None = None
        """How many seconds each message has stood in line when it is delivered; None for messages that do not say."""

    def publish(self, messages: Iterable[LaneMessage]) -> None:
        """Take messages, unless the broker is down."""
        messages = list(messages)
        if self.down:
            raise BrokerUnavailable("connection refused")
        self.messages += messages

    def depth(self, queue: str) -> int:
        """As many as the test says."""
        if self.down:
            raise BrokerUnavailable("connection refused")
        self.asked.append(queue)
        return self.backlog

    def lanes(self) -> list[tuple[int, int]]:
        """Every lane that a kept message names."""
        return [each for message in self.messages for each in message.lanes]

    def share(self, run_ids: Sequence[int], *, strict: bool = False) -> None:
        """Instead of what was published, keep one message that carries these runs of one payload."""
        self.messages = [LaneMessage("default", [(run_id, 0) for run_id in run_ids], single=True, strict=strict)]

    def clear(self) -> None:
        """Lose every message."""
        self.messages.clear()

    def deliver(self) -> bool:
        """Let a worker do what the oldest message says. False when there is none."""
        if not self.messages:
            return False
        message = self.messages.pop(0)
        turns.work(
            lanes=message.lanes,
            queue=message.queue,
            single=message.single,
            strict=message.strict,
            published_at=None if self.waited is None else time.time() - self.waited,
        )
        return True

    def deliver_all(self, *, most: int = 1000) -> None:
        """Deliver until nothing is left, including what the deliveries publish."""
        for _ in range(most):
            if not self.deliver():
                return
        raise AssertionError(f"messages without end: {self.messages[:5]}")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    """Replaces the real one."""
    broker = Broker()
    monkeypatch.setattr(dispatch, "publish", broker.publish)
    monkeypatch.setattr(dispatch, "depth", broker.depth)
    return broker


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of lanes, ranges and pauses; a pause moves every retry that waits nearer by as much."""

    def pass_by(seconds: float) -> None:
        with hotpath.connection() as connection:
            connection.execute(_BRING_NEARER, (dt.timedelta(seconds=seconds),))

    clock = Clock(slept=pass_by)
    for module in (lane, singles, journal, persistence, rates):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(heartbeat, "now", clock.monotonic)  # its thread sleeps by the real one
    return clock


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, broker: Broker, clock: Clock) -> ScriptedExecutor:
    """The kind ``scripted``, batchable, and its executor."""
    monkeypatch.setitem(kinds.KINDS.known, "scripted", kind(batchable=True))
    executor = ScriptedExecutor(clock)
    monkeypatch.setitem(EXECUTORS, "scripted", executor)
    return executor
