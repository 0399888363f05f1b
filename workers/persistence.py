"""Reports that outlive the database: a server that restarts delays an outcome and never loses it."""

from __future__ import annotations

import time

import structlog
from django.conf import settings

from jobs import claims, hotpath
from jobs.claims import Grant, Lane, Report
from jobs.durations import seconds
from jobs.states import RunState

log = structlog.get_logger(__name__)

_PAUSES = (0.1, 0.2, 0.5)
_LONGEST_PAUSE = 1.0


def report(*, lane: Lane, outcome: Report, take: int) -> Grant:
    """Send a report until the database has it, whether or not an earlier try was committed before its answer got lost.

    Raises:
        LaneLost: The lane was taken back meanwhile: the outcome is no longer ours to write.
    """
    lease = seconds(settings.JOBS_LEASE_SECONDS)
    try:
        return claims.report(lane=lane, outcome=outcome, take=take, lease=lease)
    except hotpath.RETRYABLE as error:
        log.warning("report.database_unavailable", run=lane.run.run_id, lane=lane.id, reason=str(error).strip())
    return _report_until_taken(lane=lane, outcome=outcome, take=take)


def _report_until_taken(*, lane: Lane, outcome: Report, take: int) -> Grant:
    lease = seconds(settings.JOBS_LEASE_SECONDS)
    tries = 0
    while True:
        time.sleep(_PAUSES[tries] if tries < len(_PAUSES) else _LONGEST_PAUSE)
        tries += 1
        try:
            holdings = claims.resync(lane=lane)
            if holdings is None:
                return claims.report(lane=lane, outcome=outcome, take=take, lease=lease)
            if holdings:
                return Grant(RunState.RUNNING, complete=False, due=False, payloads=holdings)
            return claims.report(lane=lane, outcome=Report(), take=0, lease=lease)
        except hotpath.RETRYABLE:
            continue
