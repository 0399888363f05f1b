"""The operations on calls that are tried."""

from __future__ import annotations

from jobs.api.described.bodies import CallToTry
from jobs.api.described.operation import Answer, Operation
from jobs.api.described.parts import WAIT
from jobs.api.described.trial_shapes import TrialCall

TAG = "Jobs"
_WAITS = {"state": "waiting", "result": None, "ended_at": None}

TRY = Operation(
    id="tryCall",
    tag=TAG,
    summary="Try the call of an HTTP payload",
    says="Have a worker send the request of a payload that need not be saved, once, under the rules that runs are under. It is a"
    " real one, and may change something there; it may take 15 seconds. Who tried it is kept in the audit.",
    parameters=(WAIT,),
    body=CallToTry,
    example={"parameters": {"url": "https://shop.example.com/health"}},
    answers={
        202: Answer(
            says="A worker is at it, or none has begun: ask again at `Location`.",
            shape=TrialCall,
            headers=("Location",),
            example=TrialCall.EXAMPLE | _WAITS,
        ),
        200: Answer(says="It is over.", shape=TrialCall),
    },
)
GET = Operation(
    id="getTrialCall",
    tag=TAG,
    summary="Read what came back of a call that was tried",
    says="It is kept for about an hour.",
    parameters=(WAIT,),
    path={"call_id": TrialCall.EXAMPLE["id"]},
    answers={
        200: Answer(says="It is over.", shape=TrialCall),
        202: Answer(
            says="It is not over: ask again.",
            shape=TrialCall,
            headers=("Location",),
            example=TrialCall.EXAMPLE | _WAITS,
        ),
    },
)
