"""The dashboard."""

from __future__ import annotations

import datetime as dt

from jobs.models import Workspace
from jobs.states import RunState
from tests.browser.pictures import Picture
from tests.integration.people import make_job
from tests.integration.run_rows import make_ended_run, make_lane, make_run
from tests.integration.schedule_rows import HOURLY


def a_day(workspace: Workspace) -> None:
    """Some jobs, what they did in the last day, and what they do."""
    now = dt.datetime.now(dt.UTC)
    flights = make_job(workspace, "task:fetch-flights", schedules=[HOURLY])
    partners = make_job(workspace, "task:check-partners", schedules=[HOURLY | {"name": "early"}])
    for hour in range(24):
        at = now - dt.timedelta(hours=hour, minutes=5)
        for n in range(1 + hour * 7 % 5):
            job = partners if n % 2 else flights
            times = {"created_at": at, "started_at": at, "ended_at": at + dt.timedelta(seconds=8 + n)}
            failed = hour % 6 == 2 and n == 0
            make_ended_run(job, "sf" if failed else "ss", **times)
    running = make_run(flights, "ssq", created_at=now, started_at=now)
    lane = make_lane(running, 2, 3)
    type(lane).objects.filter(pk=lane.pk).update(leased_at=now, lease_expires_at=now + dt.timedelta(minutes=10))
    make_run(partners, "qq", state=RunState.PENDING, created_at=now - dt.timedelta(minutes=3), started_at=None)


PICTURES = [Picture("dashboard", prepare=a_day), Picture("dashboard-empty")]
