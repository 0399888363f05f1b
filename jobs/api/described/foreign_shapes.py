"""The shapes of other systems, as the modules of `jobs.api.foreign` make them. Their fields have those systems' names."""

# ruff: noqa: N815

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import Field

from jobs.api.described.bodies import Unsaid
from jobs.api.described.shape import Shape
from jobs.api.described.shapes import CREATED, ENDED, STARTED

JSON = Any


class FusionExtra(Shape):
    """Counts of a run's payloads, and its times."""

    counter_input: int = Field(alias="counter.input", description="All of them.")
    counter_output: int = Field(alias="counter.output", description="Those that succeeded.")
    counter_failed: int = Field(alias="counter.failed")
    counter_skipped: int = Field(alias="counter.skipped", description="Those that were cancelled.")
    datasourceId: str | Unsaid = Field(default=None, description="Of a run of a datasource: its name.")
    startTime: int | Unsaid = Field(default=None, description="Milliseconds since 1970, once it has begun.")
    endTime: int | Unsaid = Field(default=None, description="Milliseconds since 1970, once it has ended.")


class FusionHistoryEntry(Shape):
    """A run in a job's history, as Fusion has it."""

    resource: str
    """The key of its job."""
    runId: str
    """Its id, as text."""
    startTime: dt.datetime
    endTime: dt.datetime | None
    status: Literal["running", "success", "failed", "aborted"]
    extra: FusionExtra

    EXAMPLE = {
        "resource": "task:ping",
        "runId": "7",
        "startTime": "2026-11-21T12:00:00.004Z",
        "endTime": "2026-11-21T12:00:01.000Z",
        "status": "success",
        "extra": {
            "counter.input": 2,
            "counter.output": 2,
            "counter.failed": 0,
            "counter.skipped": 0,
            "startTime": 1795262400004,
            "endTime": 1795262401000,
        },
    }


class FusionAction(Shape):
    """What became of an action that was asked for."""

    resource: str
    """The key of the job."""
    action: Literal["start", "abort"]
    comment: str
    accepted: bool
    """Whether it was to be done: a job is started that has no run under way, and aborted that has one."""
    runIds: list[str]
    """The runs concerned, by id."""

    EXAMPLE = {
        "resource": "task:old",
        "action": "start",
        "comment": "asked for by the shop",
        "accepted": True,
        "runIds": ["8"],
    }


class IntunedError(Shape):
    """Why a run failed."""

    message: str
    code: str | None
    retirable: bool
    """Always false: what could be tried again was."""


class IntunedReason(Shape):
    """Why a run was ended early."""

    type: Literal["user-request"]
    message: str


class IntunedJobRun(Shape):
    """A run, as Intuned has it."""

    id: str
    job_id: str
    """The key of its job."""
    created_at: dt.datetime
    start_time: dt.datetime | None
    end_time: dt.datetime | None
    type: Literal["SCHEDULED", "MANUAL"]
    status: Literal["PENDING", "PAUSING", "PAUSED", "RESUMING", "SUCCESS", "FAILURE", "TERMINATED", "CANCELED"]
    """`TERMINATED` when somebody ended it; `PENDING` while it is at work, for there is no word for that."""
    payloads: int
    successful_runs: int
    """How many of its payloads succeeded."""
    failed_runs: int
    error: IntunedError | None
    reason: IntunedReason | None
    job_configuration_snapshot: dict[str, Any] | Unsaid = Field(
        default=None,
        description="Its job's document as it was when the run was made, without the payload list; of a run that is read alone.",
    )

    EXAMPLE = {
        "id": "7",
        "job_id": "task:ping",
        "created_at": CREATED,
        "start_time": STARTED,
        "end_time": ENDED,
        "type": "MANUAL",
        "status": "SUCCESS",
        "payloads": 2,
        "successful_runs": 2,
        "failed_runs": 0,
        "error": None,
        "reason": None,
    }


