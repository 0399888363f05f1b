"""Schedules in the admin: what happens next, what was decided, and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from jobs.admin.badges import badge, told
from jobs.admin.histories import EventHistory
from jobs.admin.kept import KeptInFiles
from jobs.admin.scope import WorkspaceFilter, permits, workspaces
from jobs.documents import JOB_TYPES
from jobs.errors import FieldError, JobsError, ValidationError
from jobs.models import Event, Job, Origin, Role
from jobs.selectors.events import list_job_events
from jobs.selectors.origins import origin_of_schedule
from scheduler.admin import panels
from scheduler.admin.backfill_form import BackfillPages
from scheduler.admin.controls import ScheduleControls
from scheduler.admin.schedule_form import ScheduleForm, entry_of, written
from scheduler.admin.simulation import SimulationPages
from scheduler.admin.words import PUNCTUAL, decision, late, moment
from scheduler.models import Schedule
from scheduler.selectors.schedules import ScheduleView, readable, schedule_view, schedule_views
from scheduler.services.editing import create_schedule, update_schedule


class LateFilter(admin.SimpleListFilter):
    """Those that should have been dealt with: what somebody asks first when nothing runs."""

    title = "whether it is late"
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One."""
        return [("yes", "late now")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> QuerySet[Schedule]:
        """By the index of what is due."""
        late_since = timezone.now() - PUNCTUAL
        return queryset.filter(next_run_at__lt=late_since) if self.value() == "yes" else queryset


@admin.register(Schedule)
class ScheduleAdmin(KeptInFiles[Schedule], ScheduleControls, BackfillPages, SimulationPages, EventHistory[Schedule]):
    """A list by what comes next; a page with what happens next, what was decided, an answer to "why", and the definition."""

    form = ScheduleForm
    kept_as = "schedule"
    change_form_template = "admin/scheduler/schedule/change_form.html"
    change_list_template = "admin/scheduler/schedule/change_list.html"
    list_display = ("named", "when", "next_shown", "last_shown", "state_shown")
    list_filter = (WorkspaceFilter, LateFilter, "state")
    search_fields = ("job__name", "name")
    search_help_text = "A part of a job's or a schedule's name"
    ordering = ("next_run_at", "pk")
    list_per_page = 50
    show_full_result_count = False
    autocomplete_fields = ("job",)
    readonly_fields = (
        "job_link",
        "when",
        "state_told",
        "acts_as",
        "next_shown",
        "late_shown",
        "last_shown",
        "remaining",
        "definition",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        """With the jobs, less what may be long in them."""
        return readable(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Schedule], search_term: str
    ) -> tuple[QuerySet[Schedule], bool]:
        """A job's key is its type and its name."""
        job_type, colon, rest = search_term.strip().partition(":")
        if colon and job_type in JOB_TYPES:
            queryset, search_term = queryset.filter(job__type=job_type), rest
        return super().get_search_results(request, queryset, search_term)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With what is told beside the schedules of the page, asked for all at once."""
        changes = super().get_changelist_instance(request)
        rows = list(changes.result_list)
        for row, view in zip(rows, schedule_views(schedules=rows, now=timezone.now()), strict=True):
            row.view = view
        changes.result_list = rows
        return changes

    def find_origin(self, obj: Schedule) -> Origin | None:
        """By itself, or with its job."""
        return origin_of_schedule(workspace_id=obj.workspace_id, job_key=obj.job.key, name=obj.name)

    # --- What is shown ------------------------------------------------------------------------------------------------

    @admin.display(description="schedule", ordering="job__name")
    def named(self, schedule: Schedule) -> str:
        """The job's key, and the schedule's name."""
        return format_html("{}<br>{}", schedule.job.key, schedule.name)

    @admin.display(description="job")
    def job_link(self, schedule: Schedule) -> str:
        """The job's key, which leads to its page."""
        address = reverse("admin:jobs_job_change", args=[schedule.job_id])
        return format_html('<a href="{}">{}</a> in {}', address, schedule.job.key, schedule.workspace)

    @admin.display(description="when")
    def when(self, schedule: Schedule) -> str:
        """The sentence, and the clock it is read on."""
        view = _view(schedule)
        off = "" if schedule.document.get("enabled", True) else format_html(" {}", badge("disabled"))
        return format_html('{} <span class="quiet">{}</span>{}', view.sentence, view.zone.key, off)

    @admin.display(description="next", ordering="next_run_at")
    def next_shown(self, schedule: Schedule) -> str:
        """How far away the next fire is, and when that is on the schedule's clock."""
        at, fire_at = schedule.next_run_at, schedule.next_fire_at
        if at is None or fire_at is None:
            return "-"
        return moment(at, fire_at=fire_at, zone=_view(schedule).zone, now=timezone.now())

    @admin.display(description="last decision")
    def last_shown(self, schedule: Schedule) -> str:
        """What was decided of the latest fire time, and why."""
        fire = _view(schedule).last_fire
        return "-" if fire is None else decision(fire)

    @admin.display(description="late by")
    def late_shown(self, schedule: Schedule) -> str:
        """How long ago it should have been dealt with; nothing while that is no more than a beat takes."""
        by = _view(schedule).late
        return "-" if by is None or by < PUNCTUAL else late(by)

    @admin.display(description="state", ordering="state")
    def state_shown(self, schedule: Schedule) -> str:
        """The state with its sign."""
        return badge(schedule.state)

    @admin.display(description="state")
    def state_told(self, schedule: Schedule) -> str:
        """The state, who put the schedule into it, when and why; and what keeps it from firing."""
        trouble = (
            format_html("<br>It could not be fired: <strong>{}</strong>", schedule.problem) if schedule.problem else ""
        )
        return format_html("{}{}{}", badge(schedule.state), told(schedule.state_change), trouble)

    @admin.display(description="acts as")
    def acts_as(self, schedule: Schedule) -> str:
        """Who saved it last, or took it over: its runs act as them."""
        return "nobody in particular" if schedule.principal is None else schedule.principal.get_username()

    @admin.display(description="fires left")
    def remaining(self, schedule: Schedule) -> str:
        """How many more fires start a run, and how many of those to come are skipped."""
        left = "no limit" if schedule.actions_left is None else f"{schedule.actions_left:,}"
        return f"{left}; {len(schedule.skips)} to come will be skipped" if schedule.skips else left

    @admin.display(description="definition")
    def definition(self, schedule: Schedule) -> str:
        """The document, for those who may not change it."""
        return format_html('<pre style="margin: 0; white-space: pre-wrap">{}</pre>', written(entry_of(schedule)))

    # --- The page -----------------------------------------------------------------------------------------------------

    def get_fields(self, request: HttpRequest, obj: Schedule | None = None) -> Any:
        """A new schedule has a job and a definition; one that there is begins with how it stands."""
        if obj is None:
            return ("job", "text")
        stands = ("job_link", "when", "state_told", "acts_as", "next_shown", "late_shown", "last_shown", "remaining")
        written_as = ("text", "version") if self.has_change_permission(request, obj) else ("definition",)
        return (*stands, *written_as)

    def get_fieldsets(self, request: HttpRequest, obj: Schedule | None = None) -> Any:
        """How it stands first, then the definition; what happens next stands between."""
        fields = self.get_fields(request, obj)
        split = fields.index("remaining") + 1 if obj else 0
        stands = [(None, {"fields": fields[:split]})] if obj else []
        return [*stands, ("Definition" if obj else None, {"fields": fields[split:]})]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the jobs of the workspaces in which the caller may write."""
        if db_field.name == "job":
            kwargs["queryset"] = Job.objects.filter(workspace__in=workspaces(request, Role.EDITOR)).defer("payload")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        """By a button of its own: Django's page would read every decision, to list it."""
        return False

    def events_of(self, obj: Schedule, *, limit: int, before: int | None) -> list[Event]:
        """What was done to it."""
        return list_job_events(job_id=obj.job_id, schedule_id=obj.pk, limit=limit, before=before)

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and what a text in the form would do."""
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="scheduler_schedule_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """What the definition that is being typed says, and when it would fire: a piece of a page."""
        context = panels.of_text(str(request.POST.get("text", "")), now=timezone.now())
        return TemplateResponse(request, "admin/scheduler/schedule/upcoming.html", context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add what lies beside the schedule's own row."""
        schedule = kwargs.get("obj")
        context["preview_address"] = reverse("admin:scheduler_schedule_preview")
        if schedule is not None:
            view = _view(schedule)
            context |= panels.of_schedule(view, asked=request.GET, now=timezone.now())
            context["verbs"] = self.offered(request, schedule)
            context["may_backfill"] = permits(request, Role.OPERATOR, schedule.workspace_id)
        return super().render_change_form(request, context, *args, **kwargs)

    # --- Writing ------------------------------------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Schedule | None = None, change: bool = False, **kwargs: Any) -> Any:
        """With what the service refused, if it did."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.refused = getattr(request, "refused", ())
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """What only the service can see (a cycle, somebody who was faster) is told beside the form as all else is."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except JobsError as error:
            refused = error.errors if isinstance(error, ValidationError) else [FieldError("", str(error))]
            request.refused = refused  # type: ignore[attr-defined]
        return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        """Write through the service that the API writes through."""
        actor, version = str(request.user.get_username()), form.expected_version
        if change:
            saved = update_schedule(schedule=obj, change=lambda _: form.document, actor=actor, expected_version=version)
        else:
            saved = create_schedule(job=form.cleaned_data["job"], document=form.document, actor=actor)
        obj.pk = saved.pk
        obj.refresh_from_db()


def _view(schedule: Schedule) -> ScheduleView:
    """What is told beside a schedule; asked for once."""
    view: ScheduleView | None = getattr(schedule, "view", None)
    if view is None:
        view = schedule_view(schedule=schedule, now=timezone.now())
        schedule.view = view  # type: ignore[attr-defined]
    return view
