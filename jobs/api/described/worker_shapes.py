"""The shapes of worker processes, as `jobs.api.workers` makes them."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from jobs.api.described.shape import Shape
from jobs.api.described.shapes import CREATED, STARTED


class WorkerState(StrEnum):
    """How a process stands."""

    ALIVE = "alive"
    DRAINING = "draining"
    SILENT = "silent"


class WorkerKind(StrEnum):
    """What a process does."""

    WORKER = "worker"
    BEAT = "beat"


class HeldRun(Shape):
    """A run of the workspace that a process works at."""

    run: int
    job: str
    """The key of its job."""
    lanes: int
    payloads: int
    """At work in its lanes: of a strict lane one, of any other its range."""
    since: dt.datetime
    """When the lane took its range that has had it longest."""

    EXAMPLE = {"run": 6, "job": "task:ping", "lanes": 1, "payloads": 1, "since": STARTED}


class Worker(Shape):
    """A process that works at runs, or a beat. It serves all workspaces."""

    id: int
    name: str
    """host:pid."""
    kind: WorkerKind
    state: WorkerState
    """`silent`: it was not heard for 15 seconds."""
    node: str
    """Its name within Celery."""
    host: str
    pid: int
    pool: str
    """How it works at several messages at once."""
    slots: int
    """So many."""
    queues: list[str]
    """What it takes messages from."""
    version: str
    memory_bytes: int | None
    """Resident, with its children; null where that is not known."""
    started_at: dt.datetime
    heard_at: dt.datetime
    draining_since: dt.datetime | None
    """Since when it is to take nothing new."""
    draining_by: str
    """Who wished that; empty for nobody."""
    runs: list[HeldRun]
    """What it holds of this workspace."""
    lanes: int
    """That it holds of this workspace's runs."""
    lanes_elsewhere: int
    """That it holds of the runs of other workspaces."""

    EXAMPLE = {
        "id": 2,
        "name": "node1:4711",
        "kind": "worker",
        "state": "alive",
        "node": "celery@node1",
        "host": "node1",
        "pid": 4711,
        "pool": "threads",
        "slots": 8,
        "queues": ["default", "io"],
        "version": "0.1.0",
        "memory_bytes": 91000000,
        "started_at": CREATED,
        "heard_at": CREATED,
        "draining_since": None,
        "draining_by": "",
        "runs": [],
        "lanes": 0,
        "lanes_elsewhere": 0,
    }


class HeldLane(Shape):
    """A lane of a process, and the payload at work in it."""

    run: int
    job: str
    """The key of its job."""
    slot: int
    """Which of the run's lanes."""
    position: int
    """Of the payload at work."""
    payload: str
    """Its name; empty where it has none."""
    more: int
    """So many payloads of its range come after that."""
    since: dt.datetime
    """When it took its range."""

    EXAMPLE = {
        "run": 6,
        "job": "task:ping",
        "slot": 0,
        "position": 0,
        "payload": "first",
        "more": 0,
        "since": STARTED,
    }


class WorkerDetail(Worker):
    """A process with its lanes that work at runs of the workspace."""

    held: list[HeldLane]
    """Those that hold theirs longest first, 1,000 at most."""

    EXAMPLE = Worker.EXAMPLE | {"held": []}


class ChangedWorker(Shape):
    """A worker after it was told to drain, or to go on."""

    id: int
    name: str
    draining: bool
    changed: bool
    """False when it stood so already, and nothing was changed."""

    EXAMPLE = {"id": 2, "name": "node1:4711", "draining": True, "changed": True}
