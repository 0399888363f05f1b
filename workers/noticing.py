"""Telling people what happened: what a sweep does for it."""

from __future__ import annotations

import datetime as dt

from scheduler.selectors.overdue import overdue
from sinks.services import noticing, watching


def tell(*, now: dt.datetime | None = None) -> None:
    """Send what was collected for long enough, and make notices of what has happened and of what is late or stuck."""
    now = now or dt.datetime.now(dt.UTC)
    noticing.send_collected(now=now)  # first: what comes now belongs to the next digest
    noticing.work_off(now=now)
    watching.look(now=now, overdue=overdue)
