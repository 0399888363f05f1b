"""Which runs are on a page, in words that an index answers: those that have ended and those that have not have indexes of their
own, for what only a list needs is not to be written when a run starts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Case, DateTimeField, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThan

from jobs.models import Run, Workspace
from jobs.selectors.ordering import Ordering, in_order

_BEFORE_ALL = dt.datetime.min.replace(tzinfo=dt.UTC)
_CREATED = ("created_at", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which page of a list of runs.

    Args:
        limit: The most that it has.
        descending: Whether the newest come first.
        after: The id of the last run of the page before, which may have been erased since; None for the first page.
        since, until: Only runs that were created from the one on and before the other, aware; then the order is that of their
            creation, and it is the id's otherwise.
        in_parts: Whether they may have ended or not, and are found by a word for which the two have different indexes.
    """

    limit: int
    descending: bool
    after: int | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    in_parts: bool = False


def page_query(runs: QuerySet[Run], workspace: Workspace, page: Page) -> tuple[str, tuple[Any, ...]]:
    """The query of the ids of a page's runs, in its order, and its parameters.

    Args:
        runs: All that are meant, of the workspace, whenever they were created.
        workspace: Theirs.
        page: Which of them.
    """
    in_time = page.since is not None or page.until is not None
    columns = _CREATED if in_time else ("id",)
    parts = [_within(part, workspace, page) if in_time else _by_id(part, page) for part in _parts(runs, page)]
    [found, *others] = [part.values("id", "created_at") for part in parts]
    if others:
        signed = [f"-{column}" if page.descending else column for column in columns]
        found = found.union(*others, all=True).order_by(*signed)[: page.limit]
    query, parameters = found.query.sql_with_params()
    order = ", ".join(f"page.{column} {'DESC' if page.descending else 'ASC'}" for column in columns)
    return f"SELECT page.id FROM ({query}) AS page ORDER BY {order}", parameters  # noqa: S608 - of what Django made


def _parts(runs: QuerySet[Run], page: Page) -> list[QuerySet[Run]]:
    """Those that have ended, and those that have not (id > 0: see `jobs.models.Run`)."""
    return [runs.filter(ended_at__isnull=False), runs.filter(ended_at=None, pk__gt=0)] if page.in_parts else [runs]


def _by_id(runs: QuerySet[Run], page: Page) -> QuerySet[Run]:
    after = None if page.after is None else [page.after]
    return in_order(runs, Ordering(("id",), page.descending), after=after, limit=page.limit)


def _within(runs: QuerySet[Run], workspace: Workspace, page: Page) -> QuerySet[Run]:
    """One condition says where the index is entered: of two PostgreSQL would take the first, and read from there to the other."""
    after = None if page.after is None else _place(workspace, page, page.after)
    if page.since is not None and (page.descending or after is None):
        runs = runs.filter(created_at__gte=page.since)
    if page.until is not None and (not page.descending or after is None):
        runs = runs.filter(created_at__lt=page.until)
    return in_order(runs, Ordering(_CREATED, page.descending), after=after, limit=page.limit)


def _place(workspace: Workspace, page: Page, after: int) -> Sequence[Any]:
    """Behind that run, and within the time on that side: created before ``until`` is before the run 0 of that moment."""
    created = _created(workspace, after)
    bound = page.until if page.descending else page.since
    if bound is None:
        return [created, after]
    inside = When(LessThan(created, bound) if page.descending else GreaterThanOrEqual(created, bound), then=created)
    moment = Case(inside, default=Value(bound), output_field=DateTimeField())
    run_id = Case(When(inside.condition, then=Value(after)), default=Value(0), output_field=BigIntegerField())
    return [moment, run_id]


def _created(workspace: Workspace, run_id: int) -> Coalesce:
    """When that run was created; if it is gone, when the one was that came before it, and if there is none, before all."""
    last = Run.objects.filter(workspace=workspace, pk__lte=run_id).order_by("-pk")
    return Coalesce(Subquery(last.values("created_at")[:1]), Value(_BEFORE_ALL), output_field=DateTimeField())
