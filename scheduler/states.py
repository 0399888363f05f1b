"""The words of the scheduler: what a schedule is in, what was decided of a fire time, and why."""

from __future__ import annotations

from enum import StrEnum


class ScheduleState(StrEnum):
    """``active <-> paused``; ``active -> ended``, and back when it is edited so that it fires again; ``ended -> paused`` while
    fires of it wait or are buffered, which are skipped then."""

    ACTIVE = "active"
    """Owes a run at each of its fire times."""

    PAUSED = "paused"
    """Held by somebody, or after a failure: owes nothing until it is resumed, and nothing for the time in between."""

    ENDED = "ended"
    """Never fires again: its last time has passed, or its actions are used up."""


class FireState(StrEnum):
    """What was decided of one fire time. ``waiting -> fired | skipped | buffered``, ``buffered -> fired | skipped``."""

    WAITING = "waiting"
    """Owed, and not due yet or not dealt with yet: what a completed job calls for."""

    BUFFERED = "buffered"
    """Owed, and waits for the schedule's former run to end."""

    FIRED = "fired"
    """A run was started for it."""

    SKIPPED = "skipped"
    """No run was started, for the reason given."""


class Reason(StrEnum):
    """Why a fire time was skipped."""

    OVERLAP = "overlap"
    """A former run of the schedule had not ended."""

    MISFIRE = "misfire"
    """It came up late, and the schedule's misfire policy gives up what is late."""

    CATCH_UP_WINDOW = "catch_up_window"
    """It was later than the schedule's window for catching up."""

    EXCLUDED = "excluded"
    """A holiday, a blackout window or a named day."""

    ASKED = "asked"
    """Somebody had asked to skip it."""

    JOB_INACTIVE = "job_inactive"
    """Its job was paused, a draft or archived."""

    PRINCIPAL_LOST = "principal_lost"
    """Who it acts as may run nothing in the workspace any more."""

    PAUSED = "paused"
    """The schedule was paused while it waited."""

    LIMIT = "limit"
    """The schedule's actions were used up, or too many of its fires waited already."""


MISSED = (Reason.OVERLAP, Reason.MISFIRE, Reason.CATCH_UP_WINDOW)
"""Of a fire time that nobody meant to leave out."""


class MisfirePolicy(StrEnum):
    """What becomes of fire times that come up late."""

    SKIP = "skip"
    """Nothing."""

    LATEST = "latest"
    """The last of them runs."""

    ALL = "all"
    """All of them run, oldest first, the newest ``most`` of them."""


class Overlap(StrEnum):
    """What becomes of a fire time whose schedule's former run has not ended."""

    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    """It waits for the end, unless another waits already."""

    BUFFER_ALL = "buffer_all"
    CANCEL_OTHER = "cancel_other"
    """The former run is told to stop, and this one starts when it has ended."""

    TERMINATE_OTHER = "terminate_other"
    """The former run is told to stop, and this one starts at once."""

    ALLOW_ALL = "allow_all"


class BackfillState(StrEnum):
    """The life of a backfill: ``running -> done | cancelled``."""

    RUNNING = "running"
    """Its fire times are started one after the other, as its limit allows."""

    DONE = "done"
    """All of them were started or left out, and their runs have ended."""

    CANCELLED = "cancelled"
    """Somebody ended it: nothing more of it starts."""


class BackfillTimeState(StrEnum):
    """What became of one fire time of a backfill: ``owed -> started -> ended``, or ``owed -> left_out | cancelled``."""

    OWED = "owed"
    STARTED = "started"
    """A run was started for it, which has not ended as far as is known."""

    ENDED = "ended"
    LEFT_OUT = "left_out"
    """When its turn came, it had what it needed already."""

    CANCELLED = "cancelled"
    """Its backfill was cancelled before its turn came."""


class Which(StrEnum):
    """Which fire times of its range a backfill runs."""

    MISSING = "missing"
    """Those for which no run was started."""

    MISSING_AND_FAILED = "missing_and_failed"
    """Those, and the ones whose last run failed or was cancelled."""

    ALL = "all"
    """Every one that is not about to run, or running."""
