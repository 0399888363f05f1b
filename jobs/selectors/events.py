"""Reading the event log: who may read what of it, and what was done to a job and its schedules."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from jobs.models import Event

FOR_OWNERS = ("member", "secret", "service_account", "token", "workspace")
"""What kinds begin with that only those may read who may read the lists of members, tokens and secrets."""


def is_for_owners(kind: str) -> bool:
    """Whether an event of this kind is for owners alone."""
    return kind.partition(".")[0] in FOR_OWNERS


def readable(events: QuerySet[Event, Any], *, by_owner: bool) -> QuerySet[Event, Any]:
    """Of these events those that the caller may read: `is_for_owners` in SQL."""
    return events if by_owner else events.exclude(kind__regex=rf"^({'|'.join(FOR_OWNERS)})(\.|$)")


def list_job_events(
    *, job_id: int, limit: int, before: int | None = None, schedule_id: int | None = None
) -> list[Event]:
    """A page of what was done to a job and its schedules, the newest first, in one query. What its runs did is not among it.

    Args:
        job_id: Which job.
        limit: The most to return.
        before: The id of the last event of the page before; None for the first page.
        schedule_id: Only what was done to this schedule of the job.
    """
    events = Event.objects.filter(job=job_id, run=None)
    if schedule_id is not None:
        events = events.filter(data__schedule=schedule_id)
    if before is not None:
        events = events.filter(pk__lt=before)
    return list(events.order_by("-pk")[:limit])