class IntunedJobRuns(Shape):
    """A page of the runs of a job."""

    jobRuns: list[IntunedJobRun]
    totalCount: None = Field(description="Always null: counting them would cost more than this.")
    next: str | None = Field(description="Where the page behind this one is.")

    EXAMPLE = {"jobRuns": [IntunedJobRun.EXAMPLE], "totalCount": None, "next": None}


class IntunedResults(Shape):
    """Where the results of a run are."""

    url: str
    """Takes the caller's token, as everything here does."""
    format: Literal["jsonl"]


class IntunedJobRunDetail(Shape):
    """A run, and where its results are."""

    jobRun: IntunedJobRun
    results: IntunedResults | Unsaid = Field(default=None, description="Once it has ended.")

    EXAMPLE = {
        "jobRun": IntunedJobRun.EXAMPLE
        | {"job_configuration_snapshot": {"key": "task:ping", "configuration": {}, "version": 3}},
        "results": {"url": "https://jobs.example.com/api/v1/workspaces/demo/runs/7/results/", "format": "jsonl"},
    }


class IntunedTriggered(Shape):
    """A run that was started, as Intuned tells it."""

    jobRunId: str
    message: str

    EXAMPLE = {"jobRunId": "8", "message": "Triggered"}


class IntunedMessage(Shape):
    """What was done, in a word or two."""

    message: str

    EXAMPLE = {"message": "Terminated"}


class AtlasRun(Shape):
    """A run, as ATLAS has it."""

    id: str
    job_id: str
    """The key of its job."""
    run_number: int
    """Its id, which is not counted by job."""
    status: Literal["scheduled", "running", "succeeded", "failed", "cancelled"]
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    metadata: dict[str, Any]
    """What made it: its `trigger`."""
    created_at: dt.datetime

    EXAMPLE = {
        "id": "8",
        "job_id": "task:ping",
        "run_number": 8,
        "status": "scheduled",
        "started_at": None,
        "finished_at": None,
        "metadata": {"trigger": "api"},
        "created_at": CREATED,
    }


class AtlasJob(Shape):
    """A job, as ATLAS has it."""

    id: str
    """Its key."""
    name: str
    """What follows the type in its key."""
    description: str
    status: Literal["draft", "scheduled", "running", "succeeded", "failed", "cancelled"]
    """That of its last run, once it has one."""
    owner_id: None
    conversation_id: None
    metadata: dict[str, Any]
    """What the job's document has there, with `schedule`, `schedule_state` and `last_run` beside."""
    created_at: dt.datetime
    updated_at: dt.datetime


class DataMakerExecution(Shape):
    """A run, as DataMaker has it."""

    externalId: str
    """Its id, as text."""
    isSuccess: bool
    state: Literal["RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
    """`RUNNING` until it has ended."""
    startTime: dt.datetime
    endTime: dt.datetime | None
    cancelTime: dt.datetime | None
    numberOfRecords: int
    """How many payloads it has."""
    replay: bool
    errors: list[str]
    results: list[JSON]
    """What a run of one payload came to."""


class DataMakerLine(Shape):
    """A job in the summary: how it went last, and when it runs next."""

    externalId: str
    """Its key."""
    name: str
    description: str
    runStatus: Literal["INIT", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
    """`INIT` for a job without runs."""
    lastStart: dt.datetime | None
    nextRun: dt.datetime | None

    EXAMPLE = {
        "externalId": "task:ping",
        "name": "ping",
        "description": "Asks whether the shop answers.",
        "runStatus": "COMPLETED",
        "lastStart": STARTED,
        "nextRun": "2026-11-23T01:30:00Z",
    }


class NextRun(Shape):
    """When a job runs next by its schedules."""

    next_run_at: dt.datetime | None
    """Null when nothing is owed."""
    seconds: int | None
    """From now on; 0 for what is overdue."""

    EXAMPLE = {"next_run_at": "2026-11-23T01:30:00Z", "seconds": 135000}
