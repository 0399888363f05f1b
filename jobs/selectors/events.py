"""Reading what was done to a job and its schedules."""

from __future__ import annotations

from jobs.models import Event


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
