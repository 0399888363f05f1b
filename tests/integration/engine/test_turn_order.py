"""Whose turn it is: more urgent runs first, and no workspace waits behind another's million."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs import hotpath
from jobs.claims import RateLimit, limits
from jobs.models import Job, Requeued, Run, Workspace
from jobs.services import control
from jobs.services.groups import save_group
from jobs.services.jobs import save_job
from jobs.services.runs import start_run, start_runs
from jobs.states import Trigger
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import SECOND, fresh, lease, plain, scripts, take
from tests.integration.engine.plans import explain_all
from tests.integration.engine.scripted import ScriptedExecutor
from workers import turn_order

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


@pytest.fixture(autouse=True)
def _a_moment_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Since the process asked last: payloads take long by the tests' clock, and no time by the machine's."""
    monkeypatch.setattr(turn_order, "ASK_SECONDS", 0.0)


def slow(count: int) -> list[dict[str, Any]]:
    return scripts(*[{"takes": 6.0} for _ in range(count)])


def job_of(slug: str, payload: list[dict[str, Any]], **configuration: Any) -> Job:
    workspace, _ = Workspace.objects.get_or_create(slug=slug, defaults={"name": slug})
    name = f"task:job-{Job.objects.count()}"
    return save_job(
        workspace=workspace, document={"key": name, "payload": payload, "configuration": configuration}, actor="test"
    )


def run_of(slug: str, payload: list[dict[str, Any]] | None = None, **configuration: Any) -> int:
    return start_run(job=job_of(slug, payload or slow(5), **configuration), trigger=Trigger.MANUAL)


def runs_of(slug: str, count: int, payload: list[dict[str, Any]] | None = None) -> list[int]:
    return start_runs(job_ids=[job_of(slug, payload or slow(5)).pk] * count, trigger=Trigger.MANUAL)


def deserving(run_id: int, *, served: list[int] | None = None) -> list[tuple[int, int]]:
    found = limits.deserving_lanes(run_id=run_id, queue="default", served=served or [])
    return [(lane.run_id, lane.slot) for lane in found]


def worked(scripted: ScriptedExecutor) -> list[int]:
    """The runs that had a turn, in order."""
    runs = [run_id for run_id, _, _ in scripted.performed]
    return [run for at, run in enumerate(runs) if at == 0 or runs[at - 1] != run]


