"""The operations on many jobs or runs at once."""

from __future__ import annotations

from typing import Any

from jobs.api.described.bodies import BulkTerminationRequest, JobsToActUpon, RunsToActUpon
from jobs.api.described.bulk_shapes import BulkAction, BulkActionSummary
from jobs.api.described.operation import Answer, Operation, ordered, pages, text
from jobs.api.described.shape import page_of

JSON = Any
_ACTION: dict[str, JSON] = BulkAction.EXAMPLE | {"id": 4, "note": "the supplier is down"}


def _begun(example: JSON) -> dict[int, Answer]:
    return {
        202: Answer(
            says="The action, with what is done already.", shape=BulkAction, headers=("Location",), example=example
        )
    }


TERMINATE_RUNS = Operation(
    id="terminateRuns",
    tag="Runs",
    summary="Terminate many runs",
    says="Begin to terminate the runs of a list of ids or of a filter. The first 200 are dealt with in the call, the rest in the"
    " background: `Location` is where to look. Runs that begin after the call are not touched.",
    body=BulkTerminationRequest,
    example={"filter": {"job": "task:ping"}, "note": "wrong data"},
    answers=_begun(BulkAction.EXAMPLE),
)
ON_JOBS = Operation(
    id="actOnJobs",
    tag="Jobs",
    summary="Pause, resume, trigger, terminate or delete many jobs",
    says="Begin to act upon the jobs of a list of keys or of a filter, at most 10,000. `terminate` ends their runs that go on, as"
    " an action of its own for each job; `delete` takes the role editor and the scope `write` besides, and leaves a job alone whose"
    " runs go on. The first 50 are dealt with in the call,"
    " the rest in the background: `Location` is where to look. One that refuses is told in `problems`, and the others go on.",
    body=JobsToActUpon,
    example={"action": "pause", "filter": {"tag": "shop"}, "note": "the supplier is down"},
    answers=_begun(_ACTION | {"action": "pause-jobs", "selection": {"filter": {"tag": "shop"}}}),
)
ON_RUNS = Operation(
    id="actOnRuns",
    tag="Runs",
    summary="Pause, resume or rerun many runs",
    says="Begin to act upon the runs of a list of ids or of a filter, at most 10,000. The first 50 are dealt with in the call, the"
    " rest in the background: `Location` is where to look. One that refuses is told in `problems`, and the others go on.",
    body=RunsToActUpon,
    example={"action": "rerun", "ids": [7], "which": "all", "note": "the supplier is back"},
    answers=_begun(
        _ACTION
        | {
            "action": "rerun-runs",
            "selection": {"ids": [7]},
            "note": "the supplier is back",
        }
    ),
)
LIST = Operation(
    id="listBulkActions",
    tag="Runs",
    summary="List the actions on many jobs or runs",
    says="Each without what was asked for and what refused, which may be long: read the action itself.",
    parameters=(
        text("open", "`true` for those that go on, `false` for those that are over.", enum=["true", "false"]),
        text("action", "Only those that do this, such as `pause-jobs`."),
        text("actor", "Only those that this one asked for."),
        ordered("-id"),
        *pages("The id"),
    ),
    answers={200: Answer(says="The actions, the newest first.", shape=page_of(BulkActionSummary))},
)
GET = Operation(
    id="getBulkAction",
    tag="Runs",
    summary="Read an action on many jobs or runs",
    answers={200: Answer(says="The action with its progress.", shape=BulkAction)},
    path={"action_id": 3},
)
