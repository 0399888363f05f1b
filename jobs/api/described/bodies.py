"""What is sent where it differs from what a document declares."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from jobs.api.described.shape import Body, named
from jobs.documents import KEY_PATTERN, MAX_PAYLOADS, JobDocument
from jobs.documents.control import Note
from jobs.documents.datasources import UnsavedPreview, UnsavedValidation
from jobs.services.bulk import MAX_IDS

JSON = Any
Unsaid = SkipJsonSchema[None]
"""Of a field that may be left out, but not be null."""
READ_ONLY = "Read only: left aside, so that a GET's answer can be edited and sent."


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
    state_change: JSON = Field(default=None, description=READ_ONLY)
    resume_at: JSON = Field(default=None, description=READ_ONLY)
    created_at: JSON = Field(default=None, description=READ_ONLY)
    updated_at: JSON = Field(default=None, description=READ_ONLY)
    last_run: JSON = Field(default=None, description=READ_ONLY)


RunId = Annotated[int, Field(ge=1, lt=2**63, strict=True)]


class RunFilter(Body):
    """Active runs that fit all that is given."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    job: str | Unsaid = None
    """The key of their job."""
    state: Literal["pending", "running", "pausing", "paused", "resuming"] | Unsaid = None
    created_before: dt.datetime | Unsaid = None
    """A time with its offset."""


class BulkTerminationRequest(Body):
    """Which runs to end: either `ids` or `filter`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["ids"]}, {"required": ["filter"]}]})

    ids: Annotated[list[RunId], Field(min_length=1, max_length=MAX_IDS)] | Unsaid = None
    """Their ids; those of another workspace are left out."""
    filter: RunFilter | Unsaid = None
    note: Note = ""


class AddedList(Body):
    """Payloads to add."""

    payload: list[named("AddedPayload")]  # type: ignore[valid-type]
    """As in a job's list, each with a `key` if it has one."""
    parent: int | None = Field(
        default=None, ge=0, lt=2**31, description="The position of the payload that they come from."
    )


class ParametersToCheck(UnsavedValidation):
    """Parameters to look at. Without `verify_access` neither the source nor the destination is touched."""

    parameters: named("DatasourceParameters")  # type: ignore[valid-type]


class ParametersToPreview(UnsavedPreview):
    """Parameters whose source is to be shown."""

    parameters: named("DatasourceParameters")  # type: ignore[valid-type]
