"""The operations at addresses that other systems have, and what `shape` makes of their answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.api.awaiting import LONGEST_SECONDS
from jobs.api.described.foreign_shapes import (
    AtlasJob,
    AtlasRun,
    DataMakerExecution,
    DataMakerLine,
    FusionAction,
    FusionHistoryEntry,
    IntunedJobRun,
    IntunedJobRunDetail,
    IntunedJobRuns,
    IntunedMessage,
    IntunedTriggered,
    NextRun,
)
from jobs.api.described.job_shapes import Job
from jobs.api.described.operation import Answer, Operation, Parameter, whole, word
from jobs.api.described.parts import IF_MATCH_JOB, JOB_CHANGED
from jobs.api.described.run_shapes import NEW_RUN, Run
from jobs.api.described.shape import NAMED, Shape, page_of
from jobs.api.foreign import MOST_RUNS
from jobs.documents import RerunRequest
from jobs.documents.control import GuardedNote, NoteRequest
from jobs.documents.foreign import ActionRequest
from jobs.documents.requests import GuardedTrigger

JSON = Any
TAG = "Other systems"
_COMMENT = "asked for by the shop"
_NOTE = {"note": "the supplier is down"}
_STARTED: dict[str, type[Shape]] = {"intuned": IntunedTriggered, "atlas": AtlasRun, "datamaker": DataMakerExecution}
_READ: dict[str, type[Shape]] = {
    "fusion": FusionHistoryEntry,
    "intuned": IntunedJobRun,
    "atlas": AtlasRun,
    "datamaker": DataMakerExecution,
}
_HELD: dict[str, type[Shape]] = {"intuned": IntunedMessage, "atlas": AtlasJob}


def in_shape(shapes: Mapping[str, type[Shape]]) -> Parameter:
    """The parameter ``shape`` of an operation that has these."""
    return word("shape", "Answer in the shape of this system.", list(shapes))


def any_of(*shapes: type[Shape]) -> dict[str, JSON]:
    """The schema of an answer that has one of these shapes."""
    return {"anyOf": [{NAMED: shape} for shape in shapes]}


def waiting(*, usual: int = 0) -> Parameter:
    """The parameter ``wait`` of what starts a run."""
    return whole("wait", "How many seconds to wait for the end of the run.", most=LONGEST_SECONDS, default=usual)


def _newest(*, usual: int) -> Parameter:
    return whole("limit", "How many at most.", least=1, most=MOST_RUNS, default=usual)


_RUN = any_of(Run, *_STARTED.values())
_OVER = Answer(
    says="The run, which has ended; or the one that the key of the body started before.",
    shape=_RUN,
    headers=("Location",),
    example=Run.EXAMPLE,
)


def _running(*, id: str, summary: str, says: str, system: str) -> Operation:
    return Operation(
        id=id,
        tag=TAG,
        summary=summary,
        says=f"{says} As {system} has it; otherwise as `trigger/`.",
        parameters=(IF_MATCH_JOB, waiting(), in_shape(_STARTED)),
        body=GuardedTrigger,
        body_required=False,
        example={"comment": _COMMENT},
        answers={
            202: Answer(says="The new run, which goes on.", shape=_RUN, headers=("Location",), example=NEW_RUN),
            200: _OVER,
        },
        problems={409: "The job is not active, or a recent run has the same parameters."} | JOB_CHANGED,
    )


ACT = Operation(
    id="actOnJob",
    tag=TAG,
    summary="Start or abort a job",
    says="As Fusion has it: `start` starts a run of a job that has none under way, `abort` ends those that are.",
    parameters=(IF_MATCH_JOB,),
    body=ActionRequest,
    example={"action": "start", "comment": _COMMENT},
    answers={200: Answer(says="Whether that was to be done.", shape=FusionAction)},
    path={"key": "task:old"},
    problems={409: "The job is not active."} | JOB_CHANGED,
)
HISTORY = Operation(
    id="getJobHistory",
    tag=TAG,
    summary="Read the history of a job",
    says="As Fusion has it: the newest runs of the job.",
    parameters=(_newest(usual=100),),
    answers={
        200: Answer(
            says="A list, the newest first.",
            shape={"type": "array", "items": {NAMED: FusionHistoryEntry}},
            example=[FusionHistoryEntry.EXAMPLE],
        )
    },
)
RUNS = Operation(
    id="listRunsOfJob",
    tag=TAG,
    summary="List the runs of a job",
    says="As Intuned has it: a page of the job's runs. With `shape` a page of those.",
    parameters=(_newest(usual=100), whole("after", "The id of the last run of the page before."), in_shape(_READ)),
    answers={
        200: Answer(
            says="The runs, the newest first.",
            shape=any_of(IntunedJobRuns, *map(page_of, _READ.values())),
            example=IntunedJobRuns.EXAMPLE,
        )
    },
)
RUN = Operation(
    id="getRunOfJob",
    tag=TAG,
    summary="Read a run of a job",
    says="As Intuned has it: the run, and where its results are once it has ended.",
    answers={200: Answer(says="The run.", shape=IntunedJobRunDetail)},
)
TERMINATE_RUN = Operation(
    id="terminateRunOfJob",
    tag=TAG,
    summary="Terminate a run of a job",
    says="As Intuned has it: end the run early; one that has ended stays as it is.",
    body=NoteRequest,
    body_required=False,
    example=_NOTE,
    answers={200: Answer(says="What was done.", shape=IntunedMessage)},
    path={"run_id": 6},
)
RUN_NOW = _running(
    id="runJobNow", summary="Run a job now", says="Start a run; its schedules are not disturbed.", system="ATLAS"
)
SCHEDULE_RUN_NOW = _running(
    id="runScheduleOfJobNow",
    summary="Run a job now, as if by its schedule",
    says="Start a run; its schedules are not disturbed.",
    system="ATLAS",
)
RUN_JOB = _running(
    id="runJob", summary="Run a job and wait for it", says="Start a run, and wait for its end.", system="DataMaker"
)
RERUN = Operation(
    id="rerunJob",
    tag=TAG,
    summary="Run the newest run of a job again",
    says="As ATLAS has it: execute the job's newest run again, as a new one.",
    parameters=(IF_MATCH_JOB, waiting(), in_shape(_STARTED)),
    body=RerunRequest,
    body_required=False,
    example={"which": "all", "definition": "present", "comment": "the shop is back"},
    answers={
        202: Answer(
            says="The new run, which goes on.",
            shape=_RUN,
            headers=("Location",),
            example=NEW_RUN | {"trigger": "rerun", "origin": 7, "comment": "the shop is back"},
        ),
        200: Answer(says="The new run, which has ended.", shape=_RUN, headers=("Location",), example=Run.EXAMPLE),
    },
    problems={409: "It has no run, the newest has not ended, it is not active, or somebody else changed it."}
    | JOB_CHANGED,
)


def _holding(*, id: str, summary: str, says: str) -> Operation:
    return Operation(
        id=id,
        tag=TAG,
        summary=summary,
        says=f"As ATLAS has it: {says}",
        parameters=(IF_MATCH_JOB, in_shape(_HELD)),
        body=GuardedNote,
        body_required=False,
        example=_NOTE,
        answers={
            200: Answer(says="The job.", shape=any_of(Job, *_HELD.values()), headers=("ETag",), example=Job.EXAMPLE)
        },
        problems={409: "The job is a draft or archived."} | JOB_CHANGED,
    )


PAUSE = _holding(
    id="pauseScheduleOfJob",
    summary="Pause the schedule of a job",
    says="hold the job with its runs and all of its schedules.",
)
RESUME = _holding(
    id="resumeScheduleOfJob",
    summary="Resume the schedule of a job",
    says="let the job go on, with its runs and all of its schedules.",
)
NEXT_RUN = Operation(
    id="getNextRunOfJob",
    tag=TAG,
    summary="Tell when a job runs next",
    says="As DataMaker has it: when the job runs next by its schedules, and in how many seconds.",
    answers={200: Answer(says="Both null when nothing is owed.", shape=NextRun)},
)
SUMMARY = Operation(
    id="summarizeJobs",
    tag=TAG,
    summary="Tell how all jobs went last",
    says="As DataMaker has it: each job's last status, last start and next run.",
    parameters=(_newest(usual=MOST_RUNS),),
    answers={
        200: Answer(
            says="A list by key.",
            shape={"type": "array", "items": {NAMED: DataMakerLine}},
            example=[DataMakerLine.EXAMPLE],
        )
    },
)
