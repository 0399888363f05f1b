"""Backfills in the admin: how far each has come, what became of its fire times, and a button to end it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html

from jobs.admin.asking import NoteForm, ask
from jobs.admin.badges import badge, told
from jobs.admin.scope import WorkspaceAdmin, WorkspaceFilter, permits
from jobs.errors import JobsError
from jobs.models import Role
from scheduler.admin.words import absolute, together
from scheduler.models import Backfill
from scheduler.requests import parse_cancellation
from scheduler.selectors.backfills import BackfillView, Progress, backfill_view, backfill_views, list_times
from scheduler.selectors.schedules import zone_of
from scheduler.services.backfills import cancel_backfill
from scheduler.states import BackfillState

TIMES = 100
"""Fire times on a page."""


class CancelForm(NoteForm):
    """Why a backfill is cancelled, and what becomes of its runs."""

    parse = staticmethod(parse_cancellation)
    terminate = forms.BooleanField(required=False, label="End its runs too")


@admin.register(Backfill)
class BackfillAdmin(WorkspaceAdmin[Backfill]):
    """A list with progress; a page with what became of each fire time."""

    change_form_template = "admin/scheduler/backfill/change_form.html"
    list_display = ("id", "schedule_link", "span", "state_shown", "progress", "actor")
    list_filter = (WorkspaceFilter, "state")
    ordering = ("-id",)
    list_per_page = 50
    show_full_result_count = False
    fields = ("schedule_link", "span", "which", "limit", "state_told", "progress", ("created_at", "ended_at"))
    readonly_fields = ("schedule_link", "span", "state_told", "progress")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Backfill]:
        """With their schedules and jobs."""
        return super().get_queryset(request).select_related("workspace", "schedule__job")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the progress of all backfills of the page, asked for at once."""
        changes = super().get_changelist_instance(request)
        rows = list(changes.result_list)
        for row, view in zip(rows, backfill_views(backfills=rows), strict=True):
            row.view = view
        changes.result_list = rows
        return changes

    @admin.display(description="schedule")
    def schedule_link(self, backfill: Backfill) -> str:
        """The schedule, which leads to its page."""
        address = reverse("admin:scheduler_schedule_change", args=[backfill.schedule_id])
        return format_html('<a href="{}">{}</a> in {}', address, backfill.schedule, backfill.workspace)

    @admin.display(description="fire times")
    def span(self, backfill: Backfill) -> str:
        """Its range, on the schedule's clock."""
        zone = zone_of(backfill.schedule)
        first, last = (absolute(at, zone=zone, seconds=False) for at in (backfill.start_at, backfill.end_at))
        return format_html("{} {}", together(first), together(f"to {last}"))

    @admin.display(description="state", ordering="state")
    def state_shown(self, backfill: Backfill) -> str:
        """The state with its sign."""
        return badge(backfill.state)

    @admin.display(description="state")
    def state_told(self, backfill: Backfill) -> str:
        """The state, who asked for the backfill and why, and who cancelled it."""
        why = f": “{backfill.note}”" if backfill.note else ""
        cancelled = told(backfill.state_change)
        asked = f" asked for by {backfill.actor or 'the system'}{why}"
        return format_html("{}{}{}", badge(backfill.state), asked, f"; cancelled{cancelled}" if cancelled else "")

    @admin.display(description="progress")
    def progress(self, backfill: Backfill) -> str:
        """A bar, and where its fire times are in words."""
        counts = _view(backfill).progress
        over = counts.total - counts.owed - counts.running
        bar = format_html('<progress value="{}" max="{}"></progress>', over, max(counts.total, 1))
        return format_html("{} {} / {} <br>{}", bar, f"{over:,}", f"{counts.total:,}", _words(counts))

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and the page that asks before a backfill is cancelled."""
        view = self.admin_site.admin_view(self.cancel_view)
        return [path("<int:backfill_id>/cancel/", view, name="scheduler_backfill_cancel"), *super().get_urls()]

    def cancel_view(self, request: HttpRequest, backfill_id: int) -> HttpResponse:
        """Ask why, then start nothing more of it."""
        backfill = self.get_object(request, str(backfill_id))
        if backfill is None or not permits(request, Role.OPERATOR, backfill.workspace_id):
            raise Http404("there is no such backfill, or you may not cancel it")
        page = reverse("admin:scheduler_backfill_change", args=[backfill.pk])
        form = CancelForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            self._cancel(request, backfill, form.asked)
            return HttpResponseRedirect(page)
        return ask(
            self.admin_site,
            request,
            title=f"Cancel {backfill}",
            text="Nothing more of it starts. Runs that it has started go on, unless you end them too.",
            form=form,
            button="Cancel the backfill",
            app="scheduler",
            back=[(reverse("admin:scheduler_backfill_changelist"), "Backfills"), (page, str(backfill))],
        )

    def _cancel(self, request: HttpRequest, backfill: Backfill, asked: Any) -> None:
        actor = str(request.user.get_username())
        try:
            changed = cancel_backfill(backfill=backfill, actor=actor, note=asked.note, terminate=asked.terminate)
        except JobsError as error:
            self.message_user(request, f"Nothing was done: {error}.", messages.ERROR)
            return
        self.message_user(request, f"{backfill} is cancelled." if changed else f"{backfill} was over already.")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add its fire times, and the button as long as there is something to cancel."""
        backfill: Backfill = kwargs["obj"]
        after = _instant(request.GET.get("after", ""))
        times = list_times(backfill=backfill, limit=TIMES + 1, after=after)
        zone = zone_of(backfill.schedule)
        context |= {
            "times": [
                {"local": absolute(each.fire_at, zone=zone), "state": badge(each.state), "run_id": each.run_id}
                for each in times[:TIMES]
            ],
            "more": times[TIMES - 1].fire_at.isoformat() if len(times) > TIMES else None,
            "paged": after is not None,
            "zone": zone,
            "cancellable": backfill.state == BackfillState.RUNNING
            and permits(request, Role.OPERATOR, backfill.workspace_id),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Asked for on a schedule's page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Backfill | None = None) -> bool:
        """What it runs was settled when it was asked for."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Backfill | None = None) -> bool:
        """History is not deleted by hand."""
        return False


def _instant(text: str) -> dt.datetime | None:
    """What the address of a further page says; None for the first page, and for what no page says."""
    try:
        instant = parse_datetime(text)
    except ValueError:
        return None
    return instant if instant is not None and instant.tzinfo is not None else None


def _words(counts: Progress) -> str:
    named = (
        ("running", counts.running),
        ("to come", counts.owed),
        ("succeeded", counts.succeeded),
        ("failed", counts.failed),
        ("cancelled", counts.cancelled),
        ("left out", counts.left_out),
        ("not started", counts.not_started),
        ("erased", counts.erased),
    )
    return ", ".join(f"{number:,} {name}" for name, number in named if number)


def _view(backfill: Backfill) -> BackfillView:
    """Its progress; asked for once."""
    view: BackfillView | None = getattr(backfill, "view", None)
    if view is None:
        view = backfill_view(backfill=backfill)
        backfill.view = view  # type: ignore[attr-defined]
    return view
