"""What the engine's moves take and answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from jobs import hotpath
from jobs.states import RunState

Now = dt.datetime | None
"""See the package's docstring."""

Connection = hotpath.EngineConnection


class SupportsExecute(Protocol):
    """A cursor, psycopg's or Django's."""

    def execute(self, query: Any, params: Any) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Final(NamedTuple):
    """A payload's outcome; ``result``, ``error`` and ``stored``, where a large result is, are JSON text or None."""

    position: int
    state: str
    attempts: int
    started_at: dt.datetime
    ended_at: dt.datetime
    result: str | None
    error: str | None
    stored: str | None = None


class FailedAttempt(NamedTuple):
    """An attempt that did not succeed; ``number`` is 1 for the first, ``error`` is JSON text."""

    position: int
    number: int
    state: str
    error: str
    started_at: dt.datetime
    ended_at: dt.datetime


class Requeue(NamedTuple):
    """A position that is to be executed again, ``wait_ms`` from now, after ``attempts`` made so far. ``looking``: what an attempt
    that goes on elsewhere left to be looked at, as JSON text. ``again``: it had been requeued before."""

    position: int
    attempts: int
    wait_ms: float
    alone: bool
    looking: str | None = None
    again: bool = False


class Addition(NamedTuple):
    """Payloads that are added to a run: the position of the payload that does it (None: somebody else), and a JSON list of them as
    `jobs.documents.parse_additions` returns it."""

    parent: int | None
    items: str


@dataclass(slots=True)
class Report:
    """What a lane has to say of the positions it held. Each of them is in ``finals`` or in ``requeues``, and in one only."""

    finals: list[Final] = field(default_factory=list)
    failed_attempts: list[FailedAttempt] = field(default_factory=list)
    requeues: list[Requeue] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    """Those of ``finals`` that had been requeued before."""
    added: list[Addition] = field(default_factory=list)
    """What those of ``finals`` that succeeded add to the run."""

    @property
    def is_plain(self) -> bool:
        """True when one statement says it all."""
        return not (self.failed_attempts or self.requeues or self.settled or self.added)


class Leased(NamedTuple):
    """A payload that a lane holds. ``options`` are its own retry and timeout; ``attempts`` were made before; ``requeued`` tells
    that it came from the positions that wait out of line, not from the lane's range; ``looking`` is what the attempt that goes on
    elsewhere left to be looked at: ``since`` and ``until`` (ISO 8601), and the executor's ``state``."""

    position: int
    kind: str
    name: str
    parameters: dict[str, Any]
    options: dict[str, Any] | None
    attempts: int = 0
    requeued: bool = False
    looking: dict[str, Any] | None = None


class Extended(NamedTuple):
    """What was added. ``cancelled``: what was beyond the run's limit, kept or not. ``lacking``: the slots that have work now and no
    lane; publish for them after the commit."""

    added: int = 0
    cancelled: int = 0
    first_position: int | None = None
    queue: str = ""
    lacking: tuple[int, ...] = ()


class Grant(NamedTuple):
    """The answer to a report. ``due``: requeued positions of this run wait to be leased; ``complete``: the run can be closed;
    ``left``: positions that no lane has leased yet; ``held_until``: where the range that was reported ended (0: it was none);
    ``extended``: what it added to the run."""

    state: str
    complete: bool
    due: bool
    payloads: list[Leased]
    left: int = 0
    held_until: int = 0
    extended: Extended | None = None


class RateLimit(NamedTuple):
    """A rate that the starts of payloads are to keep: whose (``job:ID`` or ``group:ID``), and the least time between two."""

    key: str
    interval_ms: float


class RunInfo(NamedTuple):
    """What a lane must know of its run."""

    run_id: int
    workspace_id: int
    workspace: str
    job_key: str
    configuration: Mapping[str, Any]
    parameters: Mapping[str, Any]
    strict: bool
    queue: str
    created_at: dt.datetime
    max_lanes: int = 1
    rates: tuple[RateLimit, ...] = ()


class Lane:
    """A slot this process owns. ``id`` is the fencing token; ``sequence`` moves with each report that was accepted.

    ``first`` is what came with the slot, as if it were the answer to a report; ``group_id`` is the group of which the lane takes
    a place, None for none. ``crowded``: the run is at work at as many payloads as it may: the lane only looks at what goes
    on elsewhere.
    """

    __slots__ = ("crowded", "first", "group_id", "id", "run", "sequence", "slot", "worker")

    def __init__(
        self,
        *,
        id: int,
        run: RunInfo,
        slot: int,
        worker: str,
        sequence: int = 0,
        first: Grant | None = None,
        group_id: int | None = None,
        crowded: bool = False,
    ) -> None:
        self.id = id
        self.run = run
        self.slot = slot
        self.worker = worker
        self.sequence = sequence
        self.first = first
        self.group_id = group_id
        self.crowded = crowded


class StartedRun(NamedTuple):
    """A run that was inserted and needs its messages, once it is admitted."""

    id: int
    job_id: int
    queue: str
    max_lanes: int
    total: int
    strict: bool
    admitted: bool = True
    schedule_id: int | None = None
    scheduled_for: dt.datetime | None = None


class Kept(NamedTuple):
    """What a strict lane learns when the outcome of one of its range was written.

    ``state``: the run's, so that a lane whose run was stopped can give the rest back. ``more``: whether it holds a rest; the
    heartbeat may have shed that. ``left``: how many positions of the run nobody has leased yet.
    """

    state: RunState
    more: bool
    left: int


class LostLane(NamedTuple):
    """A lane whose owner fell silent, locked by the transaction that found it."""

    lane: Lane
    reached: int
    leased_at: dt.datetime
    payloads: list[Leased]


class DueRun(NamedTuple):
    """A run that the sweep has locked, and what it lacks. ``unleased`` and ``due`` are positions nobody holds; ``overdue`` is a
    `StopReason` when the run must be stopped; ``deadline_at`` is when it will have to be. ``tracked`` go on elsewhere while no
    lane looks; ``looks``, of them and of ``due``, are due."""

    id: int
    job_id: int | None
    state: str
    admitted: bool
    queue: str
    max_lanes: int
    total: int
    strict: bool
    nudges: int
    complete: bool
    unleased: int
    slots: list[int]
    due: int
    next_due_at: dt.datetime | None
    tracked: int
    looks: int
    overdue: str | None
    deadline_at: dt.datetime | None
    job_paused: bool
    now: dt.datetime


class ClosedRun(NamedTuple):
    """A run that reached its final state just now. ``makes_room``: another run of its job may wait for its place. ``awaited``: a
    schedule may want to know. ``delivers``: its job has sinks. ``watched``: somebody is to be told what happens to its job."""

    id: int
    workspace_id: int
    job_key: str
    state: str
    started_at: dt.datetime
    ended_at: dt.datetime
    total: int
    failed: int
    job_id: int | None
    makes_room: bool
    schedule_id: int | None
    awaited: bool
    delivers: bool
    watched: bool | None = None


class SingleRun(NamedTuple):
    """A run of one payload, taken: its lane holds position 0. ``run_group_id``: the run's group; where that has a limit, one of
    those that were taken together has a place in it for all of them (``lane.group_id``)."""

    lane: Lane
    payload: Leased
    run_group_id: int | None = None


class LogEntry(NamedTuple):
    """A line that an attempt wrote."""

    position: int
    attempt: int
    level: str
    message: str
    at: dt.datetime
