"""The operations that run a job and have what comes of it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from jobs.api.described.foreign import TAG, waiting
from jobs.api.described.operation import Answer, Operation
from jobs.api.described.run_shapes import NEW_RUN, Run
from jobs.api.described.shape import Shape
from jobs.documents import TriggerRequest
from jobs.states import PayloadState

JSON = Any
WAIT_SECONDS = 30
SHOWN = 20
"""Payloads whose results are shown."""
_ASKED = {"comment": "asked for by the shop", "idempotency_key": "orders-of-monday"}
_GOES_ON = Answer(says="The run, which goes on.", shape=Run, headers=("Location",), example=NEW_RUN)
_REFUSED = {409: "The job is not active; or a recent run has the same parameters."}


class Output(Shape):
    """What a payload came to."""

    name: str
    """Of the payload."""
    state: PayloadState
    result: JSON = Field(description="What it came to; of a large one, where it is and how it begins; or null.")


class RunWithOutput(Run):
    """A run that has ended, with what its first payloads came to."""

    output: list[Output]
    """Of the first 20, by position."""

    EXAMPLE = Run.EXAMPLE | {"output": [{"name": "first", "state": "succeeded", "result": {"rows": 3}}]}


DOWNLOAD = Operation(
    id="runAndDownload",
    tag=TAG,
    summary="Run a job and download its results",
    says="As DataMaker has it: start a run, wait for its end, and have the results of all its payloads as JSON Lines. A run that"
    " the key of the body has started before is not started again.",
    parameters=(waiting(usual=WAIT_SECONDS),),
    body=TriggerRequest,
    body_required=False,
    example=_ASKED,
    answers={
        200: Answer(
            says="The file.",
            shape={"type": "string", "format": "binary"},
            example='{"position": 0, "name": "first", "state": "succeeded", "result": {"rows": 3}}\n',
            media_types=("application/x-ndjson",),
            headers=("Content-Disposition",),
        ),
        202: _GOES_ON,
    },
    problems=_REFUSED | {410: "The key has started a run whose results a cleanup has erased."},
)
SHOW = Operation(
    id="runAndShow",
    tag=TAG,
    summary="Run a job and show its results",
    says="As DataMaker has it: start a run, wait for its end, and have it with the results of its first 20 payloads. A run that"
    " the key of the body has started before is not started again.",
    parameters=(waiting(usual=WAIT_SECONDS),),
    body=TriggerRequest,
    body_required=False,
    example=_ASKED,
    answers={
        200: Answer(says="The run, which has ended.", shape=RunWithOutput, headers=("Location",)),
        202: _GOES_ON,
    },
    problems=_REFUSED,
)
