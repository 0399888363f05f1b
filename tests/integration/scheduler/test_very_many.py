"""Very many fire times at once: they are shared out, in transactions of moderate length, and none is doubled or forgotten."""

from __future__ import annotations

import select
import threading
from typing import Any

import psycopg
import pytest

from jobs import hotpath
from jobs.models import Job
from jobs.services.deduplication import digest_of
from scheduler import beat
from scheduler.models import Fire, Schedule
from scheduler.services import firing
from tests.integration.scheduler.makers import (
    ALL,
    MINUTE,
    NINE,
    cron,
    entry,
    fire,
    fresh,
    runs_of,
    save,
    stand,
    standing,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

ONCE = cron("0 0 12 5 1 ? 2026")
"""At noon of that day, which is long over."""


def overdue(count: int) -> Job:
    """A job with so many schedules that each owe one fire time."""
    job = save(*(entry(ONCE, name=f"s{number}", **ALL) for number in range(count)))
    for schedule in Schedule.objects.filter(job=job):
        stand(schedule)
    return job


class TestManySchedules:
    @pytest.fixture
    def threads(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The threads that fired, once for each time; batches are small."""
        names: list[str] = []
        fire_due = firing.fire_due

        def named(*, take: int = 10) -> int:
            names.append(threading.current_thread().name)
            return fire_due(take=take)

        monkeypatch.setattr(beat, "FEW", 5)
        monkeypatch.setattr(firing, "BATCH", 10)
        monkeypatch.setattr(firing, "fire_due", named)
        return names

    def test_are_fired_by_several_hands_and_each_once(self, threads: list[str]) -> None:
        job = overdue(60)
        beat.look()
        fires = Fire.objects.filter(schedule__job=job)
        assert fires.count() == fires.values("schedule").distinct().count() == 60
        assert len(set(threads)) == 1 + beat.HANDS

    def test_that_are_few_are_fired_by_the_beat_itself(self, threads: list[str]) -> None:
        job = overdue(4)
        beat.look()
        assert Fire.objects.filter(schedule__job=job).count() == 4
        assert set(threads) == {threading.current_thread().name}

    def test_with_parameters_of_their_own_are_known_by_them(self) -> None:
        schedules = [
            stand_unique(number, {"parameters": parameters} if parameters else {})
            for number, parameters in enumerate([{"day": 'mon\\"day'}, {"day": "tuesday"}, None])
        ]
        fire(NINE + MINUTE)
        runs = [runs_of(schedule)[0] for schedule in schedules]
        assert [run.parameters for run in runs] == [{"day": 'mon\\"day'}, {"day": "tuesday"}, {}]
        assert [run.digest for run in runs] == [digest_of(run.parameters) for run in runs]


class TestManyFireTimes:
    ALL_OF_THEM: dict[str, Any] = {"misfire": {"policy": "all", "most": 1000}, **ALL}

    def test_of_several_schedules_are_not_all_decided_in_one_transaction(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(firing, "MOST_DECISIONS", 25)
        schedules = [standing(**self.ALL_OF_THEM) for _ in range(5)]
        now = NINE + 10 * MINUTE
        assert firing.fire_due(now=now) == 5
        assert [fresh(each).next_run_at for each in schedules] == [now + MINUTE] * 3 + [NINE + MINUTE] * 2
        assert [len(runs_of(each)) for each in schedules] == [10, 10, 10, 0, 0]
        fire(now)
        assert [len(runs_of(each)) for each in schedules] == [10] * 5

    def test_of_one_schedule_are_decided_however_many_they_are(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(firing, "MOST_DECISIONS", 5)
        schedule = standing(**self.ALL_OF_THEM)
        fire(NINE + 10 * MINUTE)
        assert len(runs_of(schedule)) == 10


def test_a_process_that_stands_still_within_a_transaction_loses_its_locks_and_may_try_again() -> None:
    with hotpath.connection() as connection:
        row = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
        assert row is not None
        assert row.idle_in_transaction_session_timeout == "10s"
        connection.execute("SET idle_in_transaction_session_timeout = '10ms'")
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout) as ended:
            stand_still(connection)
    assert isinstance(ended.value, hotpath.RETRYABLE)


def stand_still(connection: psycopg.Connection[Any]) -> None:
    """Go on with a transaction after the server has ended its session."""
    with connection.transaction():
        connection.execute("SELECT 1")
        farewell = select.poll()
        farewell.register(connection.fileno(), select.POLLIN)
        assert farewell.poll(10_000)
        connection.execute("SELECT 1")


def stand_unique(number: int, parts: dict[str, Any]) -> Schedule:
    """A schedule of a job that wants each run's parameters unique for an hour."""
    job = save(entry(name=f"s{number}", **parts), configuration={"unique_for": {"period": "1h"}})
    return stand(Schedule.objects.get(job=job))
