"""Statements that outlive the database: a server that restarts delays an outcome and never loses it."""

from __future__ import annotations

import datetime as dt
import functools
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from jobs import claims, hotpath
from jobs.claims import Final, Grant, Kept, Lane, Leased, Report
from jobs.durations import seconds
from jobs.errors import LaneLost
from jobs.services import extending
from jobs.states import RunState
from workers import stopping

log = structlog.get_logger(__name__)

R = TypeVar("R")

_PAUSES = (0.1, 0.2, 0.5)
_LONGEST_PAUSE = 1.0


def until_answered(action: Callable[[], R]) -> R:
    """Repeat what may be done twice until the database answers, on whichever connection it asks."""
    tries = 0
    until = time.monotonic() + settings.JOBS_LEASE_SECONDS
    while not (stopping.is_final() and time.monotonic() > until):
        try:
            return action()
        except (*hotpath.RETRYABLE, OperationalError, InterfaceError) as error:
            log.warning("engine.database_unavailable", tries=tries + 1, reason=str(error).strip())
        _pause(tries)
        tries += 1
    raise LaneLost("the worker is stopping, and the database stayed away for a whole lease")


def with_models(action: Callable[[], R]) -> R:
    """Do with Django's models what may be done twice, and repeat it until the database answers.

    Its connection goes back to the pool at once: a process has a few of them, and a thread that kept one until its lane ended would
    let the other lanes wait for it.
    """
    return until_answered(functools.partial(_on_a_borrowed_connection, action))


def _on_a_borrowed_connection(action: Callable[[], R]) -> R:
    try:
        return action()
    finally:
        if not connection.in_atomic_block:  # a caller's transaction: the connection is his
            connection.close()


def report(*, lane: Lane, outcome: Report, take: int, keep_from: int | None = None) -> Grant:
    """Send a report until the database has it, whether or not an earlier try was committed before its answer got lost.

    Raises:
        LaneLost: The lane was taken back meanwhile: the outcome is no longer ours to write.
    """
    try:
        grant = claims.report(lane=lane, outcome=outcome, take=take, keep_from=keep_from, lease=_lease())
    except hotpath.RETRYABLE as error:
        _warn(lane, error)
        grant = until_answered(lambda: _report_again(lane=lane, outcome=outcome, take=take, keep_from=keep_from))
    if grant.extended is not None:
        extending.publish(run_id=lane.run.run_id, extended=grant.extended)
    return grant


def _report_again(*, lane: Lane, outcome: Report, take: int, keep_from: int | None) -> Grant:
    held = claims.resync(lane=lane)
    if held is None:
        return claims.report(lane=lane, outcome=outcome, take=take, keep_from=keep_from, lease=_lease())
    if held:
        return Grant(RunState.RUNNING, complete=False, due=False, payloads=held)
    return claims.report(lane=lane, outcome=Report(), take=0, lease=_lease())


def report_one(*, lane: Lane, final: Final) -> Kept:
    """Send the outcome of the first position of a strict lane's range, as `jobs.claims.report_one` does, until the database has it.

    Raises:
        LaneLost: The lane was taken back meanwhile.
    """
    try:
        return claims.report_one(lane=lane, final=final, lease=_lease())
    except hotpath.RETRYABLE as error:
        _warn(lane, error)
    return until_answered(lambda: _report_one_again(lane=lane, final=final))


def _report_one_again(*, lane: Lane, final: Final) -> Kept:
    held = claims.resync(lane=lane)
    if held is None:
        return claims.report_one(lane=lane, final=final, lease=_lease())
    return Kept(RunState.RUNNING, bool(held), left=0)  # the next report tells both anew


def lease_requeued(*, lane: Lane, take: int) -> list[Leased]:
    """Lease what waits out of line, as `jobs.claims.lease_requeued` does; what was leased without an answer is ours all the same.

    Raises:
        LaneLost: The lane was taken back meanwhile.
    """
    try:
        return claims.lease_requeued(lane=lane, take=take, lease=_lease())
    except hotpath.RETRYABLE as error:
        _warn(lane, error)
    return until_answered(lambda: _lease_again(lane=lane, take=take))


def _lease_again(*, lane: Lane, take: int) -> list[Leased]:
    held = claims.resync(lane=lane)
    return claims.lease_requeued(lane=lane, take=take, lease=_lease()) if held is None else held


def _lease() -> dt.timedelta:
    return seconds(settings.JOBS_LEASE_SECONDS)


def _warn(lane: Lane, error: Exception) -> None:
    log.warning("lane.database_unavailable", run=lane.run.run_id, lane=lane.id, reason=str(error).strip())
    _pause(0)


def _pause(tries: int) -> None:
    time.sleep(_PAUSES[tries] if tries < len(_PAUSES) else _LONGEST_PAUSE)
