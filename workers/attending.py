"""What a run needs that the sweep has found: to be stopped, paused, cancelled further, admitted or closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import structlog

from jobs import claims, hotpath
from jobs.claims import DueRun
from jobs.services import admission, closing, control
from jobs.states import LEASING_RUN_STATES, RunState, StopReason

CANCEL_SECONDS = 0.25
"""How long one sweep cancels what is queued of one run before it looks after the others; the rest follows in its next passes."""

log = structlog.get_logger(__name__)


def attend(due: Sequence[DueRun], *, now: dt.datetime | None = None) -> None:
    """Do for each of these runs what its state calls for. Each step is guarded: another sweep may have done it meanwhile."""
    for run in due:
        if run.overdue is not None and not run.complete:
            _stop(run, now)
        elif run.state == RunState.CANCELLING and not run.complete:
            _cancel(run.id, now)
    _pause([run for run in due if _belongs_to_a_paused_job(run)], now)
    settle([run.id for run in due if run.state == RunState.PAUSING], now)
    complete = [run.id for run in due if run.complete]
    if complete:
        closing.close_runs(run_ids=complete, now=now)
    _admit(run for run in due if not run.admitted and not run.complete)


def wants_lanes(run: DueRun) -> bool:
    """Whether messages for its missing lanes are owed. Below zero nudges count lanes that are called when their group has room."""
    return (
        run.state in LEASING_RUN_STATES
        and run.admitted
        and run.nudges >= 0
        and not run.complete
        and run.overdue is None
        and not run.job_paused
    )


def _stop(run: DueRun, now: dt.datetime | None) -> None:
    reason = StopReason(run.overdue or StopReason.TIMEOUT)
    with hotpath.connection() as connection, connection.cursor() as cursor:
        stopped = claims.stop_runs(cursor, run_ids=[run.id], reason=reason, actor="", note="", now=now)
    if stopped:
        log.warning("run.cancelling", run=run.id, reason=reason.value)
        _cancel(run.id, now)


def _cancel(run_id: int, now: dt.datetime | None) -> None:
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=CANCEL_SECONDS)
    while control.cancel_queued(run_id=run_id, now=now):
        if dt.datetime.now(dt.UTC) > until:
            claims.wake_run(run_id=run_id)
            return


def _belongs_to_a_paused_job(run: DueRun) -> bool:
    """A job with very many runs is paused in parts."""
    return run.job_paused and run.state in LEASING_RUN_STATES and not run.complete and run.overdue is None


def _pause(runs: Sequence[DueRun], now: dt.datetime | None) -> None:
    if not runs:
        return
    with hotpath.connection() as connection, connection.transaction(), connection.cursor() as cursor:
        # Locked, so that a job that is resumed just now is not left with a run that nobody resumes.
        paused = claims.lock_paused_jobs(cursor, job_ids=sorted({run.job_id for run in runs if run.job_id is not None}))
        run_ids = [run.id for run in runs if run.job_id in paused]
        claims.pause_runs(cursor, run_ids=run_ids, actor="", note="its job is paused", by_job=True, now=now)
    settle(run_ids, now)


def settle(run_ids: Sequence[int], now: dt.datetime | None) -> None:
    """Make those of these runs paused that are pausing and that no lane works any more."""
    if run_ids:
        with hotpath.connection() as connection, connection.cursor() as cursor:
            claims.settle_pause(cursor, run_ids=run_ids, now=now)


def _admit(waiting: Iterable[DueRun]) -> None:
    jobs = sorted({run.job_id for run in waiting if run.job_id is not None})
    if jobs:
        admission.admit(job_ids=jobs)
