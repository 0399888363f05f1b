"""Random sequences of what operators, workers, brokers and clocks do, and what must hold after each step of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from jobs.dispatch import LaneMessage
from jobs.models import Job, Lane, Requeued, Run
from jobs.services import bulk, control, extending, reruns
from jobs.services.runs import trigger_run
from jobs.states import ACTIVE_RUN_STATES, FINAL_RUN_STATES, LEASING_RUN_STATES, RunState, Trigger
from tests.integration.engine import invariants
from tests.integration.engine.held_workers import HeldWorker
from tests.integration.engine.makers import plain, scripts
from tests.integration.engine.world import LIMITS, World, expect

MOST_RUNS = 6
MOST_ACTIVE = 3
MOST_WORKERS = 3
ROUNDS_TO_END = 60
SECONDS_A_ROUND = 35.0

STOPPED = (RunState.CANCELLING, *FINAL_RUN_STATES)
HELD_BACK = (RunState.PAUSING, RunState.PAUSED)

NEEDED = ("state", "job", "job_key", "trigger", "failed", "cancelled")
"""What the steps read of a run; the services read for themselves what they need."""

PICK = st.integers(0, 5)
WHICHEVER = 5
PAYLOADS = st.sampled_from([0, 1, 1, 2, 3])
SCRIPT = st.sampled_from(
    [{}, {}, {"fails": 1}, {"fails": 2}, {"fails": 9}, {"permanent": True}, {"takes": 0.3}, {"takes": 3.0}]
)
SECONDS = st.sampled_from([0, 1, 3, 20, 70])
SCRIPTS = st.lists(SCRIPT, min_size=1, max_size=4)
COUNT = st.sampled_from([1, 2, 3, 6, 9, 9, 40])
CONFIGURATION = st.fixed_dictionaries(
    {
        "strict": st.booleans(),
        "max_concurrent_requests": st.integers(1, 4),
        "retry": st.fixed_dictionaries(
            {"maximum_attempts": st.integers(1, 3), "initial_interval": st.sampled_from(["0s", "30s"])}
        ),
    },
    optional={
        "failure_tolerance": st.sampled_from([{"count": 1}, {"percent": 50}]),
        "stop_on_first_failure": st.just(True),
        "start_timeout": st.just("30s"),
        "run_timeout": st.just("2m"),
        "max_payloads": st.just(41),
        "priority": st.just(3),
    },
)
A_RUN: dict[str, Any] = {
    "number": st.integers(0, len(LIMITS) - 1),
    "count": COUNT,
    "what": SCRIPTS,
    "configuration": CONFIGURATION,
}


def always(_self: RunControl) -> bool:
    """When most steps can be made."""
    return True


def step(
    when: Callable[[RunControl], object] = always, *, made: Any = rule, **strategies: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Any]:
    """A rule, after which the rows are looked at. ``sound`` stays False when it, or what it did to them, is wrong.

    Args:
        when: Where this is not so, nothing happens. Not a precondition: then what Hypothesis draws next would hang on what the
            database did, which takes rows in one order today and in another tomorrow, and a sequence could not be drawn again.
        made: What makes a step of it: ``rule``, or ``initialize`` for the first one.
        strategies: What is drawn for the step.
    """

    def decorate(act: Callable[..., None]) -> Any:
        @functools.wraps(act)
        def act_and_check(self: RunControl, **drawn: Any) -> None:
            if not when(self):
                return
            self.sound = False
            self.resumed = False
            act(self, **drawn)
            self.check()
            self.sound = True

        return made(**strategies)(act_and_check)

    return decorate


class RunControl(RuleBasedStateMachine):
    """Hypothesis draws the steps; `world` outlives the sequences."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world.begin_anew()
        self.sound = True
        self.resumed = False

    def check(self) -> None:
        """What must hold of the rows, and of the step that was made."""
        world = self.world
        wrong = invariants.problems()
        assert not wrong, wrong
        after = invariants.look()
        wrong = list(invariants.compare(world.seen, after, resumed=self.resumed))
        wrong += world.begun_wrongly(resumed=self.resumed)
        world.seen = after
        wrong += world.crowded_groups()
        assert not wrong, wrong

    def active(self) -> int:
        """How many runs have not ended."""
        return sum(not run.ended for run in self.world.seen.runs.values())

    def run_id(self, pick: int, *states: RunState) -> int:
        """One of the runs in these states, the newest first; now and then, and when there is none, one of all."""
        runs = self.world.seen.runs
        ids = [run_id for run_id in sorted(runs) if pick < WHICHEVER and runs[run_id].state in states] or sorted(runs)
        return ids[-1 - pick % len(ids)]

    def run(self, pick: int, *states: RunState) -> Run:
        """The same as an object."""
        return Run.objects.only(*NEEDED).get(pk=self.run_id(pick, *states))

    def job(self, pick: int, *states: RunState) -> Job:
        """The job of such a run."""
        return Job.objects.get(pk=self.world.seen.runs[self.run_id(pick, *states)].job_id)

    def worker(self, pick: int) -> HeldWorker:
        """One of those that stand still."""
        return self.world.workers[pick % len(self.world.workers)]

    def message(self, pick: int, *, keep: bool) -> LaneMessage:
        """One of those that wait, the oldest first, of a run that can be worked if there is one. ``keep``: it will come again."""
        messages, runs = self.world.broker.messages, self.world.seen.runs
        able = [
            message for message in messages if pick < WHICHEVER and not runs[message.lanes[0][0]].stands
        ] or messages
        message = able[pick % len(able)]
        if not keep:
            messages.remove(message)
        return message

    # --- runs are made ---

    @step(made=initialize, **A_RUN)
    def begin_with_one(self, **drawn: Any) -> None:
        self._trigger(**drawn)

    @step(
        lambda self: len(self.world.seen.runs) < MOST_RUNS and not self.world.workers and self.active() < MOST_ACTIVE,
        **A_RUN,
    )
    def trigger(self, **drawn: Any) -> None:
        self._trigger(**drawn)

    def _trigger(self, number: int, count: int, what: Sequence[dict[str, Any]], configuration: dict[str, Any]) -> None:
        payload = scripts(*[what[at % len(what)] for at in range(count)])
        job = self.world.save(number, payload, configuration)
        refused = job.pk in self.world.seen.paused_jobs
        expect(refused, lambda: trigger_run(job=job, trigger=Trigger.API, actor="ann"))

    @step(
        lambda self: any(run.ended for run in self.world.seen.runs.values()),
        pick=PICK,
        how=st.sampled_from(["replay", "all present", "all snapshot", "failed present", "failed snapshot"]),
    )
    def repeat(self, pick: int, how: str) -> None:
        run = self.run(pick, *FINAL_RUN_STATES)
        refused = run.state not in FINAL_RUN_STATES or run.trigger == Trigger.REPLAY
        if how == "replay":
            expect(refused, lambda: reruns.replay(run=run, actor="ann"))
            return
        which, definition = how.split()
        refused = refused or run.job_id in self.world.seen.paused_jobs
        refused = refused or (which == "failed" and not run.failed + run.cancelled)
        again: Any = {"which": which, "definition": definition}
        expect(refused, lambda: reruns.rerun(run=run, actor="ann", **again))

    # --- messages and workers ---

    @step(
        lambda self: self.world.broker.messages and not self.world.workers,
        pick=PICK,
        messages=st.integers(1, 3),
        twice=st.booleans(),
    )
    def deliver(self, pick: int, messages: int, twice: bool) -> None:
        self.world.deliver(self.message(pick, keep=twice))
        for _ in range(1, messages):
            self.world.broker.deliver()

    @step(lambda self: self.world.broker.messages and not self.world.workers, pick=PICK, every=st.booleans())
    def lose(self, pick: int, every: bool) -> None:
        self.message(pick, keep=False)
        if every:
            self.world.broker.clear()

    @step(lambda self: sum(message.single for message in self.world.broker.messages) > 1)
    def share_a_message(self) -> None:
        self.world.share()

    @step(
        lambda self: self.world.broker.messages and not self.world.workers,
        payloads=st.lists(PAYLOADS, min_size=1, max_size=MOST_WORKERS),
    )
    def begin_the_next(self, payloads: Sequence[int]) -> None:
        for each in payloads:
            if self.world.broker.messages:
                self.world.hold(self.message(0, keep=False), after=each)

    @step(
        lambda self: self.world.broker.messages and len(self.world.workers) < MOST_WORKERS,
        pick=PICK,
        twice=st.booleans(),
        payloads=PAYLOADS,
    )
    def begin(self, pick: int, twice: bool, payloads: int) -> None:
        self.world.hold(self.message(pick, keep=twice), after=payloads)

    @step(lambda self: self.world.workers, pick=PICK, payloads=st.integers(1, 4), beat=st.booleans())
    def go_on(self, pick: int, payloads: int, beat: bool) -> None:
        if beat:
            self.world.beat()
        self.world.go_on(self.worker(pick), payloads)

    @step(lambda self: self.world.workers, pick=PICK, beat=st.booleans())
    def go_on_to_the_end(self, pick: int, beat: bool) -> None:
        if beat:
            self.world.beat()
        self.world.go_on(self.worker(pick), payloads=1000)

    @step(lambda self: self.world.workers, pick=PICK)
    def die(self, pick: int) -> None:
        self.world.kill(self.worker(pick))

    @step(lambda self: self.world.seen.runs, seconds=SECONDS, beat=st.booleans())
    def time_passes(self, seconds: int, beat: bool) -> None:
        if beat:
            self.world.beat()
        self.world.pass_by(seconds)
        if beat:
            self.world.beat()
        self.resumed = True  # a job that was paused for its failures may go on
        self.world.sweep()

    # --- operators ---

    @step(lambda self: self.world.seen.runs, pick=PICK, whole_job=st.booleans())
    def pause(self, pick: int, whole_job: bool) -> None:
        if whole_job:
            control.pause_job(job=self.job(pick, *LEASING_RUN_STATES), actor="ann", note="an incident")
            return
        run = self.run(pick, *LEASING_RUN_STATES)
        before, with_its_job = run.state, bool((run.pause or {}).get("by_job"))
        changed = expect(before in STOPPED, lambda: control.pause_run(run=run, actor="ann", note="wait"))
        assert changed in (None, before not in HELD_BACK or with_its_job)

    @step(lambda self: any(run.state in HELD_BACK for run in self.world.seen.runs.values()), pick=PICK)
    def resume_run(self, pick: int) -> None:
        run = self.run(pick, *HELD_BACK)
        before = run.state
        refused = before in STOPPED or run.job_id in self.world.seen.paused_jobs
        changed = expect(refused, lambda: control.resume_run(run=run, actor="ann"))
        assert changed in (None, before in HELD_BACK)
        self.resumed = True

    @step(lambda self: self.world.seen.paused_jobs, pick=PICK)
    def resume_job(self, pick: int) -> None:
        paused = self.world.seen.paused_jobs
        assert control.resume_job(job=Job.objects.get(pk=paused[pick % len(paused)]), actor="ann")
        self.resumed = True

    @step(lambda self: self.active(), pick=PICK, which=st.sampled_from(["one", "one", "one", "ids", "job"]))
    def terminate(self, pick: int, which: str) -> None:
        if which != "one":
            self.terminate_many(
                [self.run_id(pick, *ACTIVE_RUN_STATES), self.run_id(0)] if which == "ids" else None, pick
            )
            return
        run = self.run(pick, *ACTIVE_RUN_STATES)
        before = run.state
        changed = control.terminate_run(run=run, actor="ann", note="enough")
        assert changed == (before not in STOPPED)
        assert run.state == before if not changed else run.state in (RunState.CANCELLING, RunState.CANCELLED)

    def terminate_many(self, ids: list[int] | None, pick: int) -> None:
        """These, or all of a job."""
        selection = {"ids": ids} if ids else {"filter": {"job": self.job(pick, *ACTIVE_RUN_STATES).key}}
        action = bulk.terminate_runs(workspace=self.world.workspace, selection=selection, actor="ann")
        assert action.changed + action.unchanged == action.total
        assert ids is None or not Run.objects.filter(pk__in=ids).exclude(state__in=STOPPED).exists()

    @step(lambda self: self.active(), pick=PICK, key=st.sampled_from([None, "a", "b"]))
    def extend(self, pick: int, key: str | None) -> None:
        if self.world.workers and pick < WHICHEVER:
            self.world.extend_from_a_payload(self.worker(pick), key=key)
            return
        run_id = self.run_id(pick, *ACTIVE_RUN_STATES)
        ask = functools.partial(extending.extend_run, run_id=run_id, parent=None, attempt=None, actor="ann")
        expect(self.world.seen.runs[run_id].state in STOPPED, lambda: ask(items=plain(3)))

    # --- the end ---

    def teardown(self) -> None:
        """Whatever was held goes on, nothing more is lost: every run ends, and nothing is left behind."""
        try:
            if self.sound:
                self._let_everything_end()
        finally:
            self.world.end_workers()

    def _let_everything_end(self) -> None:
        world = self.world
        for worker in list(world.workers):
            world.go_on(worker, payloads=1000)
        self.resumed = False
        self.check()
        for job in Job.objects.filter(pk__in=world.seen.paused_jobs):
            control.resume_job(job=job, actor="ann")
        for run in Run.objects.filter(state__in=HELD_BACK):
            control.resume_run(run=run, actor="ann")
        self.resumed = True
        for _ in range(ROUNDS_TO_END):
            world.deliver_all()
            self.check()
            if all(run.ended for run in world.seen.runs.values()):
                break
            world.pass_by(SECONDS_A_ROUND)
            world.sweep()
        left = {run_id: run.state for run_id, run in world.seen.runs.items() if not run.ended}
        assert not left, f"never ended: {left}"
        assert (Lane.objects.count(), Requeued.objects.count()) == (0, 0)
