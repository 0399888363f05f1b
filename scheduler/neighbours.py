"""The fire times around an instant."""

from __future__ import annotations

import datetime as dt

from scheduler.definition import Definition
from scheduler.triggers.union import Occurrence

_TICK = dt.datetime.resolution
_FIRST_STEP = dt.timedelta(minutes=1)


def first_from(definition: Definition, instant: dt.datetime) -> Occurrence | None:
    """The first fire time at or after an aware instant, also one that is excluded; None when there is none."""
    return next(definition.union.occurrences(instant - _TICK), None)


def last_before(definition: Definition, instant: dt.datetime, *, not_before: dt.datetime) -> Occurrence | None:
    """The last fire time before an aware instant, and not before another; also one that is excluded. None when there is none.

    Triggers can only be asked for what comes next. So steps back are doubled until one finds something, and what lies between is
    halved until nothing comes after it.
    """
    step, found = _FIRST_STEP, None
    while found is None:
        low = max(instant - step, not_before)
        found = _between(definition, low, instant)
        if found is None and low == not_before:
            return None
        step *= 2
    return _latest(definition, found, instant)


def _latest(definition: Definition, found: Occurrence, instant: dt.datetime) -> Occurrence:
    """The last one before an instant, of which one is known."""
    high = instant
    while (later := _between(definition, found.instant + _TICK, high)) is not None:
        middle = found.instant + (high - found.instant) / 2
        beyond = _between(definition, max(middle, later.instant), high)
        if beyond is None:
            found, high = later, middle
        else:
            found = beyond
    return found


def _between(definition: Definition, low: dt.datetime, high: dt.datetime) -> Occurrence | None:
    """The first one from ``low`` on and before ``high``."""
    found = first_from(definition, low)
    return found if found is not None and found.instant < high else None
