"""The shapes of jobs, runs and what belongs to them, as `jobs.api.shapes` makes them."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import Field

from jobs.api.described.bodies import Unsaid
from jobs.api.described.shape import Shape, named
from jobs.documents import KEY_PATTERN, Configuration
from jobs.documents.configuration import RateLimit
from jobs.states import AttemptState, JobState, PayloadState, RunState, StopReason, Trigger

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


class Pause(Change):
    """Who paused a run, when and why."""

    by_job: bool
    """Whether its whole job was paused."""


class Stop(Change):
    """Why a run is ended early."""

    reason: StopReason
    """`terminated` by somebody, `timeout`, `expired` (not begun in time) or `first_failure`."""


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


class Counts(Shape):
    """A run's payloads by state."""

    total: int
    """The sum of the others."""
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class RunBrief(Shape):
    """A run beside another, without its counts."""

    id: int
    job: str
    """The key of its job."""
    state: RunState
    trigger: Trigger
    """What made it."""
    scheduled_for: dt.datetime | None
    """The fire time that it is for, if a schedule started it."""
    origin: int | None
    """The run that it repeats, replays, or was started by."""
    actor: str
    """Who or what started it."""
    comment: str
    created_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None

    EXAMPLE = {
        "id": 7,
        "job": "task:ping",
        "state": "succeeded",
        "trigger": "api",
        "scheduled_for": None,
        "origin": None,
        "actor": "ann",
        "comment": "",
        "created_at": CREATED,
        "started_at": STARTED,
        "ended_at": ENDED,
    }


class RunSummary(RunBrief):
    """A run with its counts."""

    counts: Counts
    error: JSON = Field(description="Why it failed: an object with a message, or null.")
    result: JSON = Field(description="What a run of one payload came to; or null.")
    results_erased_at: dt.datetime | None
    """Since when a cleanup has erased results of its payloads."""
    parameters: dict[str, Any]
    """What its trigger gave, for the templates of payloads."""
    pause: Pause | None
    """Who holds it, while it is held."""
    stop: Stop | None
    """Why it is ended early, once it is."""
    admitted: bool
    """False while it waits until its job has fewer active runs than its `max_concurrent_runs`."""
    group: str | None
    """The name of its concurrency group."""
    idempotency_key: str | None
    expires_at: dt.datetime | None
    """It is cancelled if it has not begun by then."""
    deadline_at: dt.datetime | None
    """It is stopped if it has not ended by then."""
    pin: Change | None
    """Who keeps it from being cleaned up."""
    snapshot: dict[str, Any] | Unsaid = None
    """Only if `include` asks for it: its job's document, less the payload list, as it was when the run was made."""

    EXAMPLE = RunBrief.EXAMPLE | {
        "counts": {"total": 2, "queued": 0, "running": 0, "succeeded": 2, "failed": 0, "cancelled": 0},
        "error": None,
        "result": None,
        "results_erased_at": None,
        "parameters": {},
        "pause": None,
        "stop": None,
        "admitted": True,
        "group": None,
        "idempotency_key": None,
        "expires_at": None,
        "deadline_at": None,
        "pin": None,
    }


class DeliveredTo(Shape):
    """What was delivered of a run to one entry of its job's sinks."""

    sink: str | None
    """The name of the entry."""
    waiting: int
    """Payloads that no delivery holds yet."""
    due: int
    """Deliveries that are to be made."""
    delivered: int
    dead: int
    """Deliveries that were given up."""


class Run(RunSummary):
    """A run with its counts, and its deliveries once it has ended."""

    deliveries: list[DeliveredTo] = Field(
        default=[], description="One entry for each of its sinks; only of a run that has ended."
    )

    EXAMPLE = RunSummary.EXAMPLE | {
        "deliveries": [{"sink": "journal", "waiting": 0, "due": 0, "delivered": 1, "dead": 0}]
    }


class ChangedRun(RunSummary):
    """A run after something was done to it."""

    changed: bool
    """False when it stood so already, and nothing was changed."""


NEW_RUN = RunSummary.EXAMPLE | {
    "id": 8,
    "state": "pending",
    "started_at": None,
    "ended_at": None,
    "counts": {"total": 1, "queued": 1, "running": 0, "succeeded": 0, "failed": 0, "cancelled": 0},
}
"""A run that was started just now."""


