"""Shapes that many others have parts of, and those of groups, as `jobs.api.shapes` makes them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.api.described.shape import Shape
from jobs.documents.configuration import RateLimit

JSON = Any
CREATED, STARTED, ENDED = "2026-11-21T12:00:00Z", "2026-11-21T12:00:00.004000Z", "2026-11-21T12:00:01Z"


class Change(Shape):
    """Who did something, when and why."""

    actor: str
    """Who; empty where the system did it."""
    at: dt.datetime
    """When."""
    note: str
    """Why."""

    EXAMPLE = {"actor": "ann", "at": CREATED, "note": "the supplier is down"}


class Origin(Shape):
    """Something that is kept in a file, and is edited there alone until it is released."""

    kind: str
    """`job`, `schedule`, `sink`, `concurrency_group` or `notice_rule`."""
    name: str
    """A job's is its key, a schedule's is `JOB/NAME`."""
    source: str
    """The set of files that it is applied with."""
    path: str
    """The file."""
    digest: str
    """SHA-256 of what the file says of it."""
    applied_at: dt.datetime
    applied_by: str

    EXAMPLE = {
        "kind": "sink",
        "name": "shelf",
        "source": "shop",
        "path": "sinks/shelf.yaml",
        "digest": "9f2a0b6e1c5d4f3a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a",
        "applied_at": CREATED,
        "applied_by": "ann",
    }


class Event(Shape):
    """An entry of a run's event log."""

    id: int
    kind: str
    """What happened, such as `run.succeeded`."""
    actor: str
    data: dict[str, Any]
    at: dt.datetime

    EXAMPLE = {"id": 1, "kind": "run.succeeded", "actor": "", "data": {}, "at": ENDED}


class Group(Shape):
    """A concurrency group: its limits, and what uses it."""

    name: str
    limit: int | None
    """How many payloads may run at once; null for no limit."""
    rate: RateLimit | None
    """How many may begin per period; null for no limit."""
    version: int
    """Counts its changes."""
    updated_at: dt.datetime
    jobs: int
    """How many jobs name it."""
    taken: int
    """How many of its places are taken now."""

    EXAMPLE = {
        "name": "api.example.com",
        "limit": 5,
        "rate": {"count": 100, "period": "1m"},
        "version": 1,
        "updated_at": CREATED,
        "jobs": 0,
        "taken": 0,
    }


class GroupDetail(Group):
    """A concurrency group, and where it is kept."""

    origin: Origin | None
    """The file that it is kept in; null for none."""

    EXAMPLE = Group.EXAMPLE | {"origin": None}
