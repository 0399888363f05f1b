"""The register of worker processes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError

from jobs.models import AuditEntry, WorkerProcess
from jobs.services import fleet
from tests.integration.processes import make_process
from workers import stopping
from workers.registering import Presence

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)
SAID = fleet.Said(
    name="h1:41",
    kind="worker",
    node="worker-1@h1",
    host="h1",
    pid=41,
    pool="thread",
    slots=16,
    queues=["default"],
    children=[],
    version="1",
    memory_bytes=1000,
    started_at=NOW,
)


class TestAnnounce:
    def test_a_process_is_there_from_its_first_word_on(self) -> None:
        assert fleet.announce(said=SAID, now=NOW) is False
        process = WorkerProcess.objects.get()
        assert (process.name, process.queues, process.heard_at, process.draining_since) == (
            "h1:41",
            ["default"],
            NOW,
            None,
        )

    def test_what_changes_is_said_again_and_nothing_else_is_touched(self) -> None:
        fleet.announce(said=SAID, now=NOW)
        later = NOW + dt.timedelta(seconds=2)
        fleet.announce(said=replace(SAID, memory_bytes=2000, children=["h1:42"], queues=[]), now=later)
        process = WorkerProcess.objects.get()
        assert (process.memory_bytes, process.children, process.heard_at) == (2000, ["h1:42"], later)
        assert process.queues == ["default"]

    def test_one_that_is_to_drain_hears_of_it_each_time(self) -> None:
        fleet.announce(said=SAID, now=NOW)
        fleet.drain(process=WorkerProcess.objects.get(), actor="ada", now=NOW)
        assert fleet.announce(said=SAID, now=NOW) is True
        assert fleet.announce(said=SAID, now=NOW) is True

    def test_a_new_process_of_the_same_name_does_not_drain(self) -> None:
        fleet.announce(said=SAID, now=NOW)
        fleet.drain(process=WorkerProcess.objects.get(), actor="ada", now=NOW)
        assert fleet.announce(said=replace(SAID, started_at=NOW + dt.timedelta(minutes=1)), now=NOW) is False
        assert WorkerProcess.objects.get().draining_by == ""

    def test_farewell_takes_back_its_own_row_alone(self) -> None:
        fleet.announce(said=SAID, now=NOW)
        fleet.say_farewell(name="h1:41", started_at=NOW - dt.timedelta(hours=1))
        assert WorkerProcess.objects.exists()
        fleet.say_farewell(name="h1:41", started_at=NOW)
        assert not WorkerProcess.objects.exists()

    def test_who_was_silent_for_a_day_is_forgotten(self) -> None:
        make_process("h1:1", ago=86_000)
        make_process("h1:2", ago=87_000)
        assert fleet.forget_the_silent(now=dt.datetime.now(dt.UTC)) == 1
        assert WorkerProcess.objects.get().name == "h1:1"


class TestDrain:
    def test_it_is_wished_once_and_written_down(self) -> None:
        process = make_process()
        assert fleet.drain(process=process, actor="ada", now=NOW)
        assert not fleet.drain(process=process, actor="bob", now=NOW)
        process.refresh_from_db()
        assert (process.draining_since, process.draining_by) == (NOW, "ada")
        entry = AuditEntry.objects.get(action="worker.drained")
        assert (entry.actor, entry.target, entry.workspace_id) == ("ada", "worker h1:41", None)

    def test_it_is_undone(self) -> None:
        process = make_process(draining_since=NOW, draining_by="ada")
        assert fleet.resume(process=process, actor="bob")
        assert not fleet.resume(process=process, actor="bob")
        process.refresh_from_db()
        assert (process.draining_since, process.draining_by) == (None, "")

    def test_a_beat_does_not(self) -> None:
        process = make_process(kind="beat")
        assert not fleet.drain(process=process, actor="ada", now=NOW)
        assert not AuditEntry.objects.filter(action="worker.drained").exists()
        with pytest.raises(IntegrityError, match="worker_process_beats_do_not_drain"):
            WorkerProcess.objects.update(draining_since=NOW)


class FakeConsumer:
    """Does at once what the event loop would do soon, and says what; unless it has gone deaf."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.fetching = {"default", "http"}
        self.is_deaf = False
        self.task_consumer: FakeConsumer | None = self

    def consuming_from(self, queue: str) -> bool:
        return queue in self.fetching

    def call_soon(self, act: Any, queue: str) -> None:
        if not self.is_deaf:
            act(queue)

    def cancel_task_queue(self, queue: str) -> None:
        self.said.append(("cancel", queue))
        self.fetching.remove(queue)

    def add_task_queue(self, queue: str) -> None:
        self.said.append(("add", queue))
        self.fetching.add(queue)