class JobSummary(Shape):
    """A job in a list: without its payload, sinks and schedules."""

    key: str = Field(pattern=KEY_PATTERN, description="`type:name`; unique in the workspace.")
    description: str
    configuration: Configuration
    """How it runs."""
    tags: list[str]
    metadata: dict[str, Any]
    """The owner's own data."""
    version: int
    """Counts its changes; for `If-Match`, or for `version` in a body."""
    state: JobState
    state_change: Change | None
    """Who put it into its state, when and why."""
    resume_at: dt.datetime | None
    """When a job that was paused for its failures goes on by itself."""
    created_at: dt.datetime
    updated_at: dt.datetime
    last_run: RunSummary | None
    """Its newest run."""
    next_run_at: dt.datetime | None
    """When a schedule starts the next one."""
    payload: list[named("PayloadItem")] | Unsaid = None  # type: ignore[valid-type]
    """In a list only if `include` asks for it."""
    sinks: list[named("SinkEntry")] | Unsaid = None  # type: ignore[valid-type]
    """In a list only if `include` asks for it."""
    schedules: list[named("ScheduleDocument")] | Unsaid = None  # type: ignore[valid-type]
    """In a list only if `include` asks for it."""

    EXAMPLE = {
        "key": "task:ping",
        "description": "Asks whether the shop answers.",
        "configuration": {"retry": {"maximum_attempts": 3}, "max_concurrent_requests": 5, "priority": 0},
        "tags": ["shop"],
        "metadata": {"team": "web"},
        "version": 3,
        "state": "active",
        "state_change": None,
        "resume_at": None,
        "created_at": CREATED,
        "updated_at": CREATED,
        "last_run": RunSummary.EXAMPLE,
        "next_run_at": "2026-11-23T01:30:00Z",
    }


class Job(JobSummary):
    """A whole job: its document, and what the system knows about it."""

    payload: list[named("PayloadItem")]  # type: ignore[valid-type]
    """The units of work, in their order."""
    sinks: list[named("SinkEntry")]  # type: ignore[valid-type]
    """Where its results go."""
    schedules: list[named("ScheduleDocument")]  # type: ignore[valid-type]
    """When it runs."""
    origin: Origin | None
    """The file that it is kept in; null for none."""

    EXAMPLE = JobSummary.EXAMPLE | {
        "payload": [{"kind": "noop", "name": "first", "parameters": {}}],
        "sinks": [{"sink": "journal"}],
        "schedules": [
            {
                "name": "nightly",
                "triggers": [{"type": "cron", "expression": "0 30 2 ? * MON-FRI"}],
                "timezone": "Europe/Berlin",
            }
        ],
        "origin": None,
    }


class Attempt(Shape):
    """An attempt that did not succeed."""

    number: int
    """1 for the first."""
    state: AttemptState
    """`lost` when its worker vanished."""
    error: JSON = Field(description="Why: an object with a message and a code; or null.")
    worker: str
    started_at: dt.datetime | None
    ended_at: dt.datetime | None

    EXAMPLE = {
        "number": 1,
        "state": "failed",
        "error": {"message": "the server answered 503", "code": "http_status"},
        "worker": "w1",
        "started_at": CREATED,
        "ended_at": STARTED,
    }


class RunAttempt(Attempt):
    """An attempt that did not succeed, and where it was."""

    id: int
    run: int
    """The run's id."""
    position: int
    """Of its payload in the run."""

    EXAMPLE = {"id": 11, "run": 7, "position": 0, **Attempt.EXAMPLE}


class StoredResult(Shape):
    """What is known of a result that is larger than what a row may hold."""

    size_bytes: int
    sha256: str


class Payload(Shape):
    """A payload of a run."""

    position: int
    """Its place in the run's list; 0 for the first."""
    name: str
    kind: str
    """What executes it."""
    state: PayloadState
    attempts: int
    """How many attempts have ended."""
    started_at: dt.datetime | None
    """When its last attempt began."""
    ended_at: dt.datetime | None
    result: JSON = Field(description="What it came to; of a large one, where it is and how it begins; or null.")
    error: JSON = Field(description="Why it failed: an object with a message and a code; or null.")
    parameters: JSON = Field(description="As the kind reads them.")
    due_at: dt.datetime | None
    """While it waits out of line: for its next attempt or, running elsewhere, for the next look at it."""
    progress: JSON = Field(
        description="How far it is, while it runs and tells: `current`, `total`, `unit`, `rate`; or null."
    )
    parent: int | None = Field(
        default=None, description="The position of the payload that has added it, where one has."
    )
    key: str = Field(default="", description="The key under which it was added, if it was given one.")
    stored_result: StoredResult | None = Field(default=None, description="Of a result that is stored elsewhere.")
    failed_attempts: list[Attempt] | Unsaid = Field(
        default=None, description="In a list only if `include` asks for it: the attempts that did not succeed."
    )

    EXAMPLE = {
        "position": 0,
        "name": "first",
        "kind": "noop",
        "state": "succeeded",
        "attempts": 2,
        "started_at": STARTED,
        "ended_at": ENDED,
        "result": {"rows": 3},
        "error": None,
        "parameters": {},
        "due_at": None,
        "progress": None,
    }


class PayloadDetail(Payload):
    """A payload with its attempts that did not succeed."""

    failed_attempts: list[Attempt]
    """The first first."""

    EXAMPLE = Payload.EXAMPLE | {"failed_attempts": [Attempt.EXAMPLE]}


