"""A cleanup beside whatever else goes on: nobody waits for it, and it waits for nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection, transaction

from jobs import dispatch, hotpath
from jobs.claims import Connection
from jobs.claims import cleanup as claims
from jobs.errors import NotFoundError
from jobs.models import Job, Pin, Run
from jobs.services.cleanup import MemoryLedger
from jobs.services.pins import pin_run
from jobs.services.reruns import rerun
from jobs.services.runs import start_run
from jobs.states import Trigger
from tests.integration.cleanup.history import clean, kept, old_run, order
from tests.integration.run_rows import make_ended_run, make_run
from workers import sweep

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 20.0


@pytest.fixture(autouse=True)
def _broker_that_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "publish", lambda messages: None)


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """A thread for what another process does meanwhile."""

    def close() -> None:
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        yield pool
        pool.submit(close).result(SECONDS)


@contextmanager
def erasing(job: Job, aside: ThreadPoolExecutor) -> Iterator[Future[dict[str, int]]]:
    """A cleanup that has erased its batch and has not committed yet, until the block ends."""
    erased, may_commit = threading.Event(), threading.Event()

    class Held(MemoryLedger):
        def keep(self, connection: Connection, place: claims.Place) -> None:
            erased.set()
            assert may_commit.wait(SECONDS)
            super().keep(connection, place)

    cleaned = aside.submit(clean, order(job, what=["runs"]), Held())
    assert erased.wait(SECONDS)
    try:
        yield cleaned
    finally:
        may_commit.set()
        cleaned.result(SECONDS)


@pytest.fixture
def impatient() -> Iterator[None]:
    """Whoever waits for a lock fails: Django's connection, and the engine's."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    with hotpath.connection() as engine:
        engine.execute("SET lock_timeout = '200ms'")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")  # it goes back to the pool, and to other tests
    connection.close()
    hotpath.close()


@pytest.mark.usefixtures("impatient")
class TestInTheMiddleOfABatch:
    def test_runs_of_the_same_job_start_end_and_are_looked_after(self, job: Job, aside: ThreadPoolExecutor) -> None:
        old, active = old_run(job), make_run(job, "q")
        with erasing(job, aside):
            started = start_run(job=job, trigger=Trigger.MANUAL)
            sweep.sweep_once()
            Run.objects.filter(pk=active.pk).update(state="cancelled", ended_at=active.created_at, wake_at=None)
        assert kept() == [active.pk, started]
        assert old.pk not in kept()

    def test_a_run_that_stays_can_be_pinned_and_executed_again(self, job: Job, aside: ThreadPoolExecutor) -> None:
        old_run(job)
        young = old_run(job, 1)
        with erasing(job, aside):
            assert pin_run(run=young, actor="ann")
            again = rerun(run=young, actor="ann")
        assert kept() == [young.pk, again]


class TestWhoComesFirst:
    @pytest.mark.parametrize("what", ["pin", "rerun"])
    def test_who_wants_a_run_that_is_being_erased_is_told_that_it_is_gone(
        self, job: Job, aside: ThreadPoolExecutor, what: str
    ) -> None:
        old = old_run(job)
        with ThreadPoolExecutor(1) as other:

            def ask() -> None:
                try:
                    pin_run(run=old, actor="ann") if what == "pin" else rerun(run=old, actor="ann")
                finally:
                    connection.close()

            with erasing(job, aside):
                asked = other.submit(ask)
                until_somebody_waits()
            with pytest.raises(NotFoundError, match="was deleted"):
                asked.result(SECONDS)
        assert kept() == []

    def test_a_run_that_is_just_being_pinned_is_passed_over(self, job: Job, aside: ThreadPoolExecutor) -> None:
        pinned, other = old_run(job), old_run(job)
        with transaction.atomic():
            pin_run(run=pinned, actor="ann")
            assert aside.submit(clean, order(job)).result(SECONDS)["runs"] == 1
        assert kept() == [pinned.pk]
        assert other.pk not in kept()

    def test_a_pin_that_was_committed_before_the_lock_counts(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        pinned = old_run(job)
        find_runs = claims.find_runs

        def find_and_pin(*arguments: object, **named: object) -> list[claims.OldRun]:
            found = find_runs(*arguments, **named)  # type: ignore[arg-type]
            Pin.objects.get_or_create(run=pinned)
            return found

        monkeypatch.setattr(claims, "find_runs", find_and_pin)
        assert clean(order(job)) == {}
        assert kept() == [pinned.pk]

    def test_the_database_itself_refuses_to_erase_a_pinned_run(self, job: Job) -> None:
        pinned = make_ended_run(job, "")
        Pin.objects.create(run=pinned)
        with hotpath.connection() as engine, pytest.raises(psycopg.errors.ForeignKeyViolation, match="jobs_pin"):
            engine.execute("DELETE FROM jobs_run WHERE id = %s", (pinned.pk,))

    def test_two_cleanups_of_a_workspace_take_turns(self, job: Job, aside: ThreadPoolExecutor) -> None:
        origin = old_run(job)
        old_run(job, origin=origin)
        with ThreadPoolExecutor(1) as other:
            with erasing(job, aside) as first:
                second = other.submit(clean, order(job, what=["runs"]))
                until_somebody_waits("advisory")
            assert (first.result(SECONDS)["runs"], second.result(SECONDS)) == (2, {})


def until_somebody_waits(kind: str = "%") -> None:
    """Until a session waits for a lock of that kind."""
    for _ in range(10_000):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
                " WHERE NOT granted AND locktype LIKE %s AND a.datname = current_database()",
                [kind],
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")
