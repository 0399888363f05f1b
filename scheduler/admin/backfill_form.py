"""Asking for a backfill on a schedule's page: first what it would run, then that it begins."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from jobs.admin.asking import AskForm, ask
from jobs.admin.fields import RawText, placed
from jobs.admin.scope import WorkspaceAdmin, permits
from jobs.errors import JobsError, ValidationError
from jobs.models import Role
from scheduler.admin.words import absolute
from scheduler.backfilling import standing_words
from scheduler.models import Schedule
from scheduler.models.backfill import MOST_AT_ONCE
from scheduler.requests import parse_backfill
from scheduler.selectors.backfills import Plan, plan_backfill
from scheduler.selectors.schedules import zone_of
from scheduler.services.backfills import create_backfill
from scheduler.states import Which

SHOWN = 200
"""Fire times of a plan."""


class BackfillForm(AskForm):
    """Which fire times of the past are to be run, and how many at once."""

    parse = staticmethod(parse_backfill)
    start = RawText(widget=forms.TextInput(attrs={"placeholder": "2026-11-01"}), help_text="The first day or time.")
    end = RawText(
        widget=forms.TextInput(attrs={"placeholder": "2026-11-07"}),
        help_text="The last one. A day alone means all of it; both are on the schedule's clock.",
    )
    which = forms.ChoiceField(choices=[(which.value, which.value.replace("_", " ")) for which in Which])
    limit = forms.IntegerField(
        initial=1, min_value=1, max_value=MOST_AT_ONCE, help_text="How many of its runs at once."
    )
    note = RawText(
        widget=forms.TextInput(attrs={"class": "vLargeTextField"}), help_text="Why; for whoever reads it later."
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fixed = {"dry_run": bool(data and data.get("dry_run"))}


class BackfillPages(WorkspaceAdmin[Schedule]):
    """The page behind a schedule's button."""

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and this one."""
        view = self.admin_site.admin_view(self.backfill_view)
        return [path("<int:schedule_id>/backfill/", view, name="scheduler_schedule_backfill"), *super().get_urls()]

    def backfill_view(self, request: HttpRequest, schedule_id: int) -> HttpResponse:
        """Ask which; show what it would run, or begin."""
        schedule = self.get_object(request, str(schedule_id))
        if schedule is None or not permits(request, Role.OPERATOR, schedule.workspace_id):
            raise Http404("there is no such schedule, or you may not do this to it")
        form = BackfillForm(request.POST if request.method == "POST" else None)
        shown: dict[str, Any] = {}
        if request.method == "POST" and form.is_valid():
            try:
                if not form.asked.dry_run:
                    return self._begin(request, schedule, form.asked)
                shown = _plan(schedule, form.asked)
            except ValidationError as error:
                for each in error.errors:
                    form.add_error(*placed(each, form.fields))
            except JobsError as error:
                self.message_user(request, f"Nothing was done: {error}.", messages.ERROR)
        page = ask(
            self.admin_site,
            request,
            title=f"Backfill: {schedule}",
            text="Fire times of the past are run now, a few at a time, beside what the schedule fires itself.",
            form=form,
            button="Backfill",
            back=[
                (reverse("admin:scheduler_schedule_changelist"), "Schedules"),
                (reverse("admin:scheduler_schedule_change", args=[schedule.pk]), str(schedule)),
            ],
            app="scheduler",
        )
        page.template_name = "admin/scheduler/schedule/backfill.html"
        page.context_data = {**(page.context_data or {}), **shown}
        return page

    def _begin(self, request: HttpRequest, schedule: Schedule, asked: Any) -> HttpResponse:
        begun = create_backfill(
            schedule=schedule,
            start=asked.start,
            end=asked.end,
            which=asked.which,
            limit=asked.limit,
            note=asked.note,
            actor=str(request.user.get_username()),
        )
        self.message_user(request, f"{begun} has begun.")
        return HttpResponseRedirect(reverse("admin:scheduler_backfill_change", args=[begun.pk]))


def _plan(schedule: Schedule, asked: Any) -> dict[str, Any]:
    plan = plan_backfill(schedule=schedule, start=asked.start, end=asked.end, which=asked.which, now=timezone.now())
    return {"plan": plan, "times": _rows(schedule, plan), "cut": len(plan.times) > SHOWN}


def _rows(schedule: Schedule, plan: Plan) -> list[dict[str, Any]]:
    zone = zone_of(schedule)
    return [
        {
            "local": absolute(each.standing.fire_at, zone=zone),
            "stands": standing_words(each.standing),
            "runs": each.wanted,
        }
        for each in plan.times[:SHOWN]
    ]
