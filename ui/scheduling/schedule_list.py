"""All schedules of a workspace: what comes next, what was decided last, and what can be done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from jobs.models import Role
from jobs.selectors.origins import schedules_kept
from scheduler.selectors.schedule_pages import PUNCTUAL, Place, ScheduleFilter, schedules_by_next
from scheduler.selectors.schedules import ScheduleView
from scheduler.states import ScheduleState
from ui.listing import Filter, Listed, ListPage
from ui.scheduling.addresses import job_address
from ui.scheduling.decisions import ShownDecision, shown_decision
from ui.scheduling.trigger_parts import KINDS
from ui.scheduling.verbs import Offer, offers

_STATES = (
    (ScheduleState.ACTIVE.value, _("active")),
    (ScheduleState.PAUSED.value, _("paused")),
    (ScheduleState.ENDED.value, _("ended")),
)


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A schedule in the list. ``late``: how long it has been due, None while that is no more than a beat takes. ``is_kept``: in a
    file, where it is changed."""

    view: ScheduleView
    state: str
    late: dt.timedelta | None
    decision: ShownDecision | None
    offers: Sequence[Offer]
    job_address: str
    is_kept: bool


class ScheduleList(ListPage):
    """``schedules/``"""

    template = "ui/scheduling/list.html"
    rows_template = "ui/scheduling/rows.html"
    area = "ui:schedules"
    filters = (
        Filter("q", _("Search"), kind="search", hint=_("job or schedule")),
        Filter("state", _("State"), _STATES),
        Filter("late", _("Late"), (("yes", _("late now")), ("no", _("on time")))),
        Filter("trigger", _("Trigger"), tuple((kind, group.label) for kind, group in KINDS.items())),
        Filter("job", _("Job"), hint="task:name"),
    )

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[ScheduleRow]:
        """Those that owe something first, by when they run next."""
        wanted = ScheduleFilter(
            search=values["q"] or None,
            job_key=values["job"] or None,
            state=values["state"] or None,
            trigger=values["trigger"] or None,
            late={"yes": True, "no": False}.get(values["late"]),
        )
        found = schedules_by_next(
            workspace=self.workspace, wanted=wanted, limit=limit, now=self.now, after=_place(after)
        )
        kept = self._kept(found)
        return [self._row(view, (view.schedule.job.key, view.schedule.name) in kept) for view in found]

    def cursor(self, row: ScheduleRow) -> str:
        """When it runs next, and its id."""
        due = row.view.schedule.next_run_at
        return f"{due.isoformat() if due else ''}~{row.view.schedule.pk}"

    def more(self, listed: Listed) -> dict[str, Any]:
        """Which of the Scheduler's pages this is."""
        return {"tab": "list"}

    def _kept(self, found: Sequence[ScheduleView]) -> set[tuple[str, str]]:
        """Asked for those who could change them otherwise."""
        if not self.may(Role.EDITOR):
            return set()
        places = [(view.schedule.job.key, view.schedule.name) for view in found]
        return schedules_kept(workspace_id=self.workspace.pk, places=places)

    def _row(self, view: ScheduleView, is_kept: bool) -> ScheduleRow:
        slug, fire = self.workspace.slug, view.last_fire
        return ScheduleRow(
            view=view,
            state=shown_state(view),
            late=view.late if view.late is not None and view.late >= PUNCTUAL else None,
            decision=None if fire is None else shown_decision(fire, slug=slug),
            offers=[
                offer
                for offer in offers(view.schedule, slug=slug, allows=self.may)
                if not (is_kept and offer.name == "delete")
            ],
            job_address=job_address(slug, view.schedule.job.key),
            is_kept=is_kept,
        )


def shown_state(view: ScheduleView) -> str:
    """For the badge: late comes before what it is otherwise, and so does that somebody disabled it."""
    schedule = view.schedule
    if view.late is not None and view.late >= PUNCTUAL:
        return "late"
    if schedule.state == ScheduleState.ACTIVE and schedule.document.get("enabled") is False:
        return "disabled"
    return schedule.state


def _place(after: str) -> Place | None:
    """None for the first page, and for what no page says."""
    due, _tilde, pk = after.rpartition("~")
    if not (pk.isascii() and pk.isdecimal()) or len(pk) > 18:
        return None
    try:
        at = dt.datetime.fromisoformat(due) if due else None
    except ValueError:
        return None
    return None if at is not None and at.tzinfo is None else Place(at, int(pk))
