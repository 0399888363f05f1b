"""How a run stands, in the figures that its pages show: pure, of what was read."""

from __future__ import annotations

import datetime as dt

from jobs.models import Run
from jobs.selectors.run_views import Counts, RunView
from jobs.states import FINAL_RUN_STATES, RunState
from ui import words

_EARLY = 0.5
"""Seconds: a rate over less says nothing."""


class Standing:
    """A run with what follows from its counts and its times.

    Args:
        view: The run as it was read.
        now: When; aware.
    """

    def __init__(self, view: RunView, now: dt.datetime) -> None:
        self.view, self.now = view, now

    @property
    def run(self) -> Run:
        """The run."""
        return self.view.run

    @property
    def counts(self) -> Counts:
        """Its payloads by state."""
        return self.view.counts

    @property
    def state(self) -> str:
        """In our own words; `ui.looks` has the users'."""
        return self.run.state

    @property
    def is_over(self) -> bool:
        """True once it has ended."""
        return self.run.state in FINAL_RUN_STATES

    @property
    def settled(self) -> int:
        """Payloads that have an outcome."""
        return self.counts.succeeded + self.counts.failed + self.counts.cancelled

    @property
    def percent(self) -> int:
        """Of its payloads those that have an outcome; 100 only for all of them."""
        return 100 if self.settled >= self.counts.total else 100 * self.settled // self.counts.total

    @property
    def waited(self) -> dt.timedelta | None:
        """From its making to its first payload; until now while it has not begun; None when it ended without a beginning."""
        if self.run.started_at is None:
            return None if self.is_over else self.now - self.run.created_at
        return self.run.started_at - self.run.created_at

    @property
    def took(self) -> dt.timedelta | None:
        """From its first payload to its end, or until now; None when it never began."""
        if self.run.started_at is None:
            return None
        return max((self.run.ended_at or self.now) - self.run.started_at, dt.timedelta())

    @property
    def late(self) -> dt.timedelta | None:
        """How long after the time that its schedule owed it for it was made; None when no schedule did."""
        if self.run.scheduled_for is None:
            return None
        return max(self.run.created_at - self.run.scheduled_for, dt.timedelta())

    @property
    def per_second(self) -> float | None:
        """Payloads that get their outcome, on the average since it began; None when that says nothing."""
        seconds = self.took.total_seconds() if self.took else 0.0
        if self.settled == 0 or seconds < _EARLY:
            return None
        return self.settled / seconds

    @property
    def left(self) -> dt.timedelta | None:
        """How long it takes still, at that rate; None when it does not run."""
        rate = self.per_second
        if self.run.state != RunState.RUNNING or not rate:
            return None
        return dt.timedelta(seconds=(self.counts.total - self.settled) / rate)

    @property
    def message(self) -> str:
        """Why it failed or was ended, in short; empty for nothing to say."""
        return words.error(self.run.error) or str((self.run.stop or {}).get("note") or "")
