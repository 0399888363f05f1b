"""Reading rules, and what they have told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.errors import NotFoundError
from jobs.models import Workspace
from jobs.selectors.ordering import Wanted, wanted_of
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


def list_notices(
    *,
    workspace: Workspace,
    limit: int,
    rule: Rule | None = None,
    job_id: int | None = None,
    run_id: int | None = None,
    before: int | None = None,
) -> list[NoticeView]:
    """A page of the workspace's notices, the newest first, in two queries.

    Args:
        workspace: Whose.
        limit: The most to return.
        rule: Only this one's.
        job_id: Only about this job.
        run_id: Only about this run.
        before: The id of the last one of the page before; None for the first page.
    """
    found = Notice.objects.filter(workspace=workspace)
    for field, value in (("rule", rule), ("job_id", job_id), ("run_id", run_id), ("pk__lt", before)):
        if value is not None:
            found = found.filter(**{field: value})
    return views(list(found.order_by("-pk")[:limit]))


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
