"""Telling people what happened: what a sweep does for it."""

from __future__ import annotations

import datetime as dt

from scheduler.selectors.overdue import overdue
from sinks.services import noticing, watching


def tell(*, now: dt.datetime | None = None) -> None:
    """Make notices of what has happened and of what is late or stuck, and send what was collected for long enough."""
    now = now or dt.datetime.now(dt.UTC)
    noticing.work_off(now=now)
    watching.look(now=now, overdue=overdue)
    noticing.send_collected(now=now)
