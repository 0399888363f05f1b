"""What is sent where it differs from what a document declares."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import AwareDatetime, ConfigDict, Field

from jobs.api.described.bodies import EXPECTED, READ_ONLY, Unsaid
from jobs.api.described.shape import Body
from jobs.api.pages import MAX_ID
from jobs.documents import Period
from sinks.documents import SinkDocument, SinkName
from sinks.rules import RuleDocument
from sinks.services.run_results import ResultFormat

JSON = Any
MAX_DELIVERIES = 1000
Id = Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]
_VERSION = "The version that the writer saw: 409 when it is another."


class UnsavedSink(SinkDocument):
    """A sink that is not saved; it needs no name."""

    name: SinkName = Field(default="unsaved", description="What it would be called.")


class SinkReplacement(SinkDocument):
    """A sink's document; or a GET's answer, edited."""

    name: SinkName = Field(default="", description="May be left out; as in the address.")
    version: int | None = Field(default=None, ge=1, lt=2**31, description=_VERSION)
    expected_updated_at: dt.datetime | None = EXPECTED
    created_at: JSON = Field(default=None, description=READ_ONLY)
    updated_at: JSON = Field(default=None, description=READ_ONLY)
    jobs: JSON = Field(default=None, description=READ_ONLY)
    standing: JSON = Field(default=None, description=READ_ONLY)
    origin: JSON = Field(default=None, description=READ_ONLY)


class RuleReplacement(RuleDocument):
    """A rule's document; or a GET's answer, edited."""

    name: SinkName = Field(default="", description="May be left out; as in the address.")
    version: int | None = Field(default=None, ge=1, lt=2**31, description=_VERSION)
    expected_updated_at: dt.datetime | None = EXPECTED
    created_at: JSON = Field(default=None, description=READ_ONLY)
    updated_at: JSON = Field(default=None, description=READ_ONLY)
    origin: JSON = Field(default=None, description=READ_ONLY)


class LinkToMake(Body):
    """A link to make."""

    format: ResultFormat = Field(default="jsonl", description="Of the file.")
    expires_in: Period = Field(default="1h", description="How long the link is good for, at most 7 days.")


class Redelivery(Body):
    """What to deliver again: exactly one of `deliveries`, `run` and `sink`."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [name]} for name in ("deliveries", "run", "sink")]}
    )

    deliveries: Annotated[list[Id], Field(min_length=1, max_length=MAX_DELIVERIES)] | Unsaid = None
    """Their ids."""
    run: Id | Unsaid = None
    """What was given up of the run of this id."""
    sink: SinkName | Unsaid = None
    """What was given up of the sink of this name; with `job`, of what that job's entry means."""
    job: str | None = None
    """A job's key."""
    since: AwareDatetime | None = None
    """With `run` or `sink`: what was given up then or later."""
