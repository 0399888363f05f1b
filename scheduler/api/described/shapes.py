"""The shapes of schedules and backfills, as `scheduler.api.shapes` and `scheduler.api.answer_shapes` make them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field

from jobs.api.described.shape import Shape
from jobs.api.described.shapes import CREATED, ENDED, Change, Origin
from scheduler.clock_changes import Effect
from scheduler.documents import ScheduleDocument
from scheduler.explaining import Verdict
from scheduler.states import BackfillState, FireState, Reason, ScheduleState, Which

JSON = Any
DOCUMENT: dict[str, JSON] = {
    "name": "nightly",
    "enabled": True,
    "triggers": [{"enabled": True, "type": "cron", "expression": "0 30 2 ? * MON-FRI"}],
    "timezone": "Europe/Berlin",
    "exclusions": [],
    "jitter": 0,
    "parameters": {},
    "notes": "",
    "misfire": {"policy": "latest", "grace": "60s", "window": "1d", "most": 100},
    "overlap": "skip",
    "pause_on_failure": False,
}
"""A schedule's document with its defaults, as it is answered."""
_NEXT = "2026-11-23T01:30:00Z"


class Fire(Shape):
    """One fire time of a schedule, and what was decided of it."""

    id: int
    fire_at: dt.datetime
    state: FireState
    """`fired`, `skipped`, `buffered` (waits for the schedule's former run to end) or `waiting` (for its time)."""
    reason: Reason | None
    """Why it was skipped."""
    detail: str
    """More about the reason, in words."""
    cause: str
    """Empty for the clock; `TRIGGER:RUN` for the end of another job's run; `backfill:ID` for a second run of a fire time."""
    due_at: dt.datetime | None
    """When a waiting one is dealt with."""
    decided_at: dt.datetime
    late_seconds: float | None
    """From the fire time to the decision."""
    run: int | None
    """The run that was started for it."""

    EXAMPLE = {
        "id": 71,
        "fire_at": "2026-11-20T01:30:00Z",
        "state": "skipped",
        "reason": "overlap",
        "detail": "its former run had not ended",
        "cause": "",
        "due_at": None,
        "decided_at": "2026-11-20T01:30:00.200000Z",
        "late_seconds": 0.2,
        "run": None,
    }


class ListedSchedule(ScheduleDocument, Shape):
    """A schedule: its document with all defaults, and where it stands."""

    id: int
    job: str = Field(description="The key of its job.")
    version: int = Field(description="Of its job: an edit of a schedule is a version of the job.")
    state: ScheduleState = Field(description="`ended`: it never fires again, unless it is edited.")
    state_change: Change | None = Field(description="Who put it into its state, when and why.")
    sentence: str = Field(description="When it fires, in plain English.")
    next_fire_at: dt.datetime | None
    next_run_at: dt.datetime | None = Field(description="When the next fire time is acted upon: later by the jitter.")
    late_seconds: float | None = Field(
        description="How long that is overdue. A number that grows says that no beat is running."
    )
    actions_left: int | None = Field(description="How many runs it may still start.")
    skips: list[str] = Field(description="Fire times to come that somebody asked to skip.")
    problem: str = Field(description="Why it could not be fired when that was last tried.")
    principal: str | None = Field(
        description="As whom its runs are started: who saved it last, or a service account; null when that is gone."
    )
    last_decision: Fire | None
    created_at: dt.datetime
    updated_at: dt.datetime

    EXAMPLE = DOCUMENT | {
        "id": 12,
        "job": "task:ping",
        "version": 3,
        "state": "active",
        "state_change": None,
        "sentence": "At 02:30 on Monday to Friday",
        "next_fire_at": _NEXT,
        "next_run_at": _NEXT,
        "late_seconds": None,
        "actions_left": None,
        "skips": [],
        "problem": "",
        "principal": "ann",
        "last_decision": Fire.EXAMPLE,
        "created_at": CREATED,
        "updated_at": CREATED,
    }


class Schedule(ListedSchedule):
    """A schedule, and where it is kept."""

    origin: Origin | None = Field(description="The file that it is kept in, by itself or with its job; null for none.")

    EXAMPLE = ListedSchedule.EXAMPLE | {"origin": None}


class ChangedSchedule(Schedule):
    """A schedule after it was paused or resumed."""

    changed: bool = Field(description="False when it stood so already.")


class SkippingSchedule(Schedule):
    """A schedule whose next fire time is skipped."""

    skipped: dt.datetime = Field(description="The fire time that will pass without a run.")


class UpcomingFire(Shape):
    """A fire time to come."""

    fire_at: dt.datetime
    local: dt.datetime
    """The same on the clock of the schedule's zone."""
    run_at: dt.datetime
    """When it is acted upon."""
    skipped: str | None
    """Why it will be skipped, as far as that is known now."""


class ClockWarning(Shape):
    """What a change of the clocks does to a trigger."""

    effect: Effect
    """`silent`, `moved` or `doubled`."""
    at: dt.datetime
    """The first instant after the change."""
    trigger: int
    """The trigger's place in the list."""
    sentence: str


