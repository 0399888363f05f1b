"""The engine as one process sees it, with time, messages and workers in a test's hands."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from jobs import hotpath
from jobs.dispatch import LaneMessage
from jobs.errors import ConflictError
from jobs.models import ConcurrencyGroup, Job, Payload, Requeued, Workspace
from jobs.services import extending
from jobs.services.jobs import save_job
from jobs.states import PayloadState, RunState
from tests.integration.engine.conftest import Broker
from tests.integration.engine.held_workers import HeldWorker, stand_still
from tests.integration.engine.invariants import Seen
from tests.integration.engine.scripted import Clock, ScriptedExecutor
from workers import singles, stopping, sweep, turns
from workers.heartbeat import heartbeat
from workers.payloads.base import Work

LIMITS: list[dict[str, Any]] = [
    {},
    {"max_concurrent_runs": 1},
    {"concurrency_group": "target"},
    {"concurrency_group": "target", "max_concurrent_runs": 2},
    {"pause_after_failures": {"runs": 1, "resume_after": "60s"}},
]
"""Of each job, which stay as they are; the rest of its configuration changes from run to run."""

GROUP_PLACES = 2

_FORGET = """
    DELETE FROM jobs_handle; DELETE FROM jobs_follow_up; DELETE FROM jobs_requeued; DELETE FROM jobs_lane; DELETE FROM jobs_attempt;
    DELETE FROM jobs_event; DELETE FROM jobs_payload; DELETE FROM jobs_log_line; DELETE FROM jobs_bulk_action; DELETE FROM jobs_run;
    UPDATE jobs_job SET state = 'active', state_change = NULL, resume_at = NULL WHERE state <> 'active' OR state_change IS NOT NULL
"""

_AGE = """
    UPDATE jobs_requeued SET due_at = due_at - {0};
    UPDATE jobs_lane SET lease_expires_at = lease_expires_at - {0}, leased_at = leased_at - {0};
    UPDATE jobs_run SET wake_at = wake_at - {0}, expires_at = expires_at - {0}, deadline_at = deadline_at - {0},
        pause = CASE WHEN pause IS NOT NULL THEN pause || jsonb_build_object('at', (pause ->> 'at')::timestamptz - {0}) END
        WHERE ended_at IS NULL;
    UPDATE jobs_job SET resume_at = resume_at - {0} WHERE resume_at IS NOT NULL
