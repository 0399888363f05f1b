"""The operations on backfills."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from jobs.api.described.operation import Answer, Operation, ordered, pages, word
from jobs.api.described.shape import NAMED, page_of
from scheduler.api.described.shapes import Backfill, ChangedBackfill, Plan
from scheduler.requests import BackfillRequest, CancellationRequest
from scheduler.states import BackfillState

TAG = "Backfills"
_MOMENT = "an instant, a wall time of the schedule's zone, or a date."


class NewBackfill(BackfillRequest):
    """Which fire times of the past are to be run, and how many at once."""

    start: str = Field(description=f"The first moment of the range: {_MOMENT}")
    end: str = Field(description=f"The last moment of the range: {_MOMENT}")
    which: Literal["missing", "missing_and_failed", "all"] = Field(
        default="missing", description="`missing`: those for which no run was started."
    )
    limit: int = Field(default=1, ge=1, description="How many of its runs may be active at once.")
    dry_run: bool = Field(default=False, description="Whether only to tell what would be run.")


_PAGES = (word("state", "Only backfills in this state.", BackfillState), ordered("-id"), *pages("The id"))

LIST = Operation(
    id="listBackfills",
    tag=TAG,
    summary="List backfills",
    parameters=_PAGES,
    answers={200: Answer(says="The workspace's backfills, the newest first.", shape=page_of(Backfill))},
)
LIST_OF_SCHEDULE = Operation(
    id="listBackfillsOfSchedule",
    tag=TAG,
    summary="List the backfills of a schedule",
    parameters=_PAGES,
    answers={200: Answer(says="The schedule's backfills, the newest first.", shape=page_of(Backfill))},
)
CREATE = Operation(
    id="createBackfill",
    tag=TAG,
    summary="Run fire times of the past",
    says="Begin to run fire times of the past, a few at a time; the schedule itself is not disturbed. With `dry_run` nothing"
    " is begun.",
    body=NewBackfill,
    example={
        "start": "2026-11-16",
        "end": "2026-11-17",
        "which": "missing",
        "limit": 2,
        "note": "the supplier sent it again",
    },
    answers={
        202: Answer(says="The backfill, which goes on in the background.", shape=Backfill, headers=("Location",)),
        200: Answer(
            says="Of a dry run: what it would run.",
            shape={NAMED: Plan},
            example={
                "start": "2026-11-15T23:00:00Z",
                "end": "2026-11-17T22:59:59.999999Z",
                "which": "missing",
                "total": 1,
                "excluded": 0,
                "undecided": 0,
                "times": [{"fire_at": "2026-11-16T01:30:00Z", "runs": True, "stands": "no run"}],
            },
        ),
    },
    problems={409: "There is nothing to run."},
)
GET = Operation(
    id="getBackfill",
    tag=TAG,
    summary="Read a backfill",
    answers={200: Answer(says="The backfill, and how far it has come.", shape=Backfill)},
    path={"backfill_id": 4},
)
CANCEL = Operation(
    id="cancelBackfill",
    tag=TAG,
    summary="Cancel a backfill",
    says="Start nothing more of it, and with `terminate` end its runs.",
    body=CancellationRequest,
    body_required=False,
    example={"note": "not needed", "terminate": True},
    answers={200: Answer(says="The backfill.", shape=ChangedBackfill)},
    path={"backfill_id": 4},
)
