"""The operations that hold, continue, end and repeat runs."""

from __future__ import annotations

from typing import Any

from jobs.api.described.operation import Answer, Operation
from jobs.api.described.parts import IF_MATCH_JOB, JOB_CHANGED
from jobs.api.described.run_shapes import NEW_RUN, ChangedRun, RunSummary
from jobs.api.described.starting import started
from jobs.documents import ReplayRequest, RerunRequest
from jobs.documents.control import NoteRequest

JSON = Any
TAG = "Runs"
_NOTE = {"note": "the supplier is down"}
_HELD: dict[str, JSON] = RunSummary.EXAMPLE | {
    "id": 6,
    "state": "pausing",
    "ended_at": None,
    "counts": {"total": 2, "queued": 1, "running": 1, "succeeded": 0, "failed": 0, "cancelled": 0},
    "changed": True,
}
_PAUSED = {"actor": "ann", "at": "2026-11-21T12:00:00.5+00:00", "note": "the supplier is down", "by_job": False}
_STOPPED = {"reason": "terminated", "actor": "ann", "at": "2026-11-21T12:00:00.5+00:00", "note": "the supplier is down"}


def _changing(example: JSON) -> dict[int, Answer]:
    return {
        202: Answer(says="The run. It is so from now on, and may not be over yet.", shape=ChangedRun, example=example),
        200: Answer(
            says="The run, which stood so already: nothing was changed.",
            shape=ChangedRun,
            example=example | {"changed": False},
        ),
    }


PAUSE = Operation(
    id="pauseRun",
    tag=TAG,
    summary="Pause a run",
    says="Let nothing more of the run start; what is at work may finish.",
    parameters=(IF_MATCH_JOB,),
    body=NoteRequest,
    body_required=False,
    example=_NOTE,
    answers=_changing(_HELD | {"pause": _PAUSED}),
    path={"run_id": 6},
    problems={409: "It has ended, or is being ended."} | JOB_CHANGED,
)
RESUME = Operation(
    id="resumeRun",
    tag=TAG,
    summary="Resume a run",
    parameters=(IF_MATCH_JOB,),
    body=NoteRequest,
    body_required=False,
    example=_NOTE,
    answers=_changing(_HELD | {"id": 5, "state": "resuming"}),
    path={"run_id": 5},
    problems={409: "It has ended, is being ended, or its whole job is paused."} | JOB_CHANGED,
)
TERMINATE = Operation(
    id="terminateRun",
    tag=TAG,
    summary="Terminate a run",
    says="End the run early: what is queued is cancelled, and what is at work is told to stop. One that has ended stays as it is.",
    parameters=(IF_MATCH_JOB,),
    body=NoteRequest,
    body_required=False,
    example=_NOTE,
    answers=_changing(_HELD | {"state": "cancelling", "stop": _STOPPED}),
    path={"run_id": 6},
    problems=JOB_CHANGED,
)
PIN = Operation(
    id="pinRun",
    tag=TAG,
    summary="Keep a run",
    says="Keep the run from being cleaned up, however old it grows.",
    body=NoteRequest,
    body_required=False,
    example={"note": "for the auditors"},
    answers={
        200: Answer(
            says="The run.",
            shape=ChangedRun,
            example=RunSummary.EXAMPLE
            | {"pin": {"actor": "ann", "at": "2026-11-21T12:00:02Z", "note": "for the auditors"}, "changed": True},
        )
    },
)
UNPIN = Operation(
    id="unpinRun",
    tag=TAG,
    summary="Let a run grow old again",
    answers={200: Answer(says="The run.", shape=ChangedRun, example=RunSummary.EXAMPLE | {"changed": False})},
)
_REPEATED: dict[str, JSON] = NEW_RUN | {"origin": 7, "comment": "the shop is back"}
RERUN = Operation(
    id="rerunRun",
    tag=TAG,
    summary="Run a finished run again",
    says="Execute a finished run again, as a new one: all of its payloads or those that failed, as the job is now or as it was"
    " then.",
    parameters=(IF_MATCH_JOB,),
    body=RerunRequest,
    body_required=False,
    example={"which": "all", "definition": "present", "comment": "the shop is back"},
    answers=started(_REPEATED | {"trigger": "rerun"}),
    problems={409: "It has not ended, its job is not active, or somebody else changed the job."} | JOB_CHANGED,
)
REPLAY = Operation(
    id="replayRun",
    tag=TAG,
    summary="Deliver a finished run's results again",
    says="Deliver a finished run's stored results again, as a new run. Nothing is executed.",
    parameters=(IF_MATCH_JOB,),
    body=ReplayRequest,
    body_required=False,
    example={"comment": "the shop is back"},
    answers=started(_REPEATED | {"trigger": "replay"}),
    problems={409: "It has not ended, its results are not kept, or somebody else changed the job."} | JOB_CHANGED,
)
