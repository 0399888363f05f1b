"""What is sent where it differs from what a document declares."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from sinks.documents import SinkDocument, SinkName
from sinks.rules import RuleDocument

JSON = Any
READ_ONLY = "Read only: left aside, so that a GET's answer can be edited and sent."
_VERSION = "The version that the writer saw: 409 when it is another."


class UnsavedSink(SinkDocument):
    """A sink that is not saved; it needs no name."""

    name: SinkName = Field(default="unsaved", description="What it would be called.")


class SinkReplacement(SinkDocument):
    """A sink's document; or a GET's answer, edited."""

    name: SinkName = Field(default="", description="May be left out; as in the address.")
    version: int | None = Field(default=None, ge=1, lt=2**31, description=_VERSION)
    created_at: JSON = Field(default=None, description=READ_ONLY)
    updated_at: JSON = Field(default=None, description=READ_ONLY)
    jobs: JSON = Field(default=None, description=READ_ONLY)
    standing: JSON = Field(default=None, description=READ_ONLY)


class RuleReplacement(RuleDocument):
    """A rule's document; or a GET's answer, edited."""

    name: SinkName = Field(default="", description="May be left out; as in the address.")
    version: int | None = Field(default=None, ge=1, lt=2**31, description=_VERSION)
    created_at: JSON = Field(default=None, description=READ_ONLY)
    updated_at: JSON = Field(default=None, description=READ_ONLY)
