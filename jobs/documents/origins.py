"""What may be said of objects that are kept in files."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from jobs.documents.basis import Strict, validated
from jobs.documents.control import Note


class ReleaseRequest(Strict):
    """Which object is to be edited everywhere again.

    Args:
        kind: `job`, `schedule`, `sink`, `concurrency_group` or `notice_rule`.
        name: A job's is its key, a schedule's is `JOB/NAME`.
        note: Why.
    """

    kind: Annotated[str, Field(max_length=40)]
    name: Annotated[str, Field(max_length=300)]
    note: Note = ""


def parse_release(data: object) -> ReleaseRequest:
    """Validate which object is to be released. Raises ValidationError."""
    return validated(ReleaseRequest, data, "expected an object with kind and name")
