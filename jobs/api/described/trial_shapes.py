"""The shape of a call that was tried."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from jobs.api.described.shape import Shape
from jobs.api.described.shapes import CREATED, ENDED, JSON


class TrialCall(Shape):
    """A call that was tried, and what came back."""

    id: int
    state: Literal["waiting", "running", "done", "failed", "expired"]
    """`failed`: there was no answer, or it was refused; `expired`: no worker took it, or its worker was lost."""
    result: JSON = Field(
        description="The answer as a payload's result has it, its body as text of 1,024 characters at most."
    )
    error: JSON = Field(description="Why it failed: `message` and `code`.")
    actor: str
    created_at: dt.datetime
    ended_at: dt.datetime | None

    EXAMPLE = {
        "id": 13,
        "state": "done",
        "result": {"status": 200, "headers": {}, "body": "ok", "body_cut": False},
        "error": None,
        "actor": "ann",
        "created_at": CREATED,
        "ended_at": ENDED,
    }
