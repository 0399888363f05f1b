"""What is sent where it differs from what a document declares."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from jobs.api.described.shape import Body, named
from jobs.documents import KEY_PATTERN, MAX_PAYLOADS, JobDocument
from jobs.documents.bulk import MOST, BulkOnJobs, BulkOnRuns, ChosenJobs, ChosenRuns, JobKey
from jobs.documents.control import Note, NoteRequest
from jobs.documents.datasources import UnsavedPreview, UnsavedValidation
from jobs.documents.requests import TrialRequest
from jobs.services.bulk import MAX_IDS
from jobs.states import JobState, RunState, Trigger

JSON = Any
Unsaid = SkipJsonSchema[None]
"""Of a field that may be left out, but not be null."""
READ_ONLY = "Read only: left aside, so that a GET's answer can be edited and sent."


EXPECTED: Any = Field(
    default=None, description="The `updated_at` that the writer saw, in place of a version: 409 when it is another."
)


class WholeJob(JobDocument):
    """A whole job."""

    payload: list[named("PayloadItem")] = Field(max_length=MAX_PAYLOADS)  # type: ignore[valid-type]
    sinks: list[named("SinkEntry")] = Field(default=[])  # type: ignore[valid-type]
    schedules: list[named("ScheduleDocument")] = Field(default=[])  # type: ignore[valid-type]


class NewJob(WholeJob):
    """A job document; `state` says whether it begins as a draft."""

    state: Literal["active", "draft"] = "active"


class JobReplacement(WholeJob):
    """A job document; or a GET's answer, edited."""

    key: str = Field(
        default="",
        json_schema_extra={"pattern": KEY_PATTERN},
        description="May be left out; as in the address, for a job cannot be renamed.",
    )
    version: int | None = Field(
        default=None, ge=1, lt=2**31, description="The version that the writer saw: 409 when it is another."
    )
    state: str | Unsaid = Field(
        default=None, description="May be said, but only as it is: pausing is not a matter of the document."
    )
    expected_updated_at: dt.datetime | None = EXPECTED
    state_change: JSON = Field(default=None, description=READ_ONLY)
    resume_at: JSON = Field(default=None, description=READ_ONLY)
    created_at: JSON = Field(default=None, description=READ_ONLY)
    updated_at: JSON = Field(default=None, description=READ_ONLY)
    last_run: JSON = Field(default=None, description=READ_ONLY)
    next_run_at: JSON = Field(default=None, description=READ_ONLY)
    origin: JSON = Field(default=None, description=READ_ONLY)


RunId = Annotated[int, Field(ge=1, lt=2**63, strict=True)]


class Transition(NoteRequest):
    """Where a job is to be moved: either `target`, or `target_status` in ATLAS's words."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["target"]}, {"required": ["target_status"]}]})

    target: Literal["draft", "active", "paused", "archived"] | Unsaid = Field(
        default=None, description="The state that it is to be in."
    )
    expected_updated_at: AwareDatetime | None = EXPECTED
    target_status: Literal["draft", "scheduled", "cancelled"] | Unsaid = Field(
        default=None, description="The same, as ATLAS says it: `scheduled` is active, `cancelled` archived."
    )


_EITHER = ConfigDict(json_schema_extra={"oneOf": [{"required": ["ids"]}, {"required": ["filter"]}]})
_SAYS_SOMETHING = ConfigDict(json_schema_extra={"minProperties": 1})


class RunFilter(Body):
    """Active runs that fit all that is given."""

    model_config = _SAYS_SOMETHING

    job: str | Unsaid = None
    """The key of their job."""
    state: Literal["pending", "running", "pausing", "paused", "resuming"] | Unsaid = None
    created_before: dt.datetime | Unsaid = None
    """A time with its offset."""


class BulkTerminationRequest(Body):
    """Which runs to end: either `ids` or `filter`."""

    model_config = _EITHER

    ids: Annotated[list[RunId], Field(min_length=1, max_length=MAX_IDS)] | Unsaid = None
    """Their ids; those of another workspace are left out."""
    filter: RunFilter | Unsaid = None
    note: Note = ""


class JobFilter(ChosenJobs):
    """Jobs that fit all that is given, of which there is at least one."""

    model_config = _SAYS_SOMETHING

    type: str | Unsaid = Field(default=None, description="What stands before the colon of their keys.")
    state: JobState | Unsaid = Field(default=None, description="Their state.")
    tag: str | Unsaid = Field(default=None, description="One of their tags.")
    group: str | Unsaid = Field(default=None, description="The name of their concurrency group.")
    search: str | Unsaid = Field(default=None, description="A part of their name, key, description or tags.")


class ChosenRunsFilter(ChosenRuns):
    """Runs that fit all that is given, of which there is at least one."""

    model_config = _SAYS_SOMETHING

    job: str | Unsaid = Field(default=None, description="The key of their job.")
    state: RunState | Unsaid = Field(default=None, description="Their state.")
    trigger: Trigger | Unsaid = Field(default=None, description="What made them.")
    since: AwareDatetime | Unsaid = Field(default=None, description="Created at this instant or later.")
    until: AwareDatetime | Unsaid = Field(default=None, description="Created before this instant.")


class JobsToActUpon(BulkOnJobs):
    """What to do with which jobs: either `keys` or `filter`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["keys"]}, {"required": ["filter"]}]})

    keys: Annotated[list[JobKey], Field(min_length=1, max_length=MOST)] | Unsaid = Field(
        default=None, description="Their keys."
    )
    filter: JobFilter | Unsaid = None
    parameters: dict[str, Any] = Field(default={}, description="Of the runs that are triggered.")


class RunsToActUpon(BulkOnRuns):
    """What to do with which runs: either `ids` or `filter`. `which`, `definition` and `parameters` are for reruns."""

    model_config = _EITHER

    ids: Annotated[list[RunId], Field(min_length=1, max_length=MOST)] | Unsaid = Field(
        default=None, description="Their ids; those of another workspace are left out."
    )
    filter: ChosenRunsFilter | Unsaid = None
    which: Literal["all", "failed"] = Field(default="all", description="All payloads, or those that did not succeed.")
    definition: Literal["present", "snapshot"] = Field(
        default="present", description="The job as it is now, or as it was when the run began."
    )
    parameters: dict[str, Any] | None = Field(default=None, description="For the templates; null for those of the run.")


class AddedList(Body):
    """Payloads to add."""

    payload: list[named("AddedPayload")]  # type: ignore[valid-type]
    """As in a job's list, each with a `key` if it has one."""
    parent: int | None = Field(
        default=None, ge=0, lt=2**31, description="The position of the payload that they come from."
    )


class CallToTry(TrialRequest):
    """A call to try, as a payload of kind `http` says it. Without `batch`: one call."""

    parameters: named("HttpParameters")  # type: ignore[valid-type]


class ParametersToCheck(UnsavedValidation):
    """Parameters to look at. Without `verify_access` neither the source nor the destination is touched."""

    parameters: named("DatasourceParameters")  # type: ignore[valid-type]


class ParametersToPreview(UnsavedPreview):
    """Parameters whose source is to be shown."""

    parameters: named("DatasourceParameters")  # type: ignore[valid-type]
