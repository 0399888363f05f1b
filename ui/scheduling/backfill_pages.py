"""Backfills: what one would run, that it begins, how far it has come, and its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.errors import JobsError
from jobs.models import Role
from scheduler.backfilling import standing_words
from scheduler.models import Backfill
from scheduler.models.backfill import MOST_AT_ONCE
from scheduler.selectors.backfills import (
    BackfillView,
    Plan,
    Progress,
    backfill_view,
    find_backfill,
    list_backfills,
    list_times,
    plan_backfill,
)
from scheduler.selectors.schedules import zone_of
from scheduler.services.backfills import cancel_backfill, create_backfill
from scheduler.states import BackfillState, Which
from ui.actions import Action, Done, Question, add_errors
from ui.listing import Listed, ListPage
from ui.scheduling.addresses import run_address
from ui.scheduling.schedule_page import SchedulePart
from ui.scheduling.verbs import NoteForm

SHOWN_TIMES = 200
TIMES = 100
_WHICH = (
    (Which.MISSING.value, gettext_lazy("those for which no run was started")),
    (Which.MISSING_AND_FAILED.value, gettext_lazy("those, and the ones whose last run failed or was cancelled")),
    (Which.ALL.value, gettext_lazy("every one that is not running")),
)


class BackfillForm(forms.Form):
    """Which fire times of the past are to be run, and how many at once."""

    start = forms.CharField(
        label=gettext_lazy("From"),
        max_length=100,
        help_text=gettext_lazy("The first day or time, on the schedule's clock."),
        widget=forms.TextInput(attrs={"placeholder": "2026-11-01", "autocomplete": "off"}),
    )
    end = forms.CharField(
        label=gettext_lazy("To"),
        max_length=100,
        help_text=gettext_lazy("The last one. A day alone means all of it."),
        widget=forms.TextInput(attrs={"placeholder": "2026-11-07", "autocomplete": "off"}),
    )
    which = forms.ChoiceField(label=gettext_lazy("Which"), choices=_WHICH, initial=Which.MISSING.value)
    limit = forms.IntegerField(
        label=gettext_lazy("At once"),
        initial=1,
        min_value=1,
        max_value=MOST_AT_ONCE,
        help_text=gettext_lazy("How many of its runs may be active at the same time."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("Why; for whoever reads it later."),
    )


class NewBackfill(SchedulePart):
    """``schedules/<id>/backfill/``: first what it would run, then that it begins: with that, and nothing that was typed since."""

    template = "ui/scheduling/backfill_new.html"
    roles: Mapping[str, Role] = {"GET": Role.OPERATOR, "POST": Role.OPERATOR}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask which."""
        return self._show(BackfillForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the plan; with ``begin``, begin."""
        form = BackfillForm(request.POST)
        if not form.is_valid():
            return self._show(form, status=422)
        try:
            if "begin" in request.POST and request.POST.get("planned") == _range(form.cleaned_data):
                return self._begin(form.cleaned_data)
            return self._show(form, plan=self._plan(form.cleaned_data))
        except JobsError as error:
            add_errors(form, error)
            return self._show(form, status=422)

    def _show(self, form: BackfillForm, *, status: int = 200, plan: Plan | None = None) -> HttpResponse:
        zone = zone_of(self.schedule)
        rows = [] if plan is None else plan_rows(plan)
        told: dict[str, Any] = {
            "form": form,
            "schedule": self.schedule,
            "zone": zone,
            "plan": plan,
            "planned": "" if plan is None else _range(form.cleaned_data),
            "rows": rows[:SHOWN_TIMES],
        }
        return self.page(status=status, crumbs=self.crumbs, cut=len(rows) > SHOWN_TIMES, **told)

    def _plan(self, asked: Mapping[str, Any]) -> Plan:
        wanted = {name: asked[name] for name in ("start", "end", "which")}
        return plan_backfill(schedule=self.schedule, now=self.now, **wanted)

    def _begin(self, asked: Mapping[str, Any]) -> HttpResponse:
        begun = create_backfill(schedule=self.schedule, actor=self.actor, **asked)
        messages.success(self.request, _("Backfill %d has begun.") % begun.pk)
        return HttpResponseRedirect(reverse("ui:backfill", args=[self.workspace.slug, begun.pk]))


class BackfillList(ListPage):
    """``schedules/backfills/``"""

    template = "ui/scheduling/backfills.html"
    rows_template = "ui/scheduling/backfill_rows.html"
    area = "ui:schedules"

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[BackfillView]:
        """The newest first."""
        last = int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else None
        return list_backfills(workspace=self.workspace, limit=limit, after=last)

    def cursor(self, row: BackfillView) -> str:
        """Its id."""
        return str(row.backfill.pk)

    def more(self, listed: Listed) -> dict[str, Any]:
        """Which of the Scheduler's pages this is."""
        return {"tab": "backfills"}


class BackfillPart(SchedulePart):
    """What lies below ``schedules/backfills/<id>/``."""

    @cached_property
    def backfill(self) -> Backfill:
        """Of the address. Raises NotFoundError."""
        return find_backfill(workspace=self.workspace, backfill_id=self.kwargs["backfill_id"])


class BackfillPage(BackfillPart):
    """``schedules/backfills/<id>/``: its progress, which is live while it runs, and what became of each fire time."""

    template = "ui/scheduling/backfill.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The page, or what is live of it."""
        backfill, after = self.backfill, _instant(request.GET.get("after", ""))
        progress = backfill_view(backfill=backfill).progress
        times = list_times(backfill=backfill, limit=TIMES + 1, after=after)
        told: dict[str, Any] = {
            "backfill": backfill,
            "progress": progress,
            "over": progress.total - progress.owed - progress.running,
            "counts": _counts(progress),
            "zone": zone_of(backfill.schedule),
            "times": [self._time(each) for each in times[:TIMES]],
            "following": times[TIMES - 1].fire_at.isoformat() if len(times) > TIMES else None,
            "paged": after is not None,
            "runs": backfill.state == BackfillState.RUNNING,
        }
        if request.headers.get("HX-Target") == "progress":
            return self.part("ui/scheduling/backfill_progress.html", **told)
        return self.page(crumbs=self.crumbs, **told)

    def _time(self, each: Any) -> dict[str, Any]:
        address = "" if each.run_id is None else run_address(self.workspace.slug, each.run_id)
        return {"fire_at": each.fire_at, "state": each.state, "run_id": each.run_id, "address": address}


class CancelForm(NoteForm):
    """Why, and what becomes of its runs."""

    terminate = forms.BooleanField(
        required=False,
        label=gettext_lazy("End its runs too"),
        help_text=gettext_lazy("Otherwise the runs that it has started go on."),
    )


class CancelBackfill(Action):
    """``schedules/backfills/<id>/cancel/``"""

    area = "ui:schedules"
    form_class = CancelForm

    def let_in(self) -> None:
        """Raise NotFoundError for what is not there, before anything is asked about it."""
        super().let_in()
        self.backfill  # noqa: B018 - found, or not

    def role_for(self, method: str) -> Role:
        """For operators."""
        return Role.OPERATOR

    @cached_property
    def backfill(self) -> Backfill:
        """Of the address. Raises NotFoundError."""
        return find_backfill(workspace=self.workspace, backfill_id=self.kwargs["backfill_id"])

    def question(self) -> Question:
        """How many do not start."""
        progress = backfill_view(backfill=self.backfill).progress
        text = _("%(owed)d fire times that have not begun are not run any more; %(running)d runs of it are active.")
        title = _("Cancel backfill %d") % self.backfill.pk
        counted = text % {"owed": progress.owed, "running": progress.running}
        return Question(title, counted, _("Cancel the backfill"), danger=True)

    def act(self, form: Any) -> Done:
        """Start nothing more of it."""
        said = form.cleaned_data
        changed = cancel_backfill(
            backfill=self.backfill, actor=self.actor, note=said["note"], terminate=said["terminate"]
        )
        words = _("Backfill %d is cancelled.") if changed else _("Backfill %d was over already.")
        return Done(words % self.backfill.pk)

    def back(self) -> str:
        """Its page."""
        return reverse("ui:backfill", args=[self.workspace.slug, self.kwargs["backfill_id"]])


def _range(asked: Mapping[str, Any]) -> str:
    """What a plan hangs on."""
    return " ".join(str(asked[name]) for name in ("start", "end", "which"))


def plan_rows(plan: Plan) -> list[dict[str, Any]]:
    """Each fire time of a plan: how it stands, and whether it would be run."""
    return [
        {"fire_at": each.standing.fire_at, "stands": standing_words(each.standing), "runs": each.wanted}
        for each in plan.times
    ]


def _counts(progress: Progress) -> list[tuple[str, int]]:
    named = (
        ("running", progress.running),
        ("owed", progress.owed),
        ("succeeded", progress.succeeded),
        ("failed", progress.failed),
        ("cancelled", progress.cancelled),
        ("left_out", progress.left_out),
        ("not_started", progress.not_started),
        ("erased", progress.erased),
    )
    return [(name, count) for name, count in named if count]


def _instant(text: str) -> dt.datetime | None:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None
