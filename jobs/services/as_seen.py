"""Doing something on the condition that nobody changed the job since the caller read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from jobs.errors import NotFoundError, OutOfDateError
from jobs.models import Job


@contextmanager
def job_as_seen(
    *,
    job_id: int | None,
    key: str,
    expected_updated_at: dt.datetime | None = None,
    expected_version: int | None = None,
) -> Iterator[None]:
    """Let what is done within be done to the job that the caller saw, or not at all.

    The job's row is locked first, and compared then: nobody can change it between the comparison and the commit. All is one
    transaction. Without any expectation nothing is locked.

    Args:
        job_id: The job; None for one that was deleted.
        key: Its key, for the reader of an error.
        expected_updated_at: Its ``updated_at`` as the caller saw it; None for whatever stands there.
        expected_version: Its version, likewise.

    Raises:
        OutOfDateError: Somebody changed it.
        NotFoundError: It was deleted.
    """
    with transaction.atomic():
        if (expected_updated_at, expected_version) != (None, None):
            lock_as_seen(
                job_id=job_id, key=key, expected_updated_at=expected_updated_at, expected_version=expected_version
            )
        yield


def lock_as_seen(
    *,
    job_id: int | None,
    key: str,
    expected_updated_at: dt.datetime | None = None,
    expected_version: int | None = None,
) -> None:
    """Lock a job's row, and compare it, within the caller's transaction. Takes and raises what `job_as_seen` does."""
    rows = Job.objects.select_for_update(no_key=True).only("updated_at", "version")
    present = None if job_id is None else rows.filter(pk=job_id).first()
    if present is None:
        raise NotFoundError(f"{key} was deleted")
    if expected_updated_at not in (None, present.updated_at) or expected_version not in (None, present.version):
        told = f"{key} was changed at {present.updated_at.isoformat()}, after you read it"
        raise OutOfDateError(f"{told}: read it again and repeat your change")
