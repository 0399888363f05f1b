"""Reading the audit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from jobs.errors import NotFoundError
from jobs.models import AuditEntry, Workspace
from jobs.selectors.ordering import Ordering, in_order

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: those for which everything holds that is given.

    Args:
        actor, target: Exactly so.
        token: Done with a token that is called so.
        action: Exactly so, or everything of one subject: ``job.``.
        since, until: Aware; from the one on, before the other.
    """

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    token: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def list_entries(
    *, workspace: Workspace, wanted: AuditFilter, limit: int, after: int | None = None, descending: bool = True
) -> list[AuditEntry]:
    """A page of a workspace's entries, the newest first or ascending, in a query, and one more for ``after``, the last one's id.

    By time, and not by id alone: so that each filter, with a stretch of time or without one, is a piece of an index.
    """
    entries = AuditEntry.objects.filter(workspace=workspace)
    place = None
    if after is not None:
        at = _at(entries, after)
        if at is None and descending:
            return []  # What it stood behind was erased, and nothing older is left.
        place = None if at is None else [at, after]
    if wanted.action is not None:
        whole = not wanted.action.endswith(".")
        entries = entries.filter(action=wanted.action) if whole else entries.filter(action__startswith=wanted.action)
    if wanted.token is not None:
        # Those without one are left out in these words, too, for the index has none of them.
        entries = entries.filter(token=wanted.token).exclude(token="")
    exact = {"actor": wanted.actor, "target": wanted.target, "at__gte": wanted.since, "at__lt": wanted.until}
    entries = entries.filter(**{name: value for name, value in exact.items() if value is not None})
    return list(in_order(entries, Ordering(("at", "pk"), descending), after=place, limit=limit))


def _at(entries: QuerySet[AuditEntry], entry_id: int) -> dt.datetime | None:
    """When an entry was written; where it was erased meanwhile, when the one before its place was; None when there is none."""
    return entries.filter(pk__lte=entry_id).order_by("-pk").values_list("at", flat=True).first()


def find_entry(*, workspace: Workspace, entry_id: int) -> AuditEntry:
    """The entry of that id. Raises NotFoundError: there is none, it was erased, or it is another workspace's."""
    found = AuditEntry.objects.filter(workspace=workspace, pk=entry_id).first()
    if found is None:
        raise NotFoundError(f"there is no audit entry {entry_id} in {workspace.slug}")
    return found


def all_entries(*, workspace: Workspace, wanted: AuditFilter) -> Iterator[AuditEntry]:
    """All of them, the newest first, read page by page."""
    after: int | None = None
    while page := list_entries(workspace=workspace, wanted=wanted, limit=PAGE, after=after):
        yield from page
        after = page[-1].pk
