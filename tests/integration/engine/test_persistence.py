"""A database that goes away: cut between any two statements of a turn, and every payload ends recorded exactly once."""

from __future__ import annotations

import contextlib
from typing import Any

import psycopg
import pytest
from django.db import connection as djangos

from jobs import claims, hotpath
from jobs.claims import Report, Requeue
from jobs.errors import LaneLost
from jobs.models import Attempt, Event, Lane, Payload, Requeued, Run
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    counts,
    done,
    expire,
    fresh,
    in_thread,
    lease,
    make_run,
    make_single_runs,
    plain,
    positions,
    scripts,
    take,
    until_somebody_waits,
    waiting,
)
from tests.integration.engine.saw import Saw
from tests.integration.engine.scripted import ScriptedExecutor
from workers import persistence, sweep

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


@pytest.fixture
def saw(monkeypatch: pytest.MonkeyPatch) -> Saw:
    return Saw(monkeypatch)


def live_on(broker: Broker) -> None:
    """What the other workers do: every message is delivered, and who fails at it is swept up after."""
    for _ in range(20):
        with contextlib.suppress(psycopg.OperationalError):
            while broker.deliver():
                pass
        with contextlib.suppress(psycopg.OperationalError):
            if Lane.objects.exists():
                expire()
            Run.objects.filter(wake_at__isnull=False).update(wake_at="2020-01-01T00:00:00Z")
            sweep.sweep_once()
        if not broker.messages and not Run.objects.filter(wake_at__isnull=False).exists():
            return
    raise AssertionError("the run does not end")


def recorded_once(run_ids: list[int], *, succeeded: int) -> None:
    """Every payload has one outcome, the counters say so, and each run ended once."""
    for run_id in run_ids:
        assert counts(run_id) == (succeeded, 0, 0)
        assert fresh(run_id).state == "succeeded"
        assert waiting(run_id) == {}
        assert list(Event.objects.filter(run_id=run_id).values_list("kind", flat=True).order_by("id")) == [
            "run.created",
            "run.running",
            "run.succeeded",
        ]
        for position, number in Payload.objects.filter(run_id=run_id).values_list("position", "attempts"):
            failed = Attempt.objects.filter(run_id=run_id, position=position)
            assert sorted(failed.values_list("number", flat=True)) == list(range(1, number))
    assert not Lane.objects.exists()


@pytest.mark.parametrize("after", [False, True], ids=["before-it", "after-it"])
class TestACutAtEachStatement:
    @pytest.mark.parametrize("strict", [False, True], ids=["in-ranges", "one-by-one"])
    def test_of_a_turn_with_ranges_retries_and_log_lines(
        self, broker: Broker, scripted: ScriptedExecutor, saw: Saw, strict: bool, after: bool
    ) -> None:
        parameters: list[dict[str, Any]] = [{} for _ in range(9)]
        parameters[2] = {"fails": 1}
        parameters[5] = {"fails": 1, "says": ["a line"]}
        parameters[6] = {"takes": 0.3}
        for at in range(1, 60):
            saw.set(at=10**9, after=after)
            options: dict[str, Any] = {"max_concurrent_requests": 1, "retry": {"maximum_attempts": 6}}
            run = make_run(scripts(*parameters), strict=strict, **options)
            saw.set(at=at, after=after)
            live_on(broker)
            fell = saw.fell
            saw.set(at=10**9, after=after)
            recorded_once([run.pk], succeeded=9)
            if not fell:
                break
        else:
            raise AssertionError("a turn has fewer statements than that")
        assert at > 12

    def test_of_a_message_with_runs_of_one_payload(
        self, broker: Broker, scripted: ScriptedExecutor, saw: Saw, after: bool
    ) -> None:
        for at in range(1, 60):
            saw.set(at=10**9, after=after)
            run_ids = make_single_runs([{}, {}, {"fails": 1}, {}], retry={"maximum_attempts": 6})
            broker.share(run_ids)
            saw.set(at=at, after=after)
            live_on(broker)
            fell = saw.fell
            saw.set(at=10**9, after=after)
            recorded_once(run_ids, succeeded=1)
            if not fell:
                break
        else:
            raise AssertionError("it has fewer statements than that")
        assert at > 8

    @pytest.mark.parametrize("strict", [False, True], ids=["in-ranges", "one-by-one"])
    def test_within_a_turn_nothing_is_executed_twice(
        self, broker: Broker, scripted: ScriptedExecutor, saw: Saw, strict: bool, after: bool
    ) -> None:
        """From its first report to its last a turn knows what it did: only the work of a process that died is done again."""
        for at in range(2, 40):
            saw.set(at=10**9, after=after)
            options: dict[str, Any] = {"max_concurrent_requests": 1, "retry": {"maximum_attempts": 2}}
            run = make_run(scripts({}, {}, {"fails": 1}, {}, {}), strict=strict, **options)
            saw.set(at=at, after=after)
            with contextlib.suppress(psycopg.OperationalError):  # what follows the last report is the sweep's to repeat
                broker.deliver()
            fell = saw.fell
            saw.set(at=10**9, after=after)
            live_on(broker)
            recorded_once([run.pk], succeeded=5)
            assert sorted(scripted.positions(run.pk)) == [0, 1, 2, 2, 3, 4]
            if not fell:
                break
        else:
            raise AssertionError("a turn has fewer statements than that")