class FakeWorker:
    """What a `Presence` asks of Celery's."""

    class app:  # noqa: N801
        class amqp:  # noqa: N801
            class queues:  # noqa: N801
                consume_from = {"http": None, "default": None}

    pool_cls = FakeConsumer
    concurrency = 4

    def __init__(self) -> None:
        self.consumer = FakeConsumer()


class TestPresence:
    @pytest.fixture(autouse=True)
    def forget(self) -> Any:
        yield
        stopping.forget()

    def test_it_says_what_it_is(self) -> None:
        Presence(kind="worker", node="w@h", worker=FakeWorker()).tell()
        process = WorkerProcess.objects.get()
        assert (process.kind, process.node, process.slots, process.queues) == ("worker", "w@h", 4, ["default", "http"])
        assert process.memory_bytes is not None
        assert process.memory_bytes > 1_000_000

    def test_a_beat_has_neither_queues_nor_slots(self) -> None:
        Presence(kind="beat", node="beat@h").tell()
        process = WorkerProcess.objects.get()
        assert (process.kind, process.queues, process.slots, process.pool) == ("beat", [], 0, "")

    def test_it_lets_go_of_its_queues_once_and_takes_them_again(self) -> None:
        worker = FakeWorker()
        presence = Presence(kind="worker", node="w@h", worker=worker)
        presence.tell()
        assert worker.consumer.said == []
        fleet.drain(process=WorkerProcess.objects.get(), actor="ada", now=NOW)
        presence.tell()
        presence.tell()
        assert worker.consumer.said == [("cancel", "default"), ("cancel", "http")]
        assert stopping.asked()
        assert not stopping.is_final()
        fleet.resume(process=WorkerProcess.objects.get(), actor="ada")
        presence.tell()
        assert worker.consumer.said[2:] == [("add", "default"), ("add", "http")]
        assert not stopping.asked()

    def test_what_it_is_told_while_the_broker_is_away_it_does_afterwards(self) -> None:
        worker = FakeWorker()
        presence = Presence(kind="worker", node="w@h", worker=worker)
        presence.tell()
        fleet.drain(process=WorkerProcess.objects.get(), actor="ada", now=NOW)
        worker.consumer.is_deaf = True
        presence.tell()
        worker.consumer.task_consumer = None  # it reconnects
        presence.tell()
        assert worker.consumer.fetching == {"default", "http"}
        worker.consumer.is_deaf, worker.consumer.task_consumer = False, worker.consumer
        presence.tell()
        assert worker.consumer.fetching == set()

    def test_one_that_is_shut_down_is_left_alone(self) -> None:
        worker = FakeWorker()
        worker.consumer.fetching.clear()
        stopping.ask()
        Presence(kind="worker", node="w@h", worker=worker).tell()
        assert worker.consumer.said == []

    def test_going_on_undoes_no_shutdown(self) -> None:
        stopping.ask()
        stopping.drain(True)
        stopping.drain(False)
        assert stopping.asked()
        assert stopping.is_final()

    def test_it_takes_itself_back(self) -> None:
        presence = Presence(kind="beat", node="beat@h")
        presence.tell()
        presence.farewell()
        assert not WorkerProcess.objects.exists()

    def test_a_forked_child_takes_nothing_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        presence = Presence(kind="beat", node="beat@h")
        presence.tell()
        monkeypatch.setattr("workers.registering.os.getpid", lambda: presence.pid + 1)
        presence.farewell()
        assert WorkerProcess.objects.exists()
