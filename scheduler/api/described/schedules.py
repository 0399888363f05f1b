"""The operations on schedules."""

from __future__ import annotations

from typing import Any

from jobs.api.described.operation import Answer, Operation, instant, ordered, pages, text, whole, word
from jobs.api.described.parts import IF_MATCH_JOB, JOB_CHANGED
from jobs.api.described.run_shapes import NEW_RUN
from jobs.api.described.shape import page_of
from jobs.api.described.starting import started
from jobs.documents import KEY_PATTERN
from jobs.documents.control import GuardedNote
from scheduler.api.asking import PrincipalRequest, RunNowRequest
from scheduler.api.described.bodies import EditToSimulate, NewSchedule, ScheduleReplacement
from scheduler.api.described.shapes import (
    ChangedSchedule,
    EditEffect,
    Explanation,
    Fire,
    ListedSchedule,
    Load,
    Preview,
    Schedule,
    SkippingSchedule,
)
from scheduler.documents import ScheduleDocument
from scheduler.selectors.firing import MOST_DAYS
from scheduler.selectors.previews import DEFAULT_COUNT, MOST
from scheduler.selectors.simulations import DAYS
from scheduler.states import FireState, Reason, ScheduleState

JSON = Any
TAG = "Schedules"
_SCHEDULE = Answer(says="The schedule, with its job's version.", shape=Schedule, headers=("ETag",))
_STATE = word("state", "Only schedules in this state.", ScheduleState)
_DUE = instant("due_before", "Only schedules whose next fire time is acted upon before this instant.")
_ORDER = ordered("id", "next_run_at")
_AFTER_ENTRY = pages("What `order` needs", type="string")
_COUNT = whole("count", "How many fire times.", least=1, most=MOST, default=DEFAULT_COUNT, example=1)
_NOTE = {"note": "the shop is being rebuilt"}
_WRITTEN = {"triggers": [{"type": "cron", "expression": "0 30 2 ? * MON-FRI"}], "timezone": "Europe/Berlin"}
_CHANGED = {409: "The job has another version than the body names."} | JOB_CHANGED
_AFTER = instant("after", "From this instant on, where that is later than now.")

