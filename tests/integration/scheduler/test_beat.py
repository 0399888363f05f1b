"""The beat itself: one leads and another takes over, a new schedule wakes it, and nothing that is away or broken ends it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import redis
from django.conf import LazySettings
from django.db import connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks
from kombu.exceptions import OperationalError as BrokerError

from jobs import hotpath
from jobsproject.celery import app
from scheduler import beat, claims
from scheduler.beat import JobScheduler, Leadership, Waker
from scheduler.models import Backfill, Schedule
from scheduler.services import backfills, controls, endings, firing
from tests.integration.engine.makers import in_thread
from tests.integration.scheduler.makers import (
    ALL,
    HOUR,
    MINUTE,
    SECOND,
    cron,
    decided,
    entry,
    of,
    runs_of,
    save,
    standing,
)

pytestmark = [
    pytest.mark.engine,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("scripted", "broker"),
]

LONG = 20.0
"""Seconds that no test waits for."""


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def overdue() -> Schedule:
    """A schedule whose fire time came a moment ago."""
    return standing({"type": "once", "at": (now() - SECOND).isoformat()}, at=now() - MINUTE)


def fill_back(limit: int) -> Backfill:
    """A backfill of twenty hours."""
    schedule = standing(cron("0 * * * *"), at=now())
    Schedule.objects.filter(pk=schedule.pk).update(created_at=now() - 30 * HOUR, anchor_at=now() - 30 * HOUR)
    start, end = (now() - 20 * HOUR).isoformat(), (now() - SECOND).isoformat()
    return backfills.create_backfill(schedule=schedule, start=start, end=end, actor="ann", limit=limit)


def end_sessions(where: str = "true") -> None:
    """As a server does that restarts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
            f" WHERE application_name = 'jobs-engine' AND datname = current_database() AND {where}"
        )


def end_leader() -> None:
    end_sessions("pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')")


class TestLeadership:
    @pytest.fixture
    def two(self) -> Iterator[tuple[Leadership, Leadership]]:
        two = Leadership(), Leadership()
        yield two
        for each in two:
            each.release()

    def test_is_held_by_one(self, two: tuple[Leadership, Leadership]) -> None:
        one, other = two
        assert one.held()
        assert not other.held()
        assert one.held()
        assert (one.terms, other.terms) == (1, 0)

    def test_that_is_released_another_takes(self, two: tuple[Leadership, Leadership]) -> None:
        one, other = two
        assert one.held()
        one.release()
        assert other.held()
        assert not one.held()

    def test_ends_with_its_session(self, two: tuple[Leadership, Leadership]) -> None:
        one, other = two
        assert one.held()
        end_leader()
        assert other.held()
        assert not one.held()

    def test_that_is_taken_again_is_another_term(self, two: tuple[Leadership, Leadership]) -> None:
        one, _ = two
        assert one.held()
        end_leader()
        assert one.held()
        assert one.terms == 2

    def test_cannot_be_had_without_the_database(
        self, two: tuple[Leadership, Leadership], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hotpath, "connect", away)
        with pytest.raises(psycopg.OperationalError):
            two[0].held()


class TestWaker:
    @pytest.fixture
    def waker(self) -> Iterator[Waker]:
        waker = Waker()
        waker.listen()
        yield waker
        waker.close()

    @pytest.mark.parametrize("what", ["saved", "edited", "resumed"])
    def test_returns_when_a_schedule_is(self, waker: Waker, what: str) -> None:
        job = save(entry(name="old"))
        schedule = of(job, "old")
        if what == "resumed":
            controls.pause_schedule(schedule=schedule, actor="ann")
        waker.close()
        waker.listen()
        if what == "saved":
            save(entry())
        elif what == "edited":
            save(entry(cron("0 * * * *"), name="old"), key=job.key)
        else:
            controls.resume_schedule(schedule=schedule, actor="ann")
        began = time.monotonic()
        waker.wait(LONG)
        assert time.monotonic() - began < LONG / 2

    def test_returns_when_its_time_is_over(self, waker: Waker) -> None:
        save()
        waker.wait(0.05)

    def test_says_that_the_database_is_away_and_listens_again(self, waker: Waker) -> None:
        end_sessions()
        with pytest.raises(psycopg.OperationalError):
            waker.wait(LONG)
        waker.listen()
        save(entry())
        waker.wait(LONG)


