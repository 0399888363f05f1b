"""The shapes of bulk actions."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from jobs.api.described.shape import Shape
from jobs.api.described.shapes import CREATED, ENDED


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
