"""Doing something on the condition that nobody changed the schedule, or its job, since the caller read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.errors import NotFoundError, OutOfDateError
from jobs.services.as_seen import job_as_seen
from scheduler.models import Schedule
from scheduler.services import placing


@contextmanager
def schedule_as_seen(
    *, schedule: Schedule, expected_version: int | None, expected_updated_at: dt.datetime | None
) -> Iterator[None]:
    """Let what is done within be done to the schedule that the caller saw, or not at all.

    Args:
        schedule: Which.
        expected_version: The version of its job as the caller saw it; None for whatever stands there.
        expected_updated_at: The schedule's own ``updated_at``, likewise.

    Raises:
        OutOfDateError: Somebody changed it.
        NotFoundError: It, or its job, was deleted.
    """
    with job_as_seen(job_id=schedule.job_id, key=schedule.job.key, expected_version=expected_version):
        if expected_updated_at is not None:
            _lock_as_seen(schedule, expected_updated_at)
        yield


def _lock_as_seen(schedule: Schedule, expected_updated_at: dt.datetime) -> None:
    present = placing.lock(schedule)
    if present is None:
        raise NotFoundError(f"schedule {schedule.name} was deleted")
    if present.updated_at != expected_updated_at:
        told = f"schedule {schedule.name} was changed at {present.updated_at.isoformat()}, after you read it"
        raise OutOfDateError(f"{told}: read it again and repeat your change")
