"""One schedule: how it stands, what comes next, what was decided, and the answer to "why"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from jobs.errors import NotFoundError, ValidationError
from jobs.selectors.origins import origin_of_schedule
from scheduler.definition import Definition, compile_schedule
from scheduler.models import Fire, Schedule
from scheduler.selectors.backfills import list_backfills
from scheduler.selectors.beats import beat_lives
from scheduler.selectors.explanations import explain
from scheduler.selectors.previews import preview
from scheduler.selectors.schedule_pages import PUNCTUAL, schedule_at
from scheduler.selectors.schedules import ScheduleView, definition_of, list_fires, schedule_view
from scheduler.states import FireState
from ui.pages import WorkspacePage, is_htmx
from ui.preferences import zone_of
from ui.scheduling.addresses import job_address, run_address
from ui.scheduling.decisions import ShownDecision, run_states_of, shown_decision
from ui.scheduling.schedule_list import shown_state
from ui.scheduling.upcoming import Upcoming, upcoming
from ui.scheduling.verbs import offers

DECISIONS = 25
BACKFILLS = 5
LONGEST_QUESTION = 100


class ToldTrigger(NamedTuple):
    """One trigger of a schedule in words."""

    number: int
    words: str
    enabled: bool


class SchedulePart(WorkspacePage):
    """What lies below ``schedules/<id>/``."""

    area = "ui:schedules"

    @cached_property
    def schedule(self) -> Schedule:
        """Of the address. Raises NotFoundError."""
        return schedule_at(workspace=self.workspace, schedule_id=self.kwargs["schedule_id"])

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        """The way here."""
        return [(reverse("ui:schedules", args=[self.workspace.slug]), _("Scheduler"))]

    def answer(self, at: str) -> dict[str, Any]:
        """Why it did or did not run at a time; nothing when nothing was asked."""
        asked = at.strip()[:LONGEST_QUESTION]
        if not asked:
            return {"at": ""}
        try:
            found = explain(schedule=self.schedule, at=asked, now=self.now)
        except ValidationError as error:
            return {"at": asked, "at_error": "; ".join(each.message for each in error.errors)}
        address = "" if found.run_id is None else run_address(self.workspace.slug, found.run_id)
        return {"at": asked, "answer": found, "run_address": address}


class Why(SchedulePart):
    """``schedules/<id>/why/?at=``: the answer, for a dialog, for the page, or as a page of its own."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask the engine that explains."""
        told = {"schedule": self.schedule, **self.answer(request.GET.get("at", ""))}
        if request.headers.get("HX-Target") == "answer":
            return self.part("ui/scheduling/answer.html", **told)
        if is_htmx(request):
            return self.part("ui/scheduling/why.html", **told)
        return self.page(template="ui/scheduling/why_page.html", **told)


class SchedulePage(SchedulePart):
    """``schedules/<id>/``"""

    template = "ui/scheduling/schedule.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """All of it; ``at`` asks a question, ``state`` filters the decisions, ``after`` pages through them."""
        if request.headers.get("HX-Target") == "decisions":
            return self.part("ui/scheduling/decisions.html", **self._decisions())
        schedule, slug = self.schedule, self.workspace.slug
        view = schedule_view(schedule=schedule, now=self.now)
        late = view.late is not None and view.late >= PUNCTUAL
        return self.page(
            view=view,
            state=shown_state(view),
            late=view.late if late else None,
            no_beat=late and not beat_lives(),
            offers=offers(schedule, slug=slug, allows=self.may),
            origin=origin_of_schedule(workspace_id=schedule.workspace_id, job_key=schedule.job.key, name=schedule.name),
            job_address=job_address(slug, schedule.job.key),
            last=None if view.last_fire is None else shown_decision(view.last_fire, slug=slug),
            backfills=list_backfills(workspace=self.workspace, limit=BACKFILLS, schedule=schedule),
            crumbs=self.crumbs,
            **self._times(view),
            **self._decisions(),
            **self.answer(request.GET.get("at", "")),
        )

    def _times(self, view: ScheduleView) -> dict[str, Any]:
        try:
            return {"triggers": told_triggers(view.schedule), "upcoming": self._upcoming()}
        except ValidationError as error:
            return {"unreadable": str(error)}

    def _upcoming(self) -> Upcoming:
        return upcoming(preview(schedule=self.schedule, now=self.now), reader=zone_of(self.request))

    def _decisions(self) -> dict[str, Any]:
        state = self.request.GET.get("state", "")
        after = _number(self.request.GET.get("after", ""))
        found = self._fires(state if state in set(FireState) else None, after)
        shown = found[:DECISIONS]
        states = run_states_of(shown)
        return {
            "schedule": self.schedule,
            "zone": _zone_name(self.schedule),
            "decisions": [self._decision(fire, states) for fire in shown],
            "states": list(FireState),
            "chosen": state,
            "following": shown[-1].pk if len(found) > DECISIONS else None,
            "paged": after is not None,
        }

    def _fires(self, state: str | None, after: int | None) -> list[Fire]:
        try:
            return list_fires(schedule=self.schedule, limit=DECISIONS + 1, after=after, state=state)
        except NotFoundError:
            return []

    def _decision(self, fire: Fire, states: dict[int, str]) -> ShownDecision:
        return shown_decision(fire, slug=self.workspace.slug, run_states=states)


def told_triggers(schedule: Schedule) -> Sequence[ToldTrigger]:
    """Each trigger of a schedule by itself, in its order, also those that are not enabled. Raises ValidationError."""
    document = definition_of(schedule).document.to_dict()
    return [
        ToldTrigger(
            number,
            _alone(schedule, document | {"triggers": [trigger | {"enabled": True}]}).describe(),
            trigger["enabled"],
        )
        for number, trigger in enumerate(document["triggers"], 1)
    ]


def _alone(schedule: Schedule, document: dict[str, Any]) -> Definition:
    zone = settings.JOBS_DEFAULT_TIMEZONE
    return compile_schedule(document=document, anchor=schedule.anchor_at, key=str(schedule.pk), default_zone=zone)


def _zone_name(schedule: Schedule) -> str:
    try:
        return definition_of(schedule).zone.key
    except ValidationError:
        return str(settings.JOBS_DEFAULT_TIMEZONE)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