class Chain(Shape):
    """The runs around a run."""

    run: RunBrief
    ancestors: list[RunBrief]
    """What it came from, its origin first."""
    started: list[RunBrief]
    """What its end started, the newest first."""
    reruns: list[RunBrief]
    replays: list[RunBrief]
    more: list[str]
    """The names of the lists that are longer than what is shown."""

    EXAMPLE = {
        "run": RunBrief.EXAMPLE,
        "ancestors": [],
        "started": [],
        "reruns": [RunBrief.EXAMPLE | {"id": 9, "trigger": "rerun", "origin": 7}],
        "replays": [],
        "more": [],
    }


class File(Shape):
    """A file that a payload has made."""

    id: int
    position: int
    """Of the payload."""
    attempt: int
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    created_at: dt.datetime

    EXAMPLE = {
        "id": 1,
        "position": 0,
        "attempt": 1,
        "name": "customers.csv",
        "media_type": "text/csv",
        "size_bytes": 12,
        "sha256": "9f2a0b6e1c5d4f3a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a",
        "created_at": CREATED,
    }


class LogLine(Shape):
    """A line that a payload logged."""

    id: int
    position: int
    """Of the payload."""
    attempt: int
    level: str
    message: str
    at: dt.datetime

    EXAMPLE = {"id": 1, "position": 0, "attempt": 1, "level": "info", "message": "3 rows", "at": STARTED}


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


class BulkProblem(Shape):
    """What refused to be acted upon."""

    id: int
    """Of the job or the run."""
    detail: str
    """Why."""


class BulkActionSummary(Shape):
    """An action on many jobs or runs, and how far it has come."""

    id: int
    action: Literal[
        "terminate",
        "pause-jobs",
        "resume-jobs",
        "trigger-jobs",
        "terminate-jobs",
        "delete-jobs",
        "pause-runs",
        "resume-runs",
        "rerun-runs",
        "redeliver",
    ]
    note: str
    actor: str
    total: int
    """How many were selected."""
    changed: int
    unchanged: int
    """Those that stood so already, and those that refused."""
    created_at: dt.datetime
    ended_at: dt.datetime | None
    """When it was over; null while it goes on in the background."""

    EXAMPLE = {
        "id": 3,
        "action": "terminate",
        "note": "wrong data",
        "actor": "ann",
        "total": 1,
        "changed": 1,
        "unchanged": 0,
        "created_at": CREATED,
        "ended_at": ENDED,
    }


class BulkAction(BulkActionSummary):
    """An action on many jobs or runs with its progress."""

    selection: dict[str, Any]
    """What was asked for: `ids` or `keys`, or a `filter`."""
    problems: list[BulkProblem]
    """The first 100 that refused."""

    EXAMPLE = BulkActionSummary.EXAMPLE | {"selection": {"filter": {"job": "task:ping"}}, "problems": []}


class Extension(Shape):
    """What became of payloads that were to be added."""

    added: int
    """How many were."""
    cancelled: int
    """How many of them beyond `max_payloads`, which are added as cancelled."""
    first_position: int | None
    """Of the first that was added; null when none was."""

    EXAMPLE = {"added": 1, "cancelled": 0, "first_position": 2}


class DatasourceOperation(Shape):
    """What was asked about a datasource, and the answer."""

    id: int | None
    """Null for what was told at once, and is not kept."""
    operation: Literal["validate", "preview", "delete_output"]
    datasource: str | None
    """Its name; null for parameters that are not saved."""
    stream: str | None
    """Which of its payloads."""
    state: Literal["waiting", "running", "done", "failed", "expired"]
    result: JSON = Field(description="The answer, when it is done.")
    error: JSON = Field(description="Why it failed: `message` and `code`.")
    actor: str
    created_at: dt.datetime
    ended_at: dt.datetime | None

    EXAMPLE = {
        "id": 12,
        "operation": "preview",
        "datasource": "orders",
        "stream": "orders",
        "state": "done",
        "result": {
            "columns": [{"name": "id", "type": "BIGINT"}, {"name": "customer", "type": "VARCHAR"}],
            "rows": [{"id": 1, "customer": "Ann"}],
            "cut": False,
        },
        "error": None,
        "actor": "ann",
        "created_at": CREATED,
        "ended_at": ENDED,
    }


class Stream(Shape):
    """How far the loads of one payload of a datasource have come."""

    stream: str
    cursor: JSON = Field(description="The type and the value up to which was loaded; or null.")
    loaded_at: dt.datetime | None
    load_key: str | None
    """Names the last load."""


class Streams(Shape):
    """How far the loads of each payload of a datasource have come."""

    streams: list[Stream]

    EXAMPLE = {
        "streams": [
            {
                "stream": "orders",
                "cursor": {"type": "TIMESTAMP", "value": "2026-11-20 09:45:00"},
                "loaded_at": CREATED,
                "load_key": "demo/datasource:orders/run-7-payload-0-63a1c",
            }
        ]
    }


class RejectedRow(Shape):
    """A row that a load left out."""

    id: int
    number: int | None
    """Its number in the source, if rows have an order there."""
    reason: str
    row: JSON = Field(description="Its values by column.")

    EXAMPLE = {"id": 1, "number": 17, "reason": "amount: expected a number", "row": {"id": "17", "amount": "ten"}}
