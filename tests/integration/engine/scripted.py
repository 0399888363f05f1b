"""A payload kind that does what its parameters say, and remembers what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from jobs.errors import LookAgain, PermanentError, TransientError
from jobs.kinds import Kind
from workers import stopping
from workers.payloads.base import JSON, Work


class Killed(BaseException):
    """Ends a turn as kill -9 does: nothing after it runs, and nobody reports."""


class Script(BaseModel):
    """What a payload does."""

    model_config = ConfigDict(extra="forbid")

    fails: int = 0
    permanent: bool = False
    crashes: bool = False
    retry_after: float | None = None
    kills: bool = False
    looks: int = 0
    looks_after: float = 30.0
    takes: float = 0.0
    stops: bool = False
    says: list[str] = []
    progress: float | None = None
    result: Any = None


@dataclass
class Clock:
    """Stands for the module time in a worker's loops: it moves when a payload says so, and nothing sleeps.

    ``slept`` is called with the seconds of each pause.
    """

    now: float = 1000.0
    slept: Callable[[float], None] = lambda seconds: None

    def monotonic(self) -> float:
        """The present."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.slept(seconds)


@dataclass
class ScriptedExecutor:
    """Performs scripts. ``performed`` has (run id, position, attempt) in the order of their beginnings, ``states``
    what each was given of the look before.

    ``before`` is called with each; ``result`` and ``error`` give what no document can hold.
    """

    clock: Clock
    performed: list[tuple[int, int, int]] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)
    before: Callable[[Work], object] = lambda work: None
    result: Callable[[Work], JSON] | None = None
    error: Callable[[Work], Exception] | None = None

    def perform(self, work: Work) -> JSON:
        """Do as the parameters say."""
        script = Script.model_validate(work.parameters)
        self.performed.append((work.run_id, work.position, work.attempt))
        self.states.append(work.state)
        self.before(work)
        self.clock.now += script.takes
        for line in script.says:
            work.log("info", line)
        if script.progress is not None:
            work.progress(current=script.progress, total=100, unit="rows")
        if script.stops:
            stopping.ask()
        self._fail(script, work)
        self._look(script, work)
        return self.result(work) if self.result else script.result

    def _fail(self, script: Script, work: Work) -> None:
        if script.kills:
            raise Killed
        if self.error:
            raise self.error(work)
        if script.permanent:
            raise PermanentError("not like this", code="scripted", details={"attempt": work.attempt})
        if work.attempt > script.fails:
            return
        if script.crashes:
            raise RuntimeError(f"crash {work.attempt}")
        raise TransientError(f"failure {work.attempt}", code="scripted", retry_after_seconds=script.retry_after)

    def _look(self, script: Script, work: Work) -> None:
        looked = work.state["looked"] if work.state else 0
        if looked < script.looks:
            raise LookAgain(seconds=script.looks_after, state={"looked": looked + 1})

    def positions(self, run_id: int) -> list[int]:
        """The positions of one run that were begun, in order; one that was tried again occurs again."""
        return [position for run, position, _ in list(self.performed) if run == run_id]


def kind(*, batchable: bool) -> Kind:
    """The kind ``scripted``, for the job types that tests use."""
    return Kind(name="scripted", queue="default", batchable=batchable, job_types=frozenset({"task"}), parameters=Script)