class TestBetweenWorkspaces:
    def test_one_run_is_begun_in_the_next_turn_though_two_thousand_stand_before_it(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        many = runs_of("acme", 2000)
        assert len(broker.messages) == 10_000
        one = run_of("zenith")
        broker.waited = 10.0
        broker.deliver()
        assert fresh(one).started_at is not None
        assert scripted.positions(one) == [0]
        assert [run_id for run_id, _, _ in scripted.performed if run_id != one] == [many[0]]

    def test_they_take_turns_until_it_has_ended(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        runs_of("acme", 20)
        one = run_of("zenith")
        broker.waited = 10.0
        for _ in range(5):
            broker.deliver()
        assert scripted.positions(one) == [0, 1, 2, 3, 4]
        assert fresh(one).state == "succeeded"
        assert len(scripted.performed) == 10

    def test_each_of_several_has_its_turn(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        first, *_ = runs_of("acme", 20)
        others = [run_of("beta"), run_of("gamma"), run_of("delta")]
        broker.waited = 10.0
        broker.deliver()
        assert sorted(worked(scripted)) == sorted([first, *others])
        assert worked(scripted)[-1] == first

    def test_one_with_more_lanes_at_work_has_to_wait(self) -> None:
        own = run_of("acme")
        busy = run_of("beta")
        lease(take(fresh(busy)), 1)
        assert deserving(own) == []
        lease(take(fresh(own)), 1)
        assert deserving(own) == [(busy, 1)]

    def test_priority_does_not_help_it(self) -> None:
        """Or who calls everything urgent would have all workers."""
        own = run_of("acme")
        busy = run_of("beta", priority=100)
        lease(take(fresh(busy)), 1)
        assert deserving(own) == []

    def test_between_those_that_deserve_it_alike_it_does(self) -> None:
        own = run_of("acme")
        plain_one, urgent = run_of("beta"), run_of("gamma", priority=5)
        assert deserving(own) == [(urgent, 0), (plain_one, 0)]

    def test_one_that_had_its_turn_must_have_fewer_lanes_to_have_another(self) -> None:
        own, other = run_of("acme"), run_of("beta")
        served = [fresh(other).workspace_id]
        assert deserving(own, served=served) == []
        lease(take(fresh(own)), 1)
        assert deserving(own, served=served) == [(other, 0)]


class TestWithinAWorkspace:
    def test_a_more_urgent_run_overtakes(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        first, *_ = runs_of("acme", 50)
        urgent = run_of("acme", slow(3), priority=10)
        broker.waited = 10.0
        broker.deliver()
        assert worked(scripted) == [urgent, first]
        assert fresh(urgent).state == "succeeded"

    def test_an_equal_one_does_not(self) -> None:
        own, _other = run_of("acme"), run_of("acme")
        assert deserving(own) == []

    def test_runs_of_one_payload_overtake_together(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        first, *_ = runs_of("acme", 50)
        job = job_of("acme", plain(1), priority=10)
        urgent = start_runs(job_ids=[job.pk] * 10, trigger=Trigger.MANUAL)
        broker.waited = 10.0
        broker.deliver()
        assert worked(scripted) == [*urgent, first]


class TestWhoIsOffered:
    @pytest.fixture
    def own(self) -> int:
        return run_of("acme")

    def test_the_least_free_slot(self, own: int) -> None:
        other = run_of("beta")
        lease(take(fresh(other)), 1)
        lease(take(fresh(own)), 1)
        assert deserving(own) == [(other, 1)]

    @pytest.mark.parametrize("action", [control.pause_run, control.terminate_run])
    def test_none_that_is_held_or_ended(self, own: int, action: Any) -> None:
        action(run=fresh(run_of("beta")), actor="ada")
        assert deserving(own) == []

    def test_none_that_waits_to_be_admitted(self, own: int) -> None:
        Run.objects.filter(pk=run_of("beta")).update(admitted=False)
        assert deserving(own) == []

    def test_none_that_came_too_late(self, own: int) -> None:
        Run.objects.filter(pk=run_of("beta")).update(expires_at=dt.datetime.now(dt.UTC) - SECOND)
        assert deserving(own) == []

    def test_none_whose_group_is_full(self, own: int) -> None:
        workspace, _ = Workspace.objects.get_or_create(slug="beta", defaults={"name": "beta"})
        save_group(workspace=workspace, name="host", limit=1, rate=None, actor="test")
        busy = run_of("beta", concurrency_group="host")
        lease(take(fresh(own)), 1)
        assert deserving(own) == [(busy, 0)]
        lease(take(fresh(busy)), 1)
        assert deserving(own) == []

    def test_none_whose_rate_is_used_up(self, own: int) -> None:
        rate = {"count": 1, "period": "1h"}
        other = run_of("beta", rate_limit=rate)
        assert deserving(own) == [(other, 0)]
        limits.reserve(rates=[RateLimit(f"job:{fresh(other).job_id}", 3_600_000.0)], count=1)
        assert deserving(own) == []

    def test_none_that_waits_for_a_retry(self, own: int) -> None:
        other = run_of("beta", slow(1))
        Run.objects.filter(pk=other).update(state="running", next_position=1)
        waiting = Requeued.objects.create(run_id=other, position=0, due_at=fresh(other).created_at + 3600 * SECOND)
        assert deserving(own) == []
        Requeued.objects.filter(pk=waiting.pk).update(due_at=fresh(other).created_at)
        assert deserving(own) == [(other, 0)]

    def test_none_of_another_queue(self, own: int) -> None:
        Run.objects.filter(pk=run_of("beta")).update(queue="spark")
        assert deserving(own) == []


class TestAsking:
    def test_a_message_that_did_not_wait_asks_nothing(self, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
        run_of("acme", plain(2))
        monkeypatch.setattr(limits, "deserving_lanes", lambda **_: pytest.fail("asked"))
        broker.waited = 0.1
        broker.deliver_all()

    def test_nor_does_one_that_does_not_say(self, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
        run_of("acme", plain(2))
        monkeypatch.setattr(limits, "deserving_lanes", lambda **_: pytest.fail("asked"))
        broker.deliver_all()

    def test_a_process_asks_at_most_every_quarter_of_a_second(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[int] = []
        monkeypatch.setattr(turn_order, "ASK_SECONDS", 600.0)

        def deserving_lanes(**_: object) -> list[limits.DeservingLane]:
            asked.append(1)
            return []

        monkeypatch.setattr(limits, "deserving_lanes", deserving_lanes)
        for _ in range(3):
            run_of("acme", plain(2))
        broker.waited = 10.0
        broker.deliver_all()
        assert asked == [1]

    def test_a_database_that_is_away_only_costs_the_order(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run_id = run_of("acme", plain(2))

        def fail(**_: object) -> None:
            raise hotpath.RETRYABLE[0]("gone")

        monkeypatch.setattr(limits, "deserving_lanes", fail)
        broker.waited = 10.0
        broker.deliver_all()
        assert fresh(run_id).state == "succeeded"

    def test_it_reads_a_few_rows_however_many_runs_wait(self, monkeypatch: pytest.MonkeyPatch) -> None:
        own, other = run_of("acme"), run_of("beta")
        like = fresh(own)
        Run.objects.bulk_create(
            Run(
                workspace_id=like.workspace_id,
                job_id=like.job_id,
                job_key=like.job_key,
                snapshot={},
                total=5,
                wake_at=like.wake_at,
            )
            for _ in range(5_000)
        )
        explained = explain_all(monkeypatch)
        assert deserving(own) == [(other, 0)]
        assert max(node.rows for node in explained.nodes("deserving_lanes", "jobs_run")) <= 100