class Sent(list[str]):
    """The names of the periodic tasks that were sent."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    sent = Sent()

    def send_task(self: JobScheduler, name: str, *arguments: Any, **options: Any) -> None:
        sent.append(name)

    monkeypatch.setattr(JobScheduler, "send_task", send_task)
    return sent


@pytest.fixture
def make_beat(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, sent: Sent
) -> Iterator[Callable[[], JobScheduler]]:
    """Beats that wait a moment only, and ask each time whether they may lead."""
    settings.JOBS_BEAT_SECONDS = 0.05
    monkeypatch.setattr(JobScheduler, "LEADER_CHECK_SECONDS", 0.0)
    beats: list[JobScheduler] = []

    def make() -> JobScheduler:
        beats.append(JobScheduler(app=app))
        return beats[-1]

    yield make
    for each in beats:
        each._finalize.cancel()
        each.close()


@pytest.fixture
def a_beat(make_beat: Callable[[], JobScheduler]) -> JobScheduler:
    return make_beat()


def periodic_task(name: str = "operators.own", *, hours_ago: int = 2) -> PeriodicTask:
    """A task of each hour that was sent so many hours ago."""
    hourly, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.HOURS)
    task = PeriodicTask.objects.create(name=name, task=name, interval=hourly)
    return make_due(task, hours_ago=hours_ago)


def make_due(task: PeriodicTask, *, hours_ago: int = 2) -> PeriodicTask:
    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=now() - dt.timedelta(hours=hours_ago))
    PeriodicTasks.update_changed()
    return task


def away(*_: object, **__: object) -> Any:
    raise psycopg.OperationalError("the database system is starting up")


def raising(error: Exception) -> Callable[..., Any]:
    """What fails whoever calls it."""

    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


class TestATick:
    def test_fires_what_is_due(self, a_beat: JobScheduler) -> None:
        schedule = overdue()
        a_beat.tick()
        assert decided(schedule) == ["fired"]

    def test_ends_when_a_schedule_is_saved(self, a_beat: JobScheduler, settings: LazySettings) -> None:
        a_beat.tick()
        settings.JOBS_BEAT_SECONDS = LONG
        ticking = in_thread(a_beat.tick)
        save(entry())
        began = time.monotonic()
        assert ticking() == 0.0
        assert time.monotonic() - began < LONG / 2

    def test_waits_no_longer_than_until_something_is_due(self, a_beat: JobScheduler, settings: LazySettings) -> None:
        settings.JOBS_BEAT_SECONDS = 3600
        assert a_beat._pause() == 3600
        standing({"type": "once", "at": (now() + 100 * SECOND).isoformat()}, at=now())
        assert 90 < a_beat._pause() <= 100
        overdue()
        assert a_beat._pause() == beat.SHORTEST_WAIT_SECONDS

    def test_is_not_ended_by_a_step_that_fails(self, a_beat: JobScheduler, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(**_: object) -> int:
            raise RuntimeError("out of order")

        monkeypatch.setattr(endings, "settle", fail)
        schedule = overdue()
        a_beat.tick()
        assert decided(schedule) == ["fired"]

    def test_goes_on_after_the_servers_restart(self, a_beat: JobScheduler) -> None:
        a_beat.tick()
        end_sessions()
        schedule = overdue()
        a_beat.tick()
        a_beat.tick()
        assert decided(schedule) == ["fired"]

    def test_without_a_database_waits_and_catches_up_when_it_is_back(
        self, a_beat: JobScheduler, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        minutely = standing(cron("* * * * *"), at=now() - 10 * MINUTE, misfire={"policy": "all"}, **ALL)
        monkeypatch.setattr(hotpath, "connection", away)
        monkeypatch.setattr(hotpath, "connect", away)
        for _ in range(3):
            assert a_beat.tick() == 0.05
        monkeypatch.undo()
        a_beat.tick()
        assert set(decided(minutely)) == {"fired"}
        assert len(runs_of(minutely)) in (10, 11)

    def test_that_finds_the_schedule_locked_looks_again_soon(self, a_beat: JobScheduler) -> None:
        schedule = overdue()
        with hotpath.connection() as engine, engine.transaction():
            claims.claim_due(engine, take=1)
            a_beat.tick()
            assert decided(schedule) == []
        a_beat.tick()
        assert decided(schedule) == ["fired"]

    def test_ends_for_no_schedule_that_cannot_be_read(self, a_beat: JobScheduler) -> None:
        schedule, good = overdue(), overdue()
        Schedule.objects.filter(pk=schedule.pk).update(document={})
        a_beat.tick()
        assert decided(good) == ["fired"]


class TestStarting:
    def test_asks_the_database_nothing(
        self, make_beat: Callable[[], JobScheduler], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hotpath, "connection", away)
        monkeypatch.setattr(hotpath, "connect", away)
        connection.close()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connection, "connect", away)
            make_beat()


class TestPeriodicTasks:
    def test_are_sent_once_by_two_beats(self, make_beat: Callable[[], JobScheduler], sent: Sent) -> None:
        periodic_task()
        one, other = make_beat(), make_beat()
        for _ in range(3):
            one.tick()
            other.tick()
        assert sent == ["operators.own"]

    def test_are_sent_by_another_when_the_leader_is_gone(
        self, make_beat: Callable[[], JobScheduler], sent: Sent
    ) -> None:
        task = periodic_task()
        one, other = make_beat(), make_beat()
        one.tick()
        other.tick()
        end_leader()
        other.tick()
        assert sent == ["operators.own"], "what the former leader sent is kept"
        make_due(task)
        one._theirs_at = other._theirs_at = 0.0
        other.tick()
        one.tick()
        assert sent == ["operators.own"] * 2
        assert (one._leads, other._leads) == (False, True)

    def test_are_sent_by_another_when_the_leader_closes(
        self, make_beat: Callable[[], JobScheduler], sent: Sent
    ) -> None:
        task = periodic_task()
        one, other = make_beat(), make_beat()
        one.tick()
        one.close()
        make_due(task)
        other.tick()
        assert sent == ["operators.own"] * 2

    def test_that_were_sent_are_known_at_once_to_who_leads_next(self, a_beat: JobScheduler, sent: Sent) -> None:
        task = periodic_task()
        a_beat.tick()
        task.refresh_from_db()
        assert now() - task.last_run_at < MINUTE
        assert task.total_run_count == 1

    def test_are_all_sent_in_one_turn(self, a_beat: JobScheduler, sent: Sent) -> None:
        for number in range(5):
            periodic_task(f"operators.{number}")
        a_beat.tick()
        assert sorted(sent) == [f"operators.{number}" for number in range(5)]

    def test_that_are_new_are_taken_up(self, a_beat: JobScheduler, sent: Sent) -> None:
        a_beat.tick()
        periodic_task()
        a_beat._theirs_at = 0.0
        a_beat.tick()
        assert sent == ["operators.own"]

    def test_are_not_sent_by_who_cannot_know_whether_it_leads(
        self, a_beat: JobScheduler, sent: Sent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        a_beat.tick()
        end_leader()
        monkeypatch.setattr(hotpath, "connect", away)
        periodic_task()
        a_beat._theirs_at = 0.0
        a_beat.tick()
        assert sent == []

    def test_wait_for_a_broker_that_is_away_and_schedules_do_not(
        self, a_beat: JobScheduler, sent: Sent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(**_: object) -> None:
            raise BrokerError("connection refused")

        periodic_task()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(a_beat.connection, "ensure_connection", refuse)
            a_beat.tick()
            schedule = overdue()
            a_beat.tick()
        assert sent == []
        assert decided(schedule) == ["fired"]
        a_beat._theirs_at = 0.0
        a_beat.tick()
        assert sent == ["operators.own"]

    def test_are_due_still_when_the_broker_goes_away_in_the_middle(
        self, a_beat: JobScheduler, sent: Sent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The beat has sent through this connection before: it learns of it only when it sends."""
        a_beat.tick()
        first, second = periodic_task("operators.one"), periodic_task("operators.two")
        for error in (BrokerError("connection refused"), ConnectionResetError("reset"), redis.ConnectionError("gone")):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(JobScheduler, "send_task", raising(error))
                a_beat._theirs_at = 0.0
                a_beat.tick()
        for task in (first, second):
            task.refresh_from_db()
            assert now() - task.last_run_at > HOUR
            assert task.total_run_count == 0
        a_beat._theirs_at = 0.0
        a_beat.tick()
        assert sorted(sent) == ["operators.one", "operators.two"]
        first.refresh_from_db()
        assert first.total_run_count == 1

    def test_of_which_one_cannot_be_sent_do_not_wait_for_it(self, a_beat: JobScheduler, sent: Sent) -> None:
        periodic_task("operators.one")
        PeriodicTask.objects.update(kwargs="no JSON")
        periodic_task("operators.two")
        a_beat.tick()
        assert "operators.two" in sent

    def test_are_sent_by_another_when_the_leader_stands_still(
        self, make_beat: Callable[[], JobScheduler], sent: Sent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(beat.Leadership, "LEASE_SECONDS", 1)
        one, other = make_beat(), make_beat()
        one.tick()
        other.tick()
        assert (one._leads, other._leads) == (True, False)
        task = periodic_task()
        until = time.monotonic() + 10
        while not sent and time.monotonic() < until:  # one is stopped
            other._theirs_at = 0.0
            other.tick()
        assert sent == ["operators.own"]
        make_due(task)
        one._leads, one._theirs_at = True, 0.0
        one._send_theirs()  # as if it had been stopped behind its question whether it leads
        assert sent == ["operators.own"]


class TestALook:
    def test_leaves_nothing_that_is_due(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(beat, "FEW", 2)
        monkeypatch.setattr(firing, "BATCH", 2)
        schedules = [overdue() for _ in range(7)]
        beat.look()
        assert [decided(each) for each in schedules] == [["fired"]] * 7

    def test_says_whether_backfills_may_have_more_to_do(self) -> None:
        assert not beat.look()
        fill_back(limit=1)
        assert beat.look()
        assert not beat.look()

    def test_leaves_a_backfill_after_a_batch_for_a_fire_that_is_due(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(backfills, "BATCH", 2)
        overdue_still, backfill = overdue(), fill_back(limit=5)
        with hotpath.connection() as engine, engine.transaction():
            engine.execute("SELECT 1 FROM scheduler_schedule WHERE id = %s FOR UPDATE", (overdue_still.pk,))
            in_thread(beat.look)()
        assert backfill.times.filter(state="started").count() == 2
        beat.look()
        assert decided(overdue_still) == ["fired"]
        assert backfill.times.filter(state="started").count() == 5

    def test_waits_for_nobody(self) -> None:
        """A beat never stands in line for a lock: what others have, it leaves to them."""
        schedule, other = overdue(), overdue()
        with hotpath.connection() as engine, engine.transaction():
            engine.execute("SELECT 1 FROM scheduler_schedule WHERE id = %s FOR UPDATE", (schedule.pk,))
            in_thread(beat.look)()
        assert decided(other) == ["fired"]
        assert decided(schedule) == []
