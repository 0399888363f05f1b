"""When each attempt ran, as bars on one line of time: pure, of what was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.selectors.payloads import PayloadView
from jobs.states import PayloadState

LEAST_PERCENT = 0.4
"""A bar is never narrower: an attempt of a millisecond is to be seen, too."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One attempt.

    Args:
        state: How it ended: ``succeeded``, ``failed``, ``lost``, ``cancelled``; or ``running``.
        number: 1 for the first attempt.
        started_at, ended_at: Aware; ``ended_at`` None while it runs.
        worker: Where, if that is kept.
        took: From start to end, or until now.
        left, width: In percent of the axis, as written in a drawing.
    """

    state: str
    number: int
    started_at: dt.datetime
    ended_at: dt.datetime | None
    worker: str
    took: dt.timedelta
    left: str
    width: str


@dataclass(frozen=True, slots=True)
class Line:
    """A payload and its attempts, the first first."""

    view: PayloadView
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Lines on one axis from ``begins_at`` to ``ends_at``."""

    begins_at: dt.datetime
    ends_at: dt.datetime
    lines: list[Line]

    @property
    def span(self) -> dt.timedelta:
        """How long the axis is."""
        return self.ends_at - self.begins_at


@dataclass(frozen=True, slots=True)
class _Try:
    state: str
    number: int
    started_at: dt.datetime
    ended_at: dt.datetime | None
    worker: str = ""


def waterfall(views: Sequence[PayloadView], *, now: dt.datetime) -> Waterfall | None:
    """The attempts of some payloads, read with their failed ones; None when none of them has begun.

    Args:
        views: In the order of the lines.
        now: Until when those run that have not ended; aware.
    """
    tried = [(view, list(_tries(view))) for view in views]
    all_tries = [each for _, tries in tried for each in tries]
    if not all_tries:
        return None
    begins_at = min(each.started_at for each in all_tries)
    ends_at = max(each.ended_at or now for each in all_tries)
    lines = [Line(view, [_bar(each, begins_at, ends_at, now) for each in tries]) for view, tries in tried if tries]
    return Waterfall(begins_at, ends_at, lines)


def _tries(view: PayloadView) -> Iterator[_Try]:
    for each in view.failed_attempts:
        yield _Try(each.state, each.number, each.started_at, each.ended_at, each.worker)
    if view.state == PayloadState.SUCCEEDED and view.started_at is not None:
        yield _Try(view.state, view.attempts, view.started_at, view.payload.ended_at)
    elif view.state == PayloadState.RUNNING and view.started_at is not None:
        yield _Try(view.state, view.attempts + 1, view.started_at, None)


def _bar(each: _Try, begins_at: dt.datetime, ends_at: dt.datetime, now: dt.datetime) -> Bar:
    span = max((ends_at - begins_at).total_seconds(), 0.001)
    took = (each.ended_at or now) - each.started_at
    width = min(max(100 * took.total_seconds() / span, LEAST_PERCENT), 100.0)
    left = min(100 * (each.started_at - begins_at).total_seconds() / span, 100 - width)
    return Bar(
        state=each.state,
        number=each.number,
        started_at=each.started_at,
        ended_at=each.ended_at,
        worker=each.worker,
        took=took,
        left=f"{left:.2f}",
        width=f"{width:.2f}",
    )
