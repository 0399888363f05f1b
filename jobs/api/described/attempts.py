"""The operations on attempts."""

from __future__ import annotations

from jobs.api.described.operation import Answer, Operation, instant, ordered, pages, text, whole, word
from jobs.api.described.payload_shapes import RunAttempt
from jobs.api.described.shape import page_of
from jobs.api.pages import MAX_POSITION
from jobs.states import AttemptState

TAG = "Runs"
_NOTE = "An attempt that succeeded is no entry: the payload itself tells of it."
_FILTERS = (
    whole("position", "Only attempts at this payload.", most=MAX_POSITION),
    word("state", "Only attempts that ended so.", AttemptState),
    text("worker", "Only attempts of the worker of this name."),
    instant("since", "Only attempts that ended at this instant or later."),
    instant("until", "Only attempts that ended before this instant."),
    ordered("position"),
    *pages("Position and number", type="string"),
)
_PAGE = {200: Answer(says="The attempts by payload and number.", shape=page_of(RunAttempt))}

LIST = Operation(
    id="listAttempts",
    tag=TAG,
    summary="List failed attempts",
    says=f"The failed, lost and cancelled attempts of a run. {_NOTE}",
    parameters=(whole("run", "The run. Needed.", least=1, example=7), *_FILTERS),
    answers=_PAGE,
)
LIST_OF_RUN = Operation(
    id="listAttemptsOfRun",
    tag=TAG,
    summary="List the failed attempts of a run",
    says=f"The failed, lost and cancelled attempts of the run. {_NOTE}",
    parameters=_FILTERS,
    answers=_PAGE,
)
GET = Operation(
    id="getAttempt",
    tag=TAG,
    summary="Read a failed attempt",
    path={"attempt_id": RunAttempt.EXAMPLE["id"]},
    answers={200: Answer(says="The attempt.", shape=RunAttempt)},
)
