"""Reading the audit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.models import AuditEntry, Workspace
from jobs.selectors.ordering import Ordering, in_order

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
    *, workspace: Workspace, wanted: AuditFilter, limit: int, after: int | None = None, descending: bool = True
) -> list[AuditEntry]:
    """A page of a workspace's entries, the newest first or ascending, in one query; ``after``: the last one's id."""
    entries = AuditEntry.objects.filter(workspace=workspace)
    if wanted.action is not None:
        whole = not wanted.action.endswith(".")
        entries = entries.filter(action=wanted.action) if whole else entries.filter(action__startswith=wanted.action)
    exact = {"actor": wanted.actor, "target": wanted.target, "at__gte": wanted.since, "at__lt": wanted.until}
    entries = entries.filter(**{name: value for name, value in exact.items() if value is not None})
    place = None if after is None else [after]
    return list(in_order(entries, Ordering(("pk",), descending), after=place, limit=limit))


def all_entries(*, workspace: Workspace, wanted: AuditFilter) -> Iterator[AuditEntry]:
    """All of them, the newest first, read page by page."""
    after: int | None = None
    while page := list_entries(workspace=workspace, wanted=wanted, limit=PAGE, after=after):
        yield from page
        after = page[-1].pk