LIST = Operation(
    id="listSchedules",
    tag=TAG,
    summary="List the schedules of all jobs",
    parameters=(
        text("job", "Only schedules of the job of this key.", pattern=KEY_PATTERN, example="task:ping"),
        _STATE,
        _DUE,
        _ORDER,
        *_AFTER_ENTRY,
    ),
    answers={200: Answer(says="The schedules by id.", shape=page_of(ListedSchedule))},
)
LIST_OF_JOB = Operation(
    id="listSchedulesOfJob",
    tag=TAG,
    summary="List the schedules of a job",
    parameters=(_STATE, _DUE, _ORDER, *_AFTER_ENTRY),
    answers={200: Answer(says="The job's schedules by id.", shape=page_of(ListedSchedule))},
)
CREATE = Operation(
    id="createSchedule",
    tag=TAG,
    summary="Add a schedule to a job",
    says="Add a schedule to the job, which makes a version of the job.",
    parameters=(IF_MATCH_JOB,),
    body=NewSchedule,
    example=_WRITTEN | {"name": "weekdays"},
    answers={
        201: Answer(
            says="The schedule.",
            shape=Schedule,
            headers=("ETag", "Location"),
            example=Schedule.EXAMPLE | {"name": "weekdays", "id": 13, "last_decision": None},
        )
    },
    problems={409: "The job has a schedule of this name, or another version than the body names."} | JOB_CHANGED,
)
GET = Operation(id="getSchedule", tag=TAG, summary="Read a schedule", answers={200: _SCHEDULE})
REPLACE = Operation(
    id="replaceSchedule",
    tag=TAG,
    summary="Replace a schedule",
    says="Replace the whole document. The body may be the answer to a GET, edited. With `If-Match`, or `version` in the body,"
    " nobody else's change of the job is overwritten.",
    parameters=(IF_MATCH_JOB,),
    body=ScheduleReplacement,
    example=_WRITTEN,
    answers={200: _SCHEDULE},
    problems=_CHANGED,
)
CHANGE = Operation(
    id="changeSchedule",
    tag=TAG,
    summary="Change a part of a schedule",
    says="Change what the body names, and leave the rest: objects are merged, lists are replaced, null removes (RFC 7396)."
    " The result must be a schedule's document.",
    parameters=(IF_MATCH_JOB,),
    body="SchedulePatch",
    example={"notes": "asked for by the auditors", "misfire": {"policy": "skip"}},
    answers={200: _SCHEDULE},
    problems=_CHANGED,
)
DELETE = Operation(
    id="deleteSchedule",
    tag=TAG,
    summary="Delete a schedule",
    says="Delete the schedule and what it decided. The runs that it started stay.",
    parameters=(IF_MATCH_JOB,),
    answers={204: Answer(says="It is gone.")},
    problems={409: "Somebody else changed the job meanwhile."} | JOB_CHANGED,
)
PAUSE = Operation(
    id="pauseSchedule",
    tag=TAG,
    summary="Pause a schedule",
    says="Let the schedule owe nothing until it is resumed.",
    parameters=(IF_MATCH_JOB,),
    body=GuardedNote,
    body_required=False,
    example=_NOTE,
    answers={
        200: Answer(
            says="The schedule.",
            shape=ChangedSchedule,
            headers=("ETag",),
            example=Schedule.EXAMPLE | {"state": "paused", "next_run_at": None, "changed": True},
        )
    },
    problems={409: "It has ended."} | JOB_CHANGED,
)
RESUME = Operation(
    id="resumeSchedule",
    tag=TAG,
    summary="Resume a schedule",
    says="Let the schedule owe from now on, and nothing for the time in between.",
    parameters=(IF_MATCH_JOB,),
    body=GuardedNote,
    body_required=False,
    example=_NOTE,
    answers={
        200: Answer(
            says="The schedule.",
            shape=ChangedSchedule,
            headers=("ETag",),
            example=Schedule.EXAMPLE | {"changed": False},
        )
    },
    problems={409: "It cannot be resumed as it stands."} | JOB_CHANGED,
)
RUN_NOW = Operation(
    id="runScheduleNow",
    tag=TAG,
    summary="Run a schedule's job now",
    says="Start a run of the job with the schedule's parameters. The schedule is not disturbed.",
    parameters=(IF_MATCH_JOB,),
    body=RunNowRequest,
    body_required=False,
    example={"comment": "asked for by the shop"},
    answers=started(NEW_RUN),
    problems={409: "The job is not active, or a recent run has the same parameters."} | JOB_CHANGED,
)
SET_PRINCIPAL = Operation(
    id="setSchedulePrincipal",
    tag=TAG,
    summary="Say as whom a schedule acts",
    says="Let the schedule start its runs as the caller, or as a service account of the workspace; as no other person.",
    parameters=(IF_MATCH_JOB,),
    body=PrincipalRequest,
    example={"service_account": "ci"},
    answers={
        200: Answer(
            says="The schedule.",
            shape=ChangedSchedule,
            headers=("ETag",),
            example=Schedule.EXAMPLE | {"principal": "ci@demo.service", "changed": True},
        )
    },
    problems={404: "There is no such schedule, or not for this caller; or no service account of this name."}
    | JOB_CHANGED,
)
SKIP_NEXT = Operation(
    id="skipNextFire",
    tag=TAG,
    summary="Skip the next fire time",
    says="Let the next fire time that is not skipped yet pass without a run.",
    parameters=(IF_MATCH_JOB,),
    body=GuardedNote,
    body_required=False,
    example=_NOTE,
    answers={
        200: Answer(
            says="The schedule.",
            shape=SkippingSchedule,
            headers=("ETag",),
            example=Schedule.EXAMPLE | {"skips": ["2026-11-23T01:30:00+00:00"], "skipped": "2026-11-23T01:30:00Z"},
        )
    },
    problems={409: "There is no fire time to skip."} | JOB_CHANGED,
)
LIST_FIRES = Operation(
    id="listFires",
    tag=TAG,
    summary="List what was decided of a schedule's fire times",
    parameters=(
        word("state", "Only fire times of which this was decided.", FireState),
        word("reason", "Only fire times that were skipped for this reason.", Reason),
        instant("since", "Only fire times from this instant on."),
        instant("until", "Only fire times up to this instant."),
        ordered("-fire_at"),
        *pages("The id"),
    ),
    answers={200: Answer(says="The fire times, the latest first.", shape=page_of(Fire))},
)
PREVIEW = Operation(
    id="previewSchedule",
    tag=TAG,
    summary="Preview a schedule",
    says="What the schedule will do: its next fire times, and what the changes of the clocks do to it.",
    parameters=(_COUNT, _AFTER),
    answers={200: Answer(says="What it will do.", shape=Preview)},
)
PREVIEW_DOCUMENT = Operation(
    id="previewDocument",
    tag=TAG,
    summary="Preview a schedule that is not saved",
    says="What a schedule of this document would do if it were saved now, or at `after`. Nothing is saved.",
    parameters=(_COUNT, instant("after", "As if it were saved at this instant.")),
    body=ScheduleDocument,
    example=_WRITTEN,
    answers={200: Answer(says="What it would do.", shape=Preview)},
)
EXPLAIN = Operation(
    id="explainSchedule",
    tag=TAG,
    summary="Explain why a schedule did or did not run",
    parameters=(
        text(
            "at",
            "The time that is asked about: an instant, a wall time of the schedule's zone, or such as `yesterday 02:30`.",
            required=True,
            example="2026-11-20 02:30",
        ),
    ),
    answers={200: Answer(says="What became of it, and why.", shape=Explanation)},
)
_DAYS = whole("days", "How far to look.", least=1, most=MOST_DAYS, default=DAYS, example=1)
SIMULATE = Operation(
    id="simulateLoad",
    tag=TAG,
    summary="Tell the load to come",
    says="What all schedules of the workspace will do in the next days, hour by hour.",
    parameters=(_DAYS,),
    answers={200: Answer(says="The load.", shape=Load)},
)
SIMULATE_EDIT = Operation(
    id="simulateEdit",
    tag=TAG,
    summary="Tell what an edit of schedules would change",
    says="What would change if these were the schedules of the job. Nothing is saved.",
    body=EditToSimulate,
    example={"job": "task:ping", "schedules": [_WRITTEN | {"name": "nightly"}], "days": 1},
    answers={200: Answer(says="The load before and after.", shape=EditEffect)},
)
