"""The operations on sinks."""

from __future__ import annotations

from typing import Any

from jobs.api.described.operation import Answer, Operation, pages
from jobs.api.described.parts import WAIT, if_match
from jobs.api.described.shape import page_of
from sinks.api.described.shapes import ChangedJobSink, ChangedSink, JobSink, ListedSink, Prefilled, Sink, SinkCheck

JSON = Any
TAG = "Sinks"
IF_MATCH = if_match("the sink")
CHANGED = {412: "`If-Match` names another version of the sink."}
_SINK = Answer(says="The sink, and how it stands with it.", shape=Sink, headers=("ETag",))
_ASKED: dict[str, JSON] = SinkCheck.EXAMPLE | {"state": "waiting", "result": None, "ended_at": None}


def _answers(example: JSON) -> dict[int, Answer]:
    return {
        202: Answer(
            says="A worker is at it, or none has begun: ask again at `Location`.",
            shape=SinkCheck,
            headers=("Location",),
            example=example,
        ),
        200: Answer(says="It is over.", shape=SinkCheck),
    }


LIST = Operation(
    id="listSinks",
    tag=TAG,
    summary="List named sinks",
    answers={200: Answer(says="The workspace's named sinks by name.", shape=page_of(ListedSink))},
)
CREATE = Operation(
    id="createSink",
    tag=TAG,
    summary="Create a named sink",
    says="A destination that jobs of the workspace name in their `sinks`.",
    body="SinkDocument",
    example={"name": "diary", "kind": "log", "configuration": {"prefix": "RESULT "}},
    answers={
        201: Answer(
            says="The sink.",
            shape=Sink,
            headers=("ETag", "Location"),
            example=Sink.EXAMPLE | {"name": "diary", "jobs": []},
        )
    },
    problems={409: "There is a sink of this name."},
)
GET = Operation(id="getSink", tag=TAG, summary="Read a named sink", answers={200: _SINK})
REPLACE = Operation(
    id="replaceSink",
    tag=TAG,
    summary="Replace a named sink",
    says="Replace the whole document. The body may be the answer to a GET, edited. What waits to be delivered is delivered as"
    " it says from now on.",
    parameters=(IF_MATCH,),
    body="SinkReplacement",
    example={"kind": "log", "configuration": {"prefix": "RESULT "}},
    answers={200: _SINK},
    problems={409: "The sink has another version than the body names."} | CHANGED,
)
DELETE = Operation(
    id="deleteSink",
    tag=TAG,
    summary="Delete a named sink",
    says="Delete a sink that nothing uses; what uses it is named in the 409.",
    parameters=(IF_MATCH,),
    answers={204: Answer(says="It is gone.")},
    path={"name": "attic"},
    problems={409: "Jobs or rules use it."} | CHANGED,
)
PREFILL = Operation(
    id="prefillSink",
    tag=TAG,
    summary="Copy a named sink into an entry for a job",
    answers={200: Answer(says="The entry, which does not follow the sink's changes.", shape=Prefilled)},
)
ENABLE = Operation(
    id="enableSink",
    tag=TAG,
    summary="Enable a named sink",
    says="Deliver again to a sink that is disabled or rests.",
    answers={
        200: Answer(says="The sink.", shape=ChangedSink, headers=("ETag",), example=Sink.EXAMPLE | {"changed": False})
    },
)
CHECK = Operation(
    id="checkSink",
    tag=TAG,
    summary="Check a named sink",
    says="Have a worker find out whether the sink can be reached; nothing is delivered.",
    parameters=(WAIT,),
    answers=_answers(_ASKED),
)
CHECK_UNSAVED = Operation(
    id="checkUnsavedSink",
    tag=TAG,
    summary="Check a sink that is not saved",
    says="Have a worker find out whether a sink could be reached; nothing is saved or delivered.",
    parameters=(WAIT,),
    body="UnsavedSink",
    example={"kind": "log", "configuration": {}},
    answers=_answers(_ASKED | {"sink": "unsaved"}),
)
GET_CHECK = Operation(
    id="getSinkCheck",
    tag=TAG,
    summary="Read what a check has found",
    says="What was asked, and the answer once there is one. It is kept for about an hour.",
    parameters=(WAIT,),
    answers={
        200: Answer(says="It is over.", shape=SinkCheck),
        202: Answer(says="It is not over: ask again.", shape=SinkCheck, headers=("Location",), example=_ASKED),
    },
    path={"check_id": 5},
)
LIST_OF_JOB = Operation(
    id="listSinksOfJob",
    tag=TAG,
    summary="List the sinks of a job",
    parameters=pages("There is one page only: nothing"),
    answers={200: Answer(says="The entries of its `sinks` by name.", shape=page_of(JobSink))},
)
ENABLE_OF_JOB = Operation(
    id="enableSinkOfJob",
    tag=TAG,
    summary="Enable a sink of a job",
    says="Deliver again to a job's sink that is disabled or rests.",
    answers={200: Answer(says="The sink.", shape=ChangedJobSink, example=JobSink.EXAMPLE | {"changed": False})},
)
CHECK_OF_JOB = Operation(
    id="checkSinkOfJob",
    tag=TAG,
    summary="Check a sink of a job",
    says="Have a worker find out whether a job's sink can be reached; nothing is delivered.",
    parameters=(WAIT,),
    answers=_answers(_ASKED),
)
