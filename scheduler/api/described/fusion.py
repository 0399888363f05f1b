"""The operations on a job's schedule in Fusion's shape."""

# ruff: noqa: N815 - the fields have Fusion's names

from __future__ import annotations

from typing import Literal

from pydantic import Field

from jobs.api.described.bodies import Unsaid
from jobs.api.described.foreign import TAG
from jobs.api.described.operation import Answer, Operation
from jobs.api.described.parts import IF_MATCH_JOB, JOB_CHANGED
from jobs.api.described.shape import Shape
from scheduler.api.fusion_documents import FusionSchedule

_CRON = {"type": "cron", "enabled": True, "expression": "0 30 2 ? * MON-FRI"}


class FusionTriggerAnswer(Shape):
    """A trigger. Which fields it has follows from its type."""

    type: Literal["interval", "cron", "job"]
    enabled: bool
    startTime: str | Unsaid = Field(default=None, description="From where an interval is counted.")
    endTime: str | Unsaid = Field(default=None, description="The last moment of an interval.")
    interval: int | Unsaid = Field(default=None, description="How many units it has.")
    repeatUnit: Literal["minute", "hour", "day"] | Unsaid = Field(default=None, description="Of an interval.")
    expression: str | Unsaid = Field(default=None, description="Of a cron trigger.")
    jobID: str | Unsaid = Field(default=None, description="After which job, by its key.")
    runOnSuccess: bool | Unsaid = Field(default=None, description="Whether after a run of it that succeeded.")
    runOnFailure: bool | Unsaid = Field(default=None, description="Whether after one that failed.")
    runOnAbort: bool | Unsaid = Field(default=None, description="Whether after one that was cancelled.")


class FusionScheduleAnswer(Shape):
    """A job's schedule, as Fusion has it."""

    resource: str
    """The key of the job."""
    enabled: bool
    default: Literal[False]
    """Nothing came with the product."""
    triggers: list[FusionTriggerAnswer]
    otherTriggers: list[str]
    """The types of its triggers that Fusion has no type for."""

    EXAMPLE = {"resource": "task:ping", "enabled": True, "default": False, "triggers": [_CRON], "otherTriggers": []}


_SCHEDULE = Answer(says="The schedule.", shape=FusionScheduleAnswer)
GET = Operation(
    id="getScheduleOfJob",
    tag=TAG,
    summary="Read the schedule of a job",
    says="As Fusion has it: the job's schedule named `default`, or its only one. 404 when there is none, or several others.",
    answers={200: _SCHEDULE},
)
REPLACE = Operation(
    id="replaceScheduleOfJob",
    tag=TAG,
    summary="Replace the schedule of a job",
    says="As Fusion has it: replace the triggers of the job's schedule, or give it one named `default`. What Fusion has no word"
    " for, such as the time zone, stays.",
    parameters=(IF_MATCH_JOB,),
    body=FusionSchedule,
    example={"enabled": True, "triggers": [_CRON]},
    answers={200: _SCHEDULE},
    problems={409: "The job is kept in a file, or somebody else changed it meanwhile."} | JOB_CHANGED,
)
