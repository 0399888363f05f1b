"""Reading the audit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from jobs.models import AuditEntry, Workspace

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: those for which everything holds that is given.

    Args:
        actor, target: Exactly so.
        action: Exactly so, or everything of one subject: ``job.``.
        since, until: Aware; from the one on, before the other.
    """

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def list_entries(
    *, workspace: Workspace, wanted: AuditFilter, limit: int, after: int | None = None
) -> list[AuditEntry]:
    """A page of a workspace's entries, the newest first, in a query, and one more for ``after``, the last one's id.

    By time, and not by id alone: so that each filter, with a stretch of time or without one, is a piece of an index.
    """
    entries = AuditEntry.objects.filter(workspace=workspace)
    if after is not None:
        entries = _behind(entries, after)
    if wanted.action is not None:
        whole = not wanted.action.endswith(".")
        entries = entries.filter(action=wanted.action) if whole else entries.filter(action__startswith=wanted.action)
    exact = {"actor": wanted.actor, "target": wanted.target, "at__gte": wanted.since, "at__lt": wanted.until}
    entries = entries.filter(**{name: value for name, value in exact.items() if value is not None})
    return list(entries.order_by("-at", "-pk")[:limit])


def _behind(entries: QuerySet[AuditEntry], after: int) -> QuerySet[AuditEntry]:
    """Those that follow an entry; where it was erased meanwhile, those that follow its place."""
    at = entries.filter(pk__lte=after).order_by("-pk").values_list("at", flat=True).first()
    return entries.none() if at is None else entries.filter(Q(at__lt=at) | Q(pk__lt=after), at__lte=at)


def all_entries(*, workspace: Workspace, wanted: AuditFilter) -> Iterator[AuditEntry]:
    """All of them, the newest first, read page by page."""
    after: int | None = None
    while page := list_entries(workspace=workspace, wanted=wanted, limit=PAGE, after=after):
        yield from page
        after = page[-1].pk