"""
"""What is to come, so much nearer: to the engine, which asks the database for the time, it is the same as if that had passed."""


class World:
    """Jobs whose limits stay, messages, workers, and what was seen of the rows."""

    def __init__(self, broker: Broker, clock: Clock, scripted: ScriptedExecutor) -> None:
        self.broker, self.clock, self.scripted = broker, clock, scripted
        self.workers: list[HeldWorker] = []
        self.seen = Seen()
        self.begun_too_late: list[str] = []
        self._counted = 0
        self._goes_on = False
        scripted.before = self._begin
        workspace = Workspace.objects.create(slug="acme", name="Acme")
        ConcurrencyGroup.objects.create(workspace=workspace, name="target", limit=GROUP_PLACES)
        self.workspace = workspace
        for number in range(len(LIMITS)):
            self.save(number, [{"kind": "scripted"}], {})

    def begin_anew(self) -> None:
        """Forget every run, message and worker."""
        self.end_workers()
        with hotpath.connection() as connection:
            connection.execute(_FORGET, prepare=False)
        self.broker.clear()
        self.scripted.performed.clear()
        self.begun_too_late.clear()
        self._counted = 0
        self.seen = Seen()
        heartbeat()._held.clear()
        singles._paces.clear()
        stopping.forget()

    def save(self, number: int, payload: list[dict[str, Any]], configuration: dict[str, Any]) -> Job:
        """The job of this number as its next runs are to find it."""
        document = {
            "key": f"task:job-{number}",
            "payload": payload,
            "configuration": {**configuration, **LIMITS[number]},
        }
        return save_job(workspace=self.workspace, document=document, actor="test")

    def deliver(self, message: LaneMessage) -> None:
        """Let a worker do what a message says, to the end of its turn."""
        turns.work(lanes=message.lanes, queue=message.queue, single=message.single, strict=message.strict)

    def hold(self, message: LaneMessage, *, after: int) -> None:
        """Let a worker begin what a message says, and stand still once it has done so many payloads."""
        worker = HeldWorker(functools.partial(self.deliver, message))
        self._advance(worker, after)

    def go_on(self, worker: HeldWorker, payloads: int) -> None:
        """Let a worker finish so many payloads."""
        self._goes_on = True
        self._advance(worker, payloads)

    def _advance(self, worker: HeldWorker, payloads: int) -> None:
        for _ in range(payloads):
            if not worker.over:
                worker.go_on()
        self._keep(worker)

    def kill(self, worker: HeldWorker) -> None:
        """Its lanes stay until their leases run out."""
        worker.die()
        self._keep(worker)

    def end_workers(self) -> None:
        """As a power cut does it."""
        for worker in list(self.workers):
            self.kill(worker)

    def _keep(self, worker: HeldWorker) -> None:
        self.workers = [each for each in self.workers if each is not worker]
        if not worker.over:
            self.workers.append(worker)

    def _begin(self, work: Work) -> None:
        if work.cancelled.is_set():
            self.begun_too_late.append(f"payload {work.position} of run {work.run_id} began though it was told to stop")
        stand_still(work)

    def deliver_all(self) -> None:
        """Deliver every message, and those that the deliveries publish."""
        self.broker.deliver_all()

    def share(self) -> None:
        """Let one message carry what the messages of runs of one payload carry, as it is when there are hundreds of them."""
        for strict in (True, False):
            alike = [each for each in self.broker.messages if each.single and each.strict == strict]
            if alike:
                lanes = [lane for message in alike for lane in message.lanes]
                self.broker.messages = [each for each in self.broker.messages if each not in alike]
                self.broker.messages.append(alike[0]._replace(lanes=lanes))

    def extend_from_a_payload(self, worker: HeldWorker, *, key: str | None) -> None:
        """Let the payload at which a worker stands add two others. Refused once it is no longer its attempt."""
        work = worker.work
        assert work is not None
        payload = Payload.objects.select_related("run").get(run_id=work.run_id, position=work.position)
        waited = Requeued.objects.filter(run_id=work.run_id, position=work.position).first()
        attempt = (waited.attempts if waited else 0) + 1
        over = (
            payload.run.state == RunState.CANCELLING or payload.state != PayloadState.QUEUED or work.attempt != attempt
        )
        items: list[dict[str, Any]] = [{"kind": "scripted"}, {"kind": "scripted", **({"key": key} if key else {})}]
        ask = functools.partial(extending.extend_run, run_id=work.run_id, items=items, actor="payload")
        expect(over, lambda: ask(parent=work.position, attempt=work.attempt))

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds
        with hotpath.connection() as connection:
            connection.execute(_AGE.format(f"interval '{seconds} s'"), prepare=False)

    def sweep(self) -> None:
        """One pass of the sweep."""
        sweep.sweep_once()

    def beat(self) -> None:
        """One pass of the heartbeat of every worker that lives."""
        heartbeat().beat()

    def begun_wrongly(self, *, resumed: bool) -> list[str]:
        """What began in the last step though it must not. A worker that goes on may finish the range that it held before a pause
        or a termination, until its heartbeat tells it; with a strict run it asks after each payload."""
        wrong, self.begun_too_late = self.begun_too_late, []
        goes_on, self._goes_on = self._goes_on, False
        begun, self._counted = self.scripted.performed[self._counted :], len(self.scripted.performed)
        for run_id, position, attempt in begun:
            run = self.seen.runs.get(run_id)
            if run is None:
                continue
            if run.stands and not resumed and (run.strict or not goes_on):
                wrong.append(f"payload {position} of run {run_id} began while the run was {run.state}")
            if run.strict and (run_id, position) in self.seen.ended:
                wrong.append(f"payload {position} of run {run_id} began after its end")
            if run.strict and self.scripted.performed.count((run_id, position, attempt)) > 1:
                wrong.append(f"attempt {attempt} at payload {position} of run {run_id} was begun twice")
        return wrong

    def crowded_groups(self) -> list[str]:
        """Where more payloads are at work than their group has places, those of lost lanes aside."""
        at_work: dict[int, set[tuple[int, int]]] = {}
        for worker in self.workers:
            run = worker.work and self.seen.runs[worker.work.run_id]
            if worker.work and run and run.group_id and worker.work.position in run.held:
                at_work.setdefault(run.group_id, set()).add((worker.work.run_id, worker.work.position))
        return [
            f"at work in group {group}: {sorted(each)}" for group, each in at_work.items() if len(each) > GROUP_PLACES
        ]


def expect(refused: bool, act: Callable[[], Any]) -> Any:
    """What it returns; None when it was refused, as it had to be."""
    try:
        result = act()
    except ConflictError:
        assert refused, "refused without a reason"
        return None
    assert not refused, "not refused"
    return result
