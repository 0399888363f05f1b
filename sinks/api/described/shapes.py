"""The shapes of sinks, deliveries, rules and notices, as `sinks.api.shapes` makes them."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import Field

from jobs.api.described.bodies import Unsaid
from jobs.api.described.shape import Shape
from jobs.api.described.shapes import CREATED, ENDED, STARTED, Origin
from sinks.rules import RuleDocument
from sinks.services.run_results import ResultFormat
from sinks.states import DeliveryState, SinkState, Skipped

JSON = Any


class Standing(Shape):
    """Whether a sink takes anything, and what it is owed."""

    state: SinkState
    failures: int
    """How many attempts in a row have failed."""
    resting_until: dt.datetime | None
    disabled_at: dt.datetime | None
    disabled_reason: str | None
    worker: str | None
    """Who delivers to it at the moment."""
    due: int
    """Deliveries that are to be made, counted up to 10,000."""
    dead: int
    """Deliveries that were given up, counted up to 10,000."""

    EXAMPLE = {
        "state": "ready",
        "failures": 0,
        "resting_until": None,
        "disabled_at": None,
        "disabled_reason": None,
        "worker": None,
        "due": 0,
        "dead": 0,
    }


class ListedSink(Shape):
    """A named sink of the workspace: its document, and how it stands with it."""

    name: str
    kind: str
    configuration: dict[str, Any]
    """As its kind takes it; secrets by name only."""
    description: str
    version: int
    """Counts its changes."""
    created_at: dt.datetime
    updated_at: dt.datetime
    jobs: list[str]
    """The keys of the jobs that use it."""
    standing: Standing

    EXAMPLE = {
        "name": "journal",
        "kind": "log",
        "configuration": {"prefix": "RESULT "},
        "description": "",
        "version": 1,
        "created_at": CREATED,
        "updated_at": CREATED,
        "jobs": ["task:ping"],
        "standing": Standing.EXAMPLE,
    }


class Sink(ListedSink):
    """A named sink, and where it is kept."""

    origin: Origin | None
    """The file that it is kept in; null for none."""

    EXAMPLE = ListedSink.EXAMPLE | {"origin": None}


class ChangedSink(Sink):
    """A sink after it was enabled."""

    changed: bool
    """False when it was neither disabled nor resting."""


class JobSink(Shape):
    """An entry of a job's sinks, and how it stands with it."""

    name: str
    """Of the entry."""
    sink: str | None
    """The named sink that it means; null for one of its own."""
    kind: str
    standing: Standing

    EXAMPLE = {"name": "journal", "sink": "journal", "kind": "log", "standing": Standing.EXAMPLE}


class ChangedJobSink(JobSink):
    """A job's sink after it was enabled."""

    changed: bool
    """False when it was neither disabled nor resting."""


class Prefilled(Shape):
    """An entry for a job's sinks that begins as a copy of a named sink."""

    name: str
    kind: str
    configuration: dict[str, Any]

    EXAMPLE = {"name": "journal", "kind": "log", "configuration": {"prefix": "RESULT "}}


class SinkCheck(Shape):
    """Whether a worker can reach a sink: what was asked, and the answer."""

    id: int
    sink: str
    kind: str
    state: Literal["waiting", "running", "done", "failed", "expired"]
    result: JSON = Field(description="The answer, when it is done.")
    error: JSON = Field(description="Why it failed: `message` and `code`.")
    actor: str
    created_at: dt.datetime
    ended_at: dt.datetime | None

    EXAMPLE = {
        "id": 5,
        "sink": "journal",
        "kind": "log",
        "state": "done",
        "result": {"message": "Writes to the log of the worker"},
        "error": None,
        "actor": "ann",
        "created_at": CREATED,
        "ended_at": ENDED,
    }


class FailedDelivery(Shape):
    """An attempt at a delivery that failed or was lost."""

    number: int
    error: JSON = Field(description="Why: `message` and `code`.")
    worker: str
    started_at: dt.datetime
    ended_at: dt.datetime

    EXAMPLE = {
        "number": 1,
        "error": {"code": "connection", "message": "connection refused"},
        "worker": "w1",
        "started_at": STARTED,
        "ended_at": ENDED,
    }


