"""Which jobs start which others when they complete."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F

from jobs.errors import ValidationError
from jobs.models import Workspace
from scheduler.documents import JobTrigger, parse_schedule
from scheduler.models import Schedule, Upstream


@dataclass(frozen=True, slots=True)
class ChainLink:
    """A job that is waited for, and the job that its end starts.

    Args:
        upstream: The key of the job that is waited for.
        exists: Whether there is such a job; one that was deleted leaves its key behind.
        job: The key of the job that is started.
        schedule_id: By which of its schedules.
        name: That one's name.
        state: That one's state.
        results: Those that count.
        needs_all: Whether all jobs of the trigger must have ended so.
        delay: How long after, as it was written; ``0`` for at once.
    """

    upstream: str
    exists: bool
    job: str
    schedule_id: int
    name: str
    state: str
    results: tuple[str, ...]
    needs_all: bool
    delay: str


def chain_links(*, workspace: Workspace, limit: int) -> list[ChainLink]:
    """The links of a workspace's chains by the waiting job's key, in two queries; at most so many."""
    rows = (
        Upstream.objects.filter(schedule__workspace=workspace)
        .order_by(F("schedule__job__type"), F("schedule__job__name"), "schedule", "trigger", "key")
        .values_list("schedule", "trigger", "key", "job")[:limit]
    )
    found = list(rows)
    schedules = _schedules({row[0] for row in found})
    return [link for row in found if (link := _link(schedules[row[0]], row[1], row[2], row[3])) is not None]


def chain_of(links: Iterable[ChainLink], *, job: str) -> list[ChainLink]:
    """Those that hang together with a job, over however many others."""
    present, seen, fresh = list(links), {job}, {job}
    while fresh:
        near = {key for link in present if {link.upstream, link.job} & fresh for key in (link.upstream, link.job)}
        fresh = near - seen
        seen |= near
    return [link for link in present if link.job in seen]


def _schedules(ids: set[int]) -> dict[int, Schedule]:
    rows = Schedule.objects.filter(pk__in=ids).select_related("job")
    return {row.pk: row for row in rows.only("name", "state", "document", "job__type", "job__name")}


def _link(schedule: Schedule, trigger: int, upstream: str, upstream_id: int | None) -> ChainLink | None:
    waits = _trigger(schedule, trigger)
    if waits is None:
        return None
    mode, results = waits.rule
    return ChainLink(
        upstream=upstream,
        exists=upstream_id is not None,
        job=schedule.job.key,
        schedule_id=schedule.pk,
        name=schedule.name,
        state=schedule.state,
        results=results,
        needs_all=mode == "all" and len(waits.jobs) > 1,
        delay=str(waits.delay),
    )


def _trigger(schedule: Schedule, place: int) -> JobTrigger | None:
    """None where the document is not valid any more."""
    try:
        triggers = parse_schedule(schedule.document).triggers
    except ValidationError:
        return None
    found = triggers[place] if place < len(triggers) else None
    return found if isinstance(found, JobTrigger) else None
