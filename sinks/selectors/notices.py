"""Reading rules, and what they have told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, Q, Subquery

from jobs.errors import NotFoundError
from jobs.models import Origin, Workspace
from jobs.selectors.ordering import NEWEST_FIRST, Ordering, Wanted, given, in_order, wanted_of
from sinks.models import Delivery, Notice, Rule

KEPT_BACK, WAITING = "kept_back", "waiting"


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice as readers see it. ``state``: `WAITING` to be sent with others, `KEPT_BACK`, or its delivery's (``due``, say)."""

    notice: Notice
    state: str


def find_rule(*, workspace: Workspace, name: str) -> Rule:
    """The workspace's rule of that name, in one query. Raises NotFoundError, also for another workspace's."""
    rule = Rule.objects.filter(workspace=workspace, name=name).first()
    if rule is None:
        raise NotFoundError(f"there is no rule {name!r} in {workspace.slug}")
    return rule


def list_rules(*, workspace: Workspace, wanted: Wanted) -> list[Rule]:
    """A page of the workspace's rules, in one query."""
    return list(wanted_of(Rule.objects.filter(workspace=workspace), wanted))


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule with its newest notice, None for none, and whether a file keeps it."""

    rule: Rule
    last: NoticeView | None
    is_kept: bool


def rule_pages(
    *,
    workspace: Workspace,
    limit: int,
    after: str = "",
    search: str = "",
    enabled: bool | None = None,
    sink: str = "",
    event: str = "",
) -> list[RuleView]:
    """A page of the workspace's rules by name, as people read them, in four queries.

    Args:
        after: The name of the last one of the page before.
        search: A part of the name, or of what it says for people.
        enabled: Only those that tell something, or only those that do not.
        sink: Only those that tell through the sink of that name.
        event: Only those that tell of that.
    """
    found = Rule.objects.filter(workspace=workspace, name__gt=after).select_related("sink")
    if search:
        found = found.filter(Q(name__icontains=search) | Q(document__description__icontains=search))
    if enabled is not None:
        found = found.filter(enabled=enabled)
    if sink:
        found = found.filter(sink__name=sink)
    if event:
        found = found.filter(document__events__contains=[event])
    rules = list(found.order_by("name")[:limit])
    newest = _newest_of(rules)
    origins = Origin.objects.filter(workspace=workspace, kind="notice_rule", name__in=[rule.name for rule in rules])
    kept = set(origins.values_list("name", flat=True))
    return [RuleView(rule, newest.get(rule.pk), rule.name in kept) for rule in rules]


def _newest_of(rules: Sequence[Rule]) -> dict[int, NoticeView]:
    """By rule. Each is looked up by the index of its rule's notices; were they grouped, all of them would be read."""
    newest = Notice.objects.filter(rule=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    ids = Rule.objects.filter(pk__in=[rule.pk for rule in rules]).annotate(newest=Subquery(newest))
    found = Notice.objects.filter(pk__in=[pk for pk in ids.values_list("newest", flat=True) if pk is not None])
    return {view.notice.rule_id: view for view in views(list(found))}


def list_notices(
    *,
    workspace: Workspace,
    limit: int,
    rule: Rule | None = None,
    job_id: int | None = None,
    run_id: int | None = None,
    event: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    after: int | None = None,
    ordering: Ordering = NEWEST_FIRST,
) -> list[NoticeView]:
    """A page of the workspace's notices in two queries.

    Args:
        workspace: Whose.
        limit: The most to return.
        rule: Only this one's.
        job_id: Only about this job.
        run_id: Only about this run.
        event: Only of this, such as run.failed.
        since: Only those made at this aware UTC instant or later.
        until: Only those made before it.
        after: The id of the last one of the page before; None for the first page.
        ordering: By id.
    """
    of = {"rule": rule, "job_id": job_id, "run_id": run_id, "event": event}
    wanted = of | {"created_at__gte": since, "created_at__lt": until}
    found = Notice.objects.filter(workspace=workspace, **given(wanted))
    return views(list(in_order(found, ordering, after=None if after is None else (after,), limit=limit)))


def are_there(run_id: int) -> bool:
    """Whether anything was told about a run, is to be, or was kept back."""
    return Notice.objects.filter(run_id=run_id).exists()


def views(notices: Sequence[Notice]) -> list[NoticeView]:
    """What became of each, in one query."""
    ids = [each.delivery_id for each in notices if each.delivery_id is not None]
    states = dict(Delivery.objects.filter(pk__in=ids).values_list("pk", "state"))
    return [NoticeView(each, _state(each, states)) for each in notices]


def _state(notice: Notice, states: dict[int, str]) -> str:
    if notice.delivery_id is not None:
        return states.get(notice.delivery_id, "erased")
    return WAITING if notice.send_at is not None else KEPT_BACK