class TestAReport:
    def test_that_finds_no_database_is_sent_until_there_is_one(
        self, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = make_run(plain(4))
        lane = take(run)
        lease(lane, 2)
        answers = iter([True] * 7)
        real = claims.report

        def report(**arguments: Any) -> claims.Grant:
            if next(answers, None):
                raise psycopg.OperationalError("the database system is starting up")
            return real(**arguments)

        monkeypatch.setattr(claims, "report", report)
        began = scripted.clock.now
        assert positions(persistence.report(lane=lane, outcome=done([0, 1]), take=2)) == [2, 3]
        assert counts(run) == (2, 0, 0)
        assert scripted.clock.now - began > 3

    def test_whose_lane_was_taken_back_meanwhile_is_dropped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run = make_run(plain(4))
        lane = take(run)
        lease(lane, 2)

        def report(**arguments: Any) -> claims.Grant:
            expire()
            sweep.sweep_once()
            raise psycopg.OperationalError("gone")

        monkeypatch.setattr(claims, "report", report)
        with pytest.raises(LaneLost):
            persistence.report(lane=lane, outcome=done([0, 1]), take=2)
        assert counts(run) == (0, 0, 0)

    def test_that_the_server_is_still_busy_with_is_waited_for(self) -> None:
        run = make_run(plain(6))
        lane = take(run)
        lease(lane, 2)
        copy = claims.Lane(id=lane.id, run=lane.run, slot=0, worker="host:1", sequence=lane.sequence)
        with hotpath.connection() as other, other.transaction():
            other.execute("SELECT 1 FROM jobs_run WHERE id = %s FOR UPDATE", (run.pk,))
            first = in_thread(lambda: lease(copy, 2, done([0, 1])))
            until_somebody_waits()
            again = in_thread(lambda: claims.resync(lane=lane))
            until_somebody_waits(many=2)
        first()
        held = again()
        assert held is not None
        assert [payload.position for payload in held] == [2, 3]

    def test_another_error_than_the_databases_absence_is_not_repeated(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        broken = Report(finals=done([0]).finals, requeues=[Requeue(1, 99999, 0.0, False)])
        with pytest.raises(psycopg.errors.NumericValueOutOfRange):
            persistence.report(lane=lane, outcome=broken, take=1)


class TestLeasingRetries:
    def test_what_was_leased_without_an_answer_is_ours(self, saw: Saw) -> None:
        run = make_run(plain(4))
        lane = take(run)
        lease(lane, 4)
        lease(lane, 0, Report(requeues=[Requeue(p, 1, 0.0, False) for p in (1, 2)]))
        saw.set(at=1, after=True)
        leased = persistence.lease_requeued(lane=lane, take=5)
        assert [(payload.position, payload.attempts, payload.requeued) for payload in leased] == [
            (1, 1, True),
            (2, 1, True),
        ]
        lease(lane, 0, Report(finals=done([1, 2]).finals, settled=[1, 2]))
        assert not Requeued.objects.exists()

    def test_what_was_not_leased_is_leased_then(self, saw: Saw) -> None:
        run = make_run(plain(4))
        lane = take(run)
        lease(lane, 4)
        lease(lane, 0, Report(requeues=[Requeue(1, 1, 0.0, False)]))
        saw.set(at=1, after=False)
        assert [payload.position for payload in persistence.lease_requeued(lane=lane, take=5)] == [1]
        assert waiting(run)[1].lane_id == lane.id


class TestDjangosOwnConnection:
    def test_is_replaced_when_the_server_has_closed_it(self) -> None:
        with djangos.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        with hotpath.connection() as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        assert persistence.with_models(Lane.objects.count) == 0
