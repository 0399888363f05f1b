"""A schedule as Fusion's clients write it."""

# ruff: noqa: N815 - the fields have Fusion's names

from __future__ import annotations

from typing import Literal

from pydantic import Field

from jobs.documents.basis import Strict


class FusionTrigger(Strict):
    """A trigger of any of the three types; which fields it must have follows from its type.

    Args:
        type: `interval`, `cron`, or `job`: after another job has ended.
        enabled: Whether it fires.
        startTime: From where an interval is counted, which it must say.
        endTime: The last moment of an interval.
        interval: How many units it has, which it must say.
        repeatUnit: Of an interval, which it must say.
        expression: Of a cron trigger, which it must have.
        value: The same by another name.
        jobID: The key of the other job, which a trigger after it must say.
        runOnSuccess: Whether it fires when that has succeeded. One of the three must be true.
        runOnFailure: When it has failed.
        runOnAbort: When it was cancelled.
    """

    type: Literal["interval", "cron", "job"]
    enabled: bool = True
    startTime: str | None = None
    endTime: str | None = None
    interval: int | None = None
    repeatUnit: Literal["minute", "hour", "day"] | None = None
    expression: str | None = None
    value: str | None = None
    jobID: str | None = None
    runOnSuccess: bool = False
    runOnFailure: bool = False
    runOnAbort: bool = False


class FusionSchedule(Strict):
    """A schedule as Fusion has it; or a GET's answer, edited.

    Args:
        resource: The key of the job; may be said, but only as it is.
        enabled: Whether it fires at all.
        default: Marks what came with the product, which nothing here did: it is left aside.
        triggers: All of them, as they are to be.
        otherTriggers: Of a GET's answer. Only an empty one is taken: a trigger that has no type here would be lost.
    """

    resource: str | None = None
    enabled: bool = True
    default: bool = False
    triggers: list[FusionTrigger] = Field(min_length=1, max_length=100)
    otherTriggers: list[str] = Field(default=[], json_schema_extra={"maxItems": 0})
