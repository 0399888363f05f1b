"""Attempts that go on elsewhere: looked at again and again, without a worker in between."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs import claims
from jobs.claims.handles import orphans
from jobs.errors import LookAgain, TransientError
from jobs.models import Attempt, Handle, Lane, Payload, Run
from jobs.selectors.payloads import get_payload, list_payloads
from jobs.selectors.run_views import counts_of, with_running
from jobs.services.control import pause_run, resume_run, terminate_run
from jobs.states import PayloadState
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    backdate,
    counts,
    error_of,
    expire,
    fresh,
    make_run,
    scripts,
    take,
    waiting,
)
from tests.integration.engine.scripted import Killed, ScriptedExecutor, kind
from workers import sweep
from workers.payloads.base import KeptHandle, Work

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _strict_kind(scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes on elsewhere has outside effects: such a kind is not batchable."""
    monkeypatch.setattr("jobs.kinds.KINDS.known", {"scripted": kind(batchable=False)})


def looks(times: int, **parameters: Any) -> dict[str, Any]:
    """A payload that is not over when it is first looked at."""
    return {"looks": times, **parameters}


def work_off(broker: Broker) -> None:
    """What is due now, and no more."""
    sweep.sweep_once()
    broker.deliver_all()


def pass_by(run: Run, broker: Broker, seconds: float = 30) -> None:
    """Let so much time pass, and work off what is due then."""
    backdate(run, seconds)
    work_off(broker)


def running(run: Run) -> int:
    return counts_of(with_running(Run.objects.all()).get(pk=run.pk)).running


