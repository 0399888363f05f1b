"""Replays: the same outcomes once more, nothing executed; and which runs are kept for them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from jobs.errors import ConflictError, NotFoundError
from jobs.models import Event, FollowUp, Job, Payload, Run
from jobs.services import closing, control
from jobs.services.jobs import save_job
from jobs.services.reruns import replay
from jobs.services.runs import start_run
from jobs.states import Trigger
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import backdate, counts, fresh, kinds_of_events, make_job, plain, rows_of, scripts
from tests.integration.engine.scripted import ScriptedExecutor
from workers import sweep

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

OUTCOME = ("position", "kind", "name", "parameters", "options", "parent", "key", "state", "attempts", "started_at")


def execute(broker: Broker, job: Job, **more: Any) -> Run:
    run_id = start_run(job=job, trigger=Trigger.API, **more)
    broker.deliver_all()
    return fresh(run_id)


def mixed(broker: Broker, **configuration: Any) -> Run:
    """A run of three payloads of which one failed."""
    payload = scripts({"result": {"rows": 1}}, {"permanent": True}, {"result": "x", "fails": 1}, name="p", timeout="9s")
    return execute(broker, make_job(payload, **configuration), parameters={"day": 1})


def again(run: Run, **more: Any) -> Run:
    return fresh(replay(run=run, actor="eve", **more))


def outcomes(run: Run) -> list[tuple[Any, ...]]:
    return list(
        Payload.objects.filter(run=run).order_by("position").values_list(*OUTCOME, "ended_at", "result", "error")
    )


class TestWhatItIs:
    def test_the_same_outcomes_in_a_run_of_its_own_and_nothing_is_executed(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        original = mixed(broker)
        scripted.performed.clear()
        new = again(original, comment="the sink was down")
        assert (new.trigger, new.origin_id) == ("replay", original.pk)
        assert (new.actor, new.comment) == ("eve", "the sink was down")
        assert (new.state, new.error, new.result) == (original.state, original.error, original.result)
        assert (new.parameters, new.total, counts(new)) == ({"day": 1}, 3, counts(original))
        assert outcomes(new) == outcomes(original)
        assert (broker.messages, scripted.performed) == ([], [])
        assert new.started_at is not None
        assert new.ended_at is not None

    def test_each_step_of_it_is_an_event(self, broker: Broker) -> None:
        new = again(mixed(broker))
        assert kinds_of_events(new) == ["run.created", "run.failed"]
        created = Event.objects.filter(run=new).earliest("pk")
        assert (created.actor, created.data) == ("eve", {"trigger": "replay", "origin": new.origin_id})

    def test_a_run_of_one_payload_shows_its_result_again(self, broker: Broker) -> None:
        new = again(execute(broker, make_job(scripts({"result": [1, 2]}))))
        assert (new.state, new.result) == ("succeeded", [1, 2])

    def test_a_run_without_payloads_can_be_replayed(self, broker: Broker) -> None:
        assert again(execute(broker, make_job([]))).state == "succeeded"

    def test_what_was_added_names_its_parent_again(self, broker: Broker) -> None:
        original = mixed(broker)
        Payload.objects.filter(run=original, position=2).update(parent=0, key="k")
        assert outcomes(again(original)) == outcomes(original)

    def test_a_run_that_was_terminated_is_cancelled_in_its_replay_too(self, broker: Broker) -> None:
        run = fresh(start_run(job=make_job(plain(3)), trigger=Trigger.API))
        control.terminate_run(run=run, actor="ada", note="wrong day")
        broker.clear()
        original = fresh(run)
        new = again(original)
        assert (new.state, new.error) == ("cancelled", original.error)
        assert counts(new) == (0, 0, 3)

    def test_failures_that_were_tolerated_are_so_again_whatever_the_job_says_now(self, broker: Broker) -> None:
        original = mixed(broker, failure_tolerance={"count": 1})
        change(original, configuration={"stop_on_first_failure": True})
        assert (original.state, again(original).state) == ("succeeded", "succeeded")

    def test_it_delivers_to_the_present_sinks(self, broker: Broker) -> None:
        original = mixed(broker)
        job = change(original, metadata={"owner": "ops"})
        Job.objects.update(sinks=[{"kind": "webhook"}])
        new = again(original)
        assert new.snapshot["sinks"] == [{"kind": "webhook"}]
        assert (new.snapshot["metadata"], new.snapshot["version"]) == ({"owner": "ops"}, job.version)

    def test_it_is_no_failure_of_the_job(self, broker: Broker) -> None:
        original = mixed(broker)
        change(original, configuration={"pause_after_failures": {"runs": 1}, "max_concurrent_runs": 1})
        assert again(original).state == "failed"
        assert not FollowUp.objects.filter(kind=control.CHECK_FAILURES).exists()
        assert job_of(original).state == "active"

    def test_the_job_may_be_paused(self, broker: Broker) -> None:
        original = mixed(broker)
        Job.objects.update(state="paused")
        assert again(original).state == "failed"


class TestItsEnd:
    def test_it_ends_with_the_callers_transaction(self, broker: Broker) -> None:
        original = mixed(broker)
        with transaction.atomic():
            new = again(original)
            assert new.state == "running"
        assert fresh(new).state == "failed"

    def test_what_dies_before_it_is_closed_is_closed_by_the_sweep_and_nothing_is_executed(
        self, broker: Broker, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = mixed(broker, stop_on_first_failure=False)
        change(original, configuration={"stop_on_first_failure": True})
        scripted.performed.clear()
        with monkeypatch.context() as dying:
            dying.setattr(closing, "close_runs", lambda **_: None)
            new = again(original)
        assert new.state == "running"
        backdate(new, 5)
        sweep.sweep_once()
        broker.deliver_all()
        assert (fresh(new).state, fresh(new).error, scripted.performed) == ("failed", original.error, [])


class TestWhichRunsAreKept:
    def test_the_newest_so_many_that_ended_and_are_no_replays(self, broker: Broker) -> None:
        job = make_job(plain(1), keep_replays=2)
        runs = [execute(broker, job) for _ in range(3)]
        for _ in range(3):
            again(runs[2])
        execute(broker, make_job(plain(1)))
        start_run(job=job, trigger=Trigger.API)
        again(runs[1])
        before = rows_of(Run, Payload, Event)
        with pytest.raises(ConflictError, match="keeps its newest 2"):
            again(runs[0])
        assert rows_of(Run, Payload, Event) == before

    def test_ten_unless_the_job_says_otherwise(self, broker: Broker) -> None:
        job = make_job(plain(1))
        runs = [execute(broker, job) for _ in range(11)]
        assert again(runs[1])
        with pytest.raises(ConflictError, match="keeps its newest 10"):
            again(runs[0])

    def test_none(self, broker: Broker) -> None:
        with pytest.raises(ConflictError, match="keeps no runs for replays"):
            again(execute(broker, make_job(plain(1), keep_replays=0)))


class TestWhatIsRefused:
    def refused(self, run: Run, words: str, **more: Any) -> None:
        before = rows_of(Run, Payload, Event)
        with pytest.raises(ConflictError, match=words):
            again(run, **more)
        assert rows_of(Run, Payload, Event) == before

    def test_a_replay(self, broker: Broker) -> None:
        original = mixed(broker)
        self.refused(again(original), f"is a replay.*run {original.pk}")

    def test_a_run_that_has_not_ended(self) -> None:
        run = fresh(start_run(job=make_job(plain(1)), trigger=Trigger.API))
        self.refused(run, "is pending: only a run that has ended can be replayed")

    @pytest.mark.parametrize("state", ["archived", "draft"])
    def test_a_job_that_is_archived_or_a_draft(self, broker: Broker, state: str) -> None:
        original = mixed(broker)
        Job.objects.update(state=state)
        self.refused(original, f"activate it before you replay run {original.pk}")

    def test_a_job_that_was_deleted(self, broker: Broker) -> None:
        original = mixed(broker)
        Job.objects.all().delete()
        self.refused(original, "was deleted")

    def test_a_job_that_was_changed_since_it_was_seen(self, broker: Broker) -> None:
        original = mixed(broker)
        seen = Job.objects.get().updated_at
        job = change(original, description="new words")
        self.refused(original, "was changed meanwhile", expected_updated_at=seen)
        assert again(original, expected_updated_at=job.updated_at)

    def test_a_run_that_is_gone(self) -> None:
        with pytest.raises(NotFoundError):
            replay(run=Run(pk=1_000_000), actor="eve")


def job_of(run: Run) -> Job:
    """The run's job as it stands."""
    return Job.objects.get(runs=run)


def change(run: Run, **parts: Any) -> Job:
    """Give the run's job another document."""
    job = job_of(run)
    return save_job(workspace=job.workspace, document=job.document() | parts, actor="test")
