"""A schedule that cannot be fired: it says why, and the others go on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

import structlog

from jobs import hotpath
from jobs.errors import JobsError
from scheduler import claims
from scheduler.claims import Claimed, Connection

RETRY_IN = dt.timedelta(seconds=60)

T = TypeVar("T")

log = structlog.get_logger(__name__)


def apart(
    connection: Connection, schedule: Claimed, step: Callable[[], T], *, now: dt.datetime | None, otherwise: T
) -> T:
    """Do a step for one schedule of a batch that is locked, so that nothing of it stays when it fails; then what it returns is
    ``otherwise``, and the schedule says why.

    Raises:
        hotpath.RETRYABLE: What passes: the whole batch is tried again.
    """
    try:
        with connection.transaction():
            return step()
    except hotpath.RETRYABLE:
        raise
    except Exception as error:  # whatever one of them has, the others must fire
        log.exception("schedule.not_fired", schedule=schedule.id, job=schedule.job_key)
        claims.note_problem(connection, schedule_id=schedule.id, problem=words(error), retry_in=RETRY_IN, now=now)
        return otherwise


def note_unless_mended(schedule: Claimed, error: Exception, *, now: dt.datetime | None) -> None:
    """Keep why a schedule, which is not locked any more, could not be fired."""
    log.error("schedule.not_fired", schedule=schedule.id, job=schedule.job_key, exc_info=error)
    with hotpath.connection() as connection, connection.transaction():
        claims.note_problem(
            connection, schedule_id=schedule.id, problem=words(error), retry_in=RETRY_IN, locked=False, now=now
        )


def words(error: Exception) -> str:
    """What a person is told of it."""
    return str(error) if isinstance(error, JobsError) else f"{type(error).__name__}: {error}"