class TestLooking:
    @pytest.mark.parametrize("payloads", [1, 2])
    def test_goes_on_with_what_the_last_look_said_until_it_is_over(
        self, payloads: int, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(scripts(*[looks(2, result={"rows": 7})] * payloads))
        work_off(broker)
        for _ in range(2):
            assert not Lane.objects.exists()
            pass_by(run, broker)
        assert counts(run) == (payloads, 0, 0)
        assert fresh(run).state == "succeeded"
        assert sorted(str(state) for state in scripted.states) == sorted(
            ["None", "{'looked': 1}", "{'looked': 2}"] * payloads
        )
        assert Payload.objects.get(run=run, position=0).result == {"rows": 7}

    def test_is_not_done_before_its_time(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(scripts(looks(1)))
        work_off(broker)
        pass_by(run, broker, seconds=25)
        assert len(scripted.performed) == 1
        pass_by(run, broker, seconds=5)
        assert len(scripted.performed) == 2

    def test_costs_no_attempt(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(scripts(looks(3)), retry={"maximum_attempts": 1})
        work_off(broker)
        for _ in range(3):
            pass_by(run, broker)
        payload = Payload.objects.get(run=run)
        assert (payload.state, payload.attempts) == ("succeeded", 1)
        assert not Attempt.objects.exists()
        assert {attempt for _, _, attempt in scripted.performed} == {1}

    def test_has_one_time_for_all_looks_and_is_asked_once_more_when_it_is_over(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        remaining, began = [], []

        def look(work: Work) -> None:
            remaining.append(work.deadline.remaining())
            began.append(work.started_at)

        scripted.before = look
        run = make_run(scripts(looks(9, looks_after=600.0)), timeout="60s")
        work_off(broker)
        due_at = waiting(run)[0].due_at
        assert dt.timedelta(seconds=50) < due_at - began[0] < dt.timedelta(seconds=56)  # while there is time to look
        shift_the_attempt(run, seconds=61)
        pass_by(run, broker, seconds=61)
        assert remaining[0] > 59
        assert remaining[1] <= 0
        assert began[1] - began[0] == dt.timedelta(seconds=-61)

    def test_shows_as_running_while_nobody_looks(self, broker: Broker) -> None:
        run = make_run(scripts(looks(1)))
        work_off(broker)
        view = get_payload(run=run, position=0)
        assert view.state == PayloadState.RUNNING
        assert view.started_at is not None
        assert view.due_at == waiting(run)[0].due_at
        assert len(list_payloads(run=run, limit=9, state=PayloadState.RUNNING)) == 1
        assert not list_payloads(run=run, limit=9, state=PayloadState.QUEUED)
        assert running(run) == 1

    def test_a_failure_ends_the_attempt_and_the_next_begins_anew(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        def fail_at_the_look(work: Work) -> None:
            if work.state and work.attempt == 1:
                raise TransientError("it failed over there")

        scripted.before = fail_at_the_look
        run = make_run(scripts(looks(1)))
        work_off(broker)
        pass_by(run, broker)
        pass_by(run, broker)
        assert fresh(run).state == "succeeded"
        assert scripted.states == [None, {"looked": 1}, None, {"looked": 1}]
        assert [attempt for _, _, attempt in scripted.performed] == [1, 1, 2, 2]

    def test_a_state_that_is_no_json_fails_the_attempt_and_not_its_lane(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        scripted.error = lambda work: LookAgain(seconds=1, state={"set": {1}})
        run = make_run(scripts({}), retry={"maximum_attempts": 1})
        work_off(broker)
        assert error_of(run, 0)["code"] == "crash"

    def test_a_state_beyond_64_kib_fails_the_payload(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        scripted.error = lambda work: LookAgain(seconds=1, state={"text": "x" * 70_000})
        run = make_run(scripts({}))
        work_off(broker)
        assert error_of(run, 0)["code"] == "state_too_large"


def shift_the_attempt(run: Run, *, seconds: float) -> None:
    """As if it had begun so much earlier."""
    row = waiting(run)[0]
    assert row.looking is not None
    for name in ("since", "until"):
        moved = dt.datetime.fromisoformat(row.looking[name]) - dt.timedelta(seconds=seconds)
        row.looking[name] = moved.isoformat()
    row.save(update_fields=["looking"])


class TestPlaces:
    def test_what_goes_on_elsewhere_takes_a_place_of_its_run(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(scripts(*[looks(1)] * 5), max_concurrent_requests=2)
        work_off(broker)
        pass_by(run, broker, seconds=20)
        assert len(scripted.performed) == 2
        assert running(run) == 2

    def test_and_gives_it_to_the_next_when_it_is_over(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        most = 0
        run = make_run(scripts(*[looks(1)] * 5), max_concurrent_requests=2)
        work_off(broker)
        for _ in range(8):
            most = max(most, running(run))
            pass_by(run, broker)
        assert most == 2
        assert counts(run) == (5, 0, 0)
        assert fresh(run).state == "succeeded"

    def test_a_full_run_gives_a_lane_only_to_look(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(scripts(looks(9), {}), max_concurrent_requests=1)
        work_off(broker)
        assert take_nothing(run)
        backdate(run, 30)
        lane = take(run)
        assert lane.crowded
        assert [payload.position for payload in claims.lease_requeued(lane=lane, take=9, lease=LEASE)] == [0]

    def test_a_full_run_is_not_published_for_until_a_look_is_due(self, broker: Broker) -> None:
        run = make_run(scripts(*[looks(1)] * 3), max_concurrent_requests=1)
        work_off(broker)
        for _ in range(5):
            backdate(run, 2)
            sweep.sweep_once()
            assert not broker.lanes()
        backdate(run, 20)
        sweep.sweep_once()
        assert broker.lanes() == [(run.pk, 0)]


class TestControl:
    def test_a_terminated_run_cancels_it_without_another_look(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(scripts(looks(9)))
        work_off(broker)
        terminate_run(run=fresh(run), actor="me")
        work_off(broker)
        payload = Payload.objects.get(run=run)
        assert (payload.state, payload.attempts, fresh(run).state) == ("cancelled", 1, "cancelled")
        assert payload.started_at is not None
        assert len(scripted.performed) == 1

    def test_a_look_that_finds_its_run_terminated_is_the_last(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(scripts(looks(9)))
        scripted.before = lambda work: terminate_now(run)
        work_off(broker)
        work_off(broker)
        assert Payload.objects.get(run=run).state == "cancelled"
        assert fresh(run).state == "cancelled"

    def test_a_paused_run_is_looked_at_when_it_goes_on(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(scripts(looks(1)))
        work_off(broker)
        pause_run(run=fresh(run), actor="me")
        pass_by(run, broker)
        assert len(scripted.performed) == 1
        resume_run(run=fresh(run), actor="me")
        pass_by(run, broker)
        assert fresh(run).state == "succeeded"

    def test_the_time_that_a_run_is_paused_does_not_count(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        remaining: list[float] = []
        scripted.before = lambda work: remaining.append(work.deadline.remaining())
        run = make_run(scripts(looks(9)), timeout="60s")
        work_off(broker)
        pause_run(run=fresh(run), actor="me")
        work_off(broker)
        paused = fresh(run).pause
        assert paused is not None
        an_hour_ago = dt.datetime.fromisoformat(paused["at"]) - dt.timedelta(hours=1)
        Run.objects.filter(pk=run.pk).update(pause=paused | {"at": an_hour_ago.isoformat()})
        shift_the_attempt(run, seconds=3600)
        resume_run(run=fresh(run), actor="me")
        pass_by(run, broker)
        assert remaining[1] > 20

    def test_a_worker_that_dies_while_it_looks_loses_an_attempt_and_not_what_was_known(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(scripts(looks(2)))
        work_off(broker)
        scripted.before = die
        backdate(run, 30)
        sweep.sweep_once()
        with pytest.raises(Killed):
            broker.deliver_all()
        scripted.before = lambda work: None
        expire()
        work_off(broker)
        pass_by(run, broker)
        assert scripted.states == [None, {"looked": 1}, {"looked": 1}, {"looked": 2}]
        assert [attempt for _, _, attempt in scripted.performed] == [1, 1, 2, 2]
        assert fresh(run).state == "succeeded"


def die(work: Work) -> None:
    raise Killed


def take_nothing(run: Run) -> bool:
    return claims.take_lane(run_id=run.pk, slot=0, worker="host:1", lease=LEASE) is None


def terminate_now(run: Run) -> None:
    if fresh(run).stop is None:
        terminate_run(run=fresh(run), actor="me")


class TestLastingHandles:
    @pytest.fixture
    def kept(self, scripted: ScriptedExecutor) -> list[KeptHandle]:
        """What the first attempt keeps; later ones only find it."""
        found: list[KeptHandle] = []

        def keep(work: Work) -> None:
            if not work.kept_handles():
                found.append(work.keep_handle("scripted", {"tag": "t"}, lasting=True))

        scripted.before = keep
        return found

    def test_last_while_their_payload_goes_on_elsewhere(self, broker: Broker, kept: list[KeptHandle]) -> None:
        make_run(scripts(looks(9)))
        work_off(broker)
        assert not Lane.objects.exists()
        assert len(kept) == 1
        assert orphans(host="", limit=9) == []

    def test_last_while_their_payload_waits_for_a_retry(self, broker: Broker, kept: list[KeptHandle]) -> None:
        make_run(scripts({"fails": 1}), retry={"initial_interval": "1h"})
        work_off(broker)
        assert not Lane.objects.exists()
        assert orphans(host="", limit=9) == []

    @pytest.mark.parametrize("parameters", [{"looks": 1}, {"fails": 9}])
    def test_are_orphans_once_their_payload_has_its_outcome(
        self, broker: Broker, kept: list[KeptHandle], parameters: dict[str, Any]
    ) -> None:
        run = make_run(scripts(parameters))
        work_off(broker)
        pass_by(run, broker)
        assert [orphan.data for orphan in orphans(host="", limit=9)] == [{"tag": "t"}]

    def test_are_orphans_once_their_run_is_terminated(self, broker: Broker, kept: list[KeptHandle]) -> None:
        run = make_run(scripts(looks(9)))
        work_off(broker)
        terminate_run(run=fresh(run), actor="me")
        work_off(broker)
        assert len(orphans(host="", limit=9)) == 1

    def test_say_what_they_were_told_last(self, broker: Broker, kept: list[KeptHandle]) -> None:
        run = make_run(scripts(looks(9)))
        work_off(broker)
        kept[0].update({"tag": "t", "id": "driver-1"})
        assert Handle.objects.get(run=run).data == {"tag": "t", "id": "driver-1"}

    def test_of_other_payloads_and_handles_that_do_not_last_are_not_found(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        found: list[int] = []

        def keep(work: Work) -> None:
            found.append(len(work.kept_handles()))
            work.keep_handle("scripted", {}, lasting=work.position == 0)

        scripted.before = keep
        run = make_run(scripts({"fails": 1}, {"fails": 1}), max_concurrent_requests=1)
        work_off(broker)
        assert sorted(found) == [0, 0, 0, 1]
        assert fresh(run).state == "succeeded"
