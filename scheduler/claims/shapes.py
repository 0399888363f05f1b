"""What the scheduler's statements take and give."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psycopg

from jobs import hotpath
from scheduler.claims.principals import SYSTEM, Principal
from scheduler.models import Ending
from scheduler.sql import STATEMENTS

Connection = hotpath.EngineConnection
Now = dt.datetime | None


class Claimed(NamedTuple):
    """A schedule that this transaction has locked, with its job. ``now`` is the database's.

    ``document`` is JSON, without the name, the notes and the parameters; ``parameters`` is that part of it, and JSON too.
    Thousands of schedules that are due together say the same: as text they are known to, and read once.
    """

    id: int
    workspace_id: int
    job_id: int
    name: str
    document: str
    parameters: str
    state: str
    anchor_at: dt.datetime
    decided_until: dt.datetime
    actions_left: int | None
    skips_json: str
    job_key: str
    job_state: str
    now: dt.datetime
    principal_id: int | None = None
    principal: Principal = SYSTEM

    @property
    def skips(self) -> list[str]:
        """The fire times that somebody asked to skip, in ISO-8601."""
        return [] if self.skips_json == "[]" else [str(skip) for skip in json.loads(self.skips_json)]


class Holds(NamedTuple):
    """What a schedule's next fire meets: its runs that have not ended, and its fires that wait for that; oldest first."""

    run_ids: list[int]
    buffered_ids: list[int]


class FireRow(NamedTuple):
    """What was decided of one fire time of the clock."""

    schedule_id: int
    fire_at: dt.datetime
    state: str
    reason: str = ""
    detail: str = ""
    run_id: int | None = None


class Move(NamedTuple):
    """Where a schedule stands after that. ``skips``: JSON, or None for what it has."""

    schedule_id: int
    decided_until: dt.datetime
    next_fire_at: dt.datetime | None
    next_run_at: dt.datetime | None
    actions_left: int | None
    skips: str | None


class Settled(NamedTuple):
    """What became of a fire that waited, or was buffered."""

    fire_id: int
    state: str
    reason: str = ""
    detail: str = ""
    run_id: int | None = None


class Owed(NamedTuple):
    """A fire that waits or is buffered."""

    id: int
    schedule_id: int
    fire_at: dt.datetime
    cause: str
    due_at: dt.datetime | None
    parameters: dict[str, Any] | None


class EndingRow(NamedTuple):
    """A run that ended, for one trigger.

    ``result`` is the run's own; None when the run was erased meanwhile, or when it is too large to hand on: then
    ``bytes_left_out`` is its size as JSON text.
    """

    id: int
    schedule_id: int
    trigger: int
    job_key: str
    run_id: int
    state: str
    ended_at: dt.datetime
    settled: bool
    result: Any
    bytes_left_out: int | None

    @property
    def own(self) -> bool:
        """Whether the schedule owed the run itself."""
        return self.trigger == Ending.OWN


def execute(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> psycopg.Cursor[Any]:
    """Execute ``scheduler/sql/<statement>.sql``, in the caller's transaction."""
    return hotpath.execute(connection, statement, parameters, of=STATEMENTS)


def columns(kind: type[Any], rows: Sequence[Any]) -> dict[str, list[Any]]:
    """Rows of a named tuple as one list for each of its fields."""
    lists = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in kind._fields]
    return dict(zip(kind._fields, lists, strict=True))