class Preview(Shape):
    """What a schedule will do."""

    sentence: str
    timezone: str
    owes: bool
    """Whether it fires at all as it stands."""
    next_fire_at: dt.datetime | None
    """The first fire time that is not excluded."""
    times: list[UpcomingFire]
    """The next fire times in order, also those that are excluded."""
    warnings: list[ClockWarning]
    remarks: list[str]
    """What else a person should know."""

    EXAMPLE = {
        "sentence": "At 02:30 on Monday to Friday",
        "timezone": "Europe/Berlin",
        "owes": True,
        "next_fire_at": _NEXT,
        "times": [{"fire_at": _NEXT, "local": "2026-11-23T02:30:00+01:00", "run_at": _NEXT, "skipped": None}],
        "warnings": [
            {
                "effect": "moved",
                "at": "2027-03-28T01:00:00Z",
                "trigger": 0,
                "sentence": "On 28 March 2027 the clocks go forward, and it fires at 03:00 instead of 02:30",
            }
        ],
        "remarks": [],
    }


class Explanation(Shape):
    """Why a schedule did or did not run at a time."""

    verdict: Verdict
    sentence: str
    fire_at: dt.datetime | None
    """The fire time that the answer is about."""
    reason: Reason | None
    run: int | None
    before: dt.datetime | None
    """The fire time before the one that was asked about, when that is none."""
    after: dt.datetime | None
    """The one after it."""

    EXAMPLE = {
        "verdict": "skipped",
        "sentence": "Friday 20 November 2026, 02:30 (Europe/Berlin): it was skipped: its former run had not ended.",
        "fire_at": "2026-11-20T01:30:00Z",
        "reason": "overlap",
        "run": None,
        "before": None,
        "after": None,
    }


class HourLoad(Shape):
    """One hour."""

    start: dt.datetime
    fires: int
    """How many fire times lie in it."""
    concurrency: float
    """How many runs are to be expected at once, on average."""


class Load(Shape):
    """The load to come, hour by hour."""

    start: dt.datetime
    hours: list[HourLoad]
    """Each hour in order, also those in which nothing happens."""
    fires: int
    busiest: HourLoad | None
    """The hour with the most runs at once."""
    schedules: int
    """How many schedules fire by the clock as things stand."""
    sampled: bool
    """Whether any of it was not counted one by one."""
    remarks: list[str]

    EXAMPLE = {
        "start": "2026-11-23T01:00:00Z",
        "hours": [{"start": "2026-11-23T01:00:00Z", "fires": 1, "concurrency": 0.01}],
        "fires": 1,
        "busiest": {"start": "2026-11-23T01:00:00Z", "fires": 1, "concurrency": 0.01},
        "schedules": 1,
        "sampled": False,
        "remarks": [],
    }


class ScheduleChange(Shape):
    """What an edit does to one schedule."""

    name: str
    change: str
    """`added`, `removed`, `changed` or `unchanged`."""
    lost: list[dt.datetime]
    """The first fire times that go."""
    gained: list[dt.datetime]
    """The first fire times that come."""
    fires_before: int
    fires_after: int


class EditEffect(Shape):
    """What an edit of a job's schedules would change."""

    before: Load
    after: Load
    schedules: list[ScheduleChange]

    EXAMPLE = {
        "before": Load.EXAMPLE,
        "after": Load.EXAMPLE,
        "schedules": [
            {
                "name": "nightly",
                "change": "changed",
                "lost": [_NEXT],
                "gained": ["2026-11-23T02:30:00Z"],
                "fires_before": 1,
                "fires_after": 1,
            }
        ],
    }


class PlannedTime(Shape):
    """A fire time in the range of a backfill."""

    fire_at: dt.datetime
    runs: bool
    """Whether it would be run."""
    stands: str
    """How it stands, in words."""


class Plan(Shape):
    """What a backfill would run."""

    start: dt.datetime
    end: dt.datetime
    which: Which
    total: int
    """How many fire times it would run."""
    excluded: int
    """Fire times that are left out because the schedule does not fire then."""
    undecided: int
    """Fire times that the schedule itself will still decide on."""
    times: list[PlannedTime]


class Progress(Shape):
    """How many of a backfill's fire times are where."""

    total: int
    owed: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    erased: int
    left_out: int
    not_started: int


class Backfill(Shape):
    """A backfill with its progress."""

    id: int
    job: str
    schedule: str
    state: BackfillState
    state_change: Change | None
    start: dt.datetime
    end: dt.datetime
    which: Which
    limit: int
    """How many of its runs may be active at once."""
    note: str
    actor: str
    progress: Progress
    created_at: dt.datetime
    ended_at: dt.datetime | None

    EXAMPLE = {
        "id": 4,
        "job": "task:ping",
        "schedule": "nightly",
        "state": "running",
        "state_change": None,
        "start": "2026-11-15T23:00:00Z",
        "end": "2026-11-17T22:59:59.999999Z",
        "which": "missing",
        "limit": 2,
        "note": "the supplier sent it again",
        "actor": "ann",
        "progress": {
            "total": 2,
            "owed": 2,
            "running": 0,
            "succeeded": 0,
            "failed": 0,
            "cancelled": 0,
            "erased": 0,
            "left_out": 0,
            "not_started": 0,
        },
        "created_at": CREATED,
        "ended_at": None,
    }


class ChangedBackfill(Backfill):
    """A backfill after it was cancelled."""

    changed: bool
    """False when it was over already."""

    EXAMPLE = Backfill.EXAMPLE | {
        "state": "cancelled",
        "state_change": {"actor": "ann", "at": ENDED, "note": "not needed"},
        "ended_at": ENDED,
        "changed": True,
    }
