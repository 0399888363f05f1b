"""Reading what is kept of datasources: their state, what was asked about them, and the rows that were left out."""

from __future__ import annotations

import datetime as dt

from django.db.models.functions import Now

from jobs.errors import NotFoundError
from jobs.models import KEEP_OPERATIONS, DatasourceOperation, DatasourceState, Job, RejectedRow, Run, Verb, Workspace


def list_states(*, job: Job) -> list[DatasourceState]:
    """The streams of a datasource by name, in one query; none before its first run."""
    return list(DatasourceState.objects.filter(job=job).order_by("stream"))


def get_operation(*, workspace: Workspace, operation_id: int, now: dt.datetime) -> DatasourceOperation:
    """What was asked, in one query. Raises NotFoundError, also for another workspace's and for what is no longer kept."""
    kept = DatasourceOperation.objects.filter(workspace=workspace, expires_at__gte=now - KEEP_OPERATIONS)
    found = kept.filter(pk=operation_id).first()
    if found is None:
        raise NotFoundError(f"there is no operation {operation_id} in {workspace.slug}; each is kept for an hour")
    return found


def is_being_deleted(*, workspace: str, job_key: str, stream: str) -> bool:
    """Whether a worker is about to delete a payload's output, in one query. One that was lost counts until its time is over."""
    return DatasourceOperation.objects.filter(
        workspace__slug=workspace,
        job_key=job_key,
        stream=stream,
        verb=Verb.DELETE_OUTPUT,
        taken_at__isnull=False,
        ended_at__isnull=True,
        expires_at__gt=Now(),
    ).exists()


def list_rejected(*, run: Run, position: int, limit: int, after: int | None = None) -> list[RejectedRow]:
    """A page of the rows that a payload left out, in the order in which it met them, in one query.

    Args:
        run, position: The payload.
        limit: The most to return.
        after: The id of the last one of the page before; None for the first page.
    """
    rows = RejectedRow.objects.filter(run=run, position=position)
    return list((rows if after is None else rows.filter(pk__gt=after)).order_by("pk")[:limit])
