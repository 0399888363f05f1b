"""The operations on the audit."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field

from jobs.api.described.operation import Answer, Operation, instant, ordered, pages, text, word
from jobs.api.described.shape import Shape, page_of
from jobs.api.described.shapes import CREATED

JSON = Any
TAG = "Audit"


class AuditEntry(Shape):
    """What somebody did."""

    id: int
    at: dt.datetime
    actor: str
    """Who."""
    via: str
    """Through what: `api`, `admin`, `ui` or a command; empty where that is not known."""
    token: str
    """The name of the token that they called with, if they did."""
    action: str
    """Such as `job.updated`."""
    target: str
    """What it was done to, such as a job's key."""
    run: int | None
    """The run that it was done to."""
    before: JSON = Field(
        description="What was different before, by field; null where there was nothing. Secrets are masked."
    )
    after: JSON = Field(description="The same fields afterwards; null where nothing is left.")
    data: JSON = Field(description="What the event log says of it; or null.")

    EXAMPLE = {
        "id": 41,
        "at": CREATED,
        "actor": "ann",
        "via": "api",
        "token": "laptop",
        "action": "job.updated",
        "target": "task:ping",
        "run": None,
        "before": {"description": "Asks the shop."},
        "after": {"description": "Asks whether the shop answers."},
        "data": None,
    }


_WANTED = (
    text("actor", "Only what this user did."),
    text("action", "Only this action, such as `job.updated`; or all of one subject, such as `job.`.", example="job."),
    text("target", "Only what was done to this, such as a job's key."),
    text("token", "Only what was done with a token of this name."),
    instant("since", "Only what was done from this instant on."),
    instant("until", "Only what was done before this instant."),
)

LIST = Operation(
    id="listAuditEntries",
    tag=TAG,
    summary="List who changed what",
    says="What people and tokens did in the workspace. No entry is ever changed or deleted.",
    parameters=(*_WANTED, ordered("-id"), *pages("The id")),
    answers={200: Answer(says="The entries, the newest first.", shape=page_of(AuditEntry))},
)
EXPORT = Operation(
    id="exportAudit",
    tag=TAG,
    summary="Download who changed what",
    says="All entries as a file: JSON Lines, or CSV.",
    parameters=(*_WANTED, word("format", "Of the file.", ("jsonl", "csv"), default="jsonl")),
    answers={
        200: Answer(
            says="The file.",
            shape={"type": "string", "format": "binary"},
            example='{"id": 41, "actor": "ann", "action": "job.updated", "target": "task:ping"}\n',
            media_types=("application/x-ndjson", "text/csv"),
            headers=("Content-Disposition",),
        )
    },
)