class Delivery(Shape):
    """A delivery of results, or of notices, to a sink."""

    id: int
    key: str
    """Goes with every attempt."""
    run: int | None
    """Null where it holds notices."""
    job: str | None
    rule: str | None
    """The name of the rule whose notices it holds."""
    sink: str | None
    state: DeliveryState
    first_position: int
    last_position: int
    payloads: int
    """How many of the positions it holds."""
    attempts: int
    attempted_at: dt.datetime | None
    """Set while an attempt is under way."""
    due_at: dt.datetime | None
    """When it is tried next."""
    created_at: dt.datetime
    ended_at: dt.datetime | None
    bytes: int | None
    """Of the content, as it was sent."""
    sha256: str | None
    receipt: JSON = Field(description="What the other side said.")
    error: JSON = Field(description="Why the last attempt failed: `message` and `code`.")
    failed_attempts: list[FailedDelivery] | Unsaid = Field(
        default=None, description="In a list only if `include` asks for it: the attempts that failed."
    )

    EXAMPLE = {
        "id": 9,
        "key": "dlv_9",
        "run": 7,
        "job": "task:ping",
        "rule": None,
        "sink": "journal",
        "state": "dead",
        "first_position": 0,
        "last_position": 0,
        "payloads": 1,
        "attempts": 1,
        "attempted_at": None,
        "due_at": None,
        "created_at": CREATED,
        "ended_at": ENDED,
        "bytes": None,
        "sha256": None,
        "receipt": None,
        "error": {"code": "connection", "message": "connection refused"},
    }


class DeliveryDetail(Delivery):
    """A delivery with its attempts that failed."""

    failed_attempts: list[FailedDelivery]
    """The first first."""

    EXAMPLE = Delivery.EXAMPLE | {"failed_attempts": [FailedDelivery.EXAMPLE]}


class UnchangedDelivery(DeliveryDetail):
    """A delivery that is not made again."""

    changed: bool
    """Always false."""

    EXAMPLE = DeliveryDetail.EXAMPLE | {"changed": False}


class Redelivered(Shape):
    """A delivery that is made again."""

    id: int
    changed: bool
    """Always true."""

    EXAMPLE = {"id": 9, "changed": True}


class SkippedDelivery(Shape):
    """A delivery that was not made again."""

    id: int
    reason: Skipped
    message: str
    """The reason in words."""

    EXAMPLE = {"id": 8, "reason": "due", "message": "it is due anyway"}


class RedeliveredMany(Shape):
    """How many deliveries are made again."""

    redelivered: int
    skipped_count: int
    """How many were left as they are."""
    skipped: list[SkippedDelivery]
    """Of those the first 100 by id."""
    action: int | None
    """The bulk action that deals with the others in the background; null when these are all."""

    EXAMPLE = {"redelivered": 1, "skipped_count": 1, "skipped": [SkippedDelivery.EXAMPLE], "action": None}


class ResultLink(Shape):
    """A link to a run's results that whoever has it may follow."""

    run: int
    format: ResultFormat
    signed_url: str
    signed_url_expiration: dt.datetime

    EXAMPLE = {
        "run": 7,
        "format": "csv",
        "signed_url": "https://jobs.example.com/results/eyJydW4iOjd9:1vMABC:c2lnbmF0dXJl/",
        "signed_url_expiration": "2026-11-22T12:00:00Z",
    }


class ListedRule(RuleDocument, Shape):
    """A rule: its document with all defaults."""

    version: int = Field(description="Counts its changes.")
    created_at: dt.datetime
    updated_at: dt.datetime

    EXAMPLE = {
        "name": "on-call",
        "sink": "journal",
        "events": ["failed", "recovered"],
        "jobs": {"types": None, "tags": ["shop"], "keys": None},
        "in_a_row": 2,
        "quiet": None,
        "digest": None,
        "late_after": "5m",
        "stuck_after": None,
        "enabled": True,
        "description": "",
        "version": 1,
        "created_at": CREATED,
        "updated_at": CREATED,
    }


class Rule(ListedRule):
    """A rule, and where it is kept."""

    origin: Origin | None = Field(description="The file that it is kept in; null for none.")

    EXAMPLE = ListedRule.EXAMPLE | {"origin": None}


class Notice(Shape):
    """Something that a rule tells, and what became of it."""

    id: int
    event: str
    """What happened, such as `run.failed`."""
    rule: str
    job: str
    run: int | None
    schedule: str | None
    at: dt.datetime
    since: dt.datetime | None
    in_a_row: int
    """How many runs have failed in a row."""
    count: int
    """About how many runs or fire times it is."""
    kept_back: int
    """How many like it were kept back since the last one."""
    error: str | None
    link: str | None
    """A page about it."""
    subject: str
    text: str
    state: str
    """`waiting` with others until `send_at`, `kept_back`, or the state of its delivery."""
    created_at: dt.datetime
    send_at: dt.datetime | None
    delivery: int | None
    """The id of its delivery."""

    EXAMPLE = {
        "id": 2,
        "event": "run.failed",
        "rule": "on-call",
        "job": "task:ping",
        "run": 7,
        "schedule": None,
        "at": ENDED,
        "since": CREATED,
        "in_a_row": 2,
        "count": 1,
        "kept_back": 0,
        "error": "1 payload failed",
        "link": None,
        "subject": "task:ping failed, 2 runs in a row",
        "text": "Run 7 of task:ping failed at 2026-11-21 12:00:01 UTC, the 2nd in a row since 2026-11-21 12:00:00 UTC.",
        "state": "kept_back",
        "created_at": ENDED,
        "send_at": None,
        "delivery": None,
    }
