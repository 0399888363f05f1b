"""Runs in the admin: to be read, and to be held, ended and repeated; not written."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from jobs import extensions
from jobs.admin.badges import badge, told
from jobs.admin.bulk import BulkTermination
from jobs.admin.pretty import pretty
from jobs.admin.run_controls import RunControls
from jobs.admin.scope import WorkspaceFilter, permits
from jobs.errors import NotFoundError
from jobs.models import RejectedRow, Role, Run
from jobs.selectors import payloads as payload_selectors
from jobs.selectors import run_views, runs
from jobs.selectors.chain import Chain, chain
from jobs.selectors.datasources import list_rejected
from jobs.selectors.stored_files import list_files
from jobs.states import FINAL_RUN_STATES, PayloadState

PAGE = 100
RELOAD_SECONDS = 5
"""After so long the page of a run that has not ended is asked for again: nobody types anything into it."""


class EndedFilter(admin.SimpleListFilter):
    """Those at work, or those that are over: what somebody in the middle of an incident asks first."""

    title = "whether it has ended"
    parameter_name = "ended"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Two."""
        return [("no", "not ended yet"), ("yes", "ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        """By the time of the end, which an index of the active runs knows."""
        return queryset.filter(ended_at__isnull=self.value() == "no") if self.value() in ("no", "yes") else queryset


class PinnedFilter(admin.SimpleListFilter):
    """Those that no cleanup erases."""

    title = "whether it is pinned"
    parameter_name = "pinned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One: what is not pinned is nearly everything."""
        return [("yes", "pinned")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        """Through the few pins that there are."""
        return queryset.filter(pin__isnull=False) if self.value() == "yes" else queryset


class ScheduleFilter(admin.SimpleListFilter):
    """Those of one schedule, which its page asks for; nobody else is offered a choice of thousands."""

    title = "schedule"
    parameter_name = "schedule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The one that was asked for."""
        value = request.GET.get("schedule", "")
        return [(value, f"number {value}")] if _number(value) is not None else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        """By the id that each of its runs has."""
        number = _number(self.value())
        return queryset if number is None else queryset.filter(schedule_id=number)


@admin.register(Run)
class RunAdmin(RunControls, BulkTermination):
    """A list with filters; a page with counts, the chain, payloads, failed attempts and events."""

    change_form_template = "admin/jobs/run/change_form.html"
    list_display = (
        "id",
        "job_link",
        "workspace",
        "state_shown",
        "trigger",
        "progress",
        "failures",
        "created_at",
        "duration",
    )
    change_list_template = "admin/jobs/wide_list.html"
    list_filter = (WorkspaceFilter, EndedFilter, PinnedFilter, "state", "trigger", ScheduleFilter)
    search_fields = ("^job_key",)
    search_help_text = "The beginning of a job's key, such as task:ping"
    ordering = ("-id",)
    show_full_result_count = False
    fields = (
        "job_link",
        "workspace",
        "state_told",
        ("trigger", "scheduled_for"),
        ("actor", "comment"),
        ("created_at", "duration"),
        ("started_at", "ended_at"),
        ("expires_at", "deadline_at"),
        ("group", "priority", "idempotency_key"),
        "parameters_json",
        "error_json",
        "result_json",
    )
    readonly_fields = ("job_link", "state_told", "duration", "parameters_json", "error_json", "result_json")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """With what the counts need."""
        return run_views.with_running(super().get_queryset(request).defer("snapshot"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Runs are started from their job."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        """History is not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        """History is not deleted by hand."""
        return False

    @admin.display(description="job", ordering="job_key")
    def job_link(self, run: Run) -> str:
        """The key, which leads to the job while there is one."""
        if run.job_id is None:
            return run.job_key
        return format_html('<a href="{}">{}</a>', reverse("admin:jobs_job_change", args=[run.job_id]), run.job_key)

    @admin.display(description="state", ordering="state")
    def state_shown(self, run: Run) -> str:
        """The state with its sign."""
        return badge(run.state)

    @admin.display(description="state")
    def state_told(self, run: Run) -> str:
        """The state; who holds or ends the run, when and why; what it waits for; and who pinned it."""
        return format_html("{}{}{}", badge(run.state), _why(run), _pinned(run))

    @admin.display(description="progress")
    def progress(self, run: Run) -> str:
        """Payloads with an outcome, of all."""
        counts = run_views.counts_of(run)
        return f"{counts.succeeded + counts.failed + counts.cancelled} / {counts.total}"

    @admin.display(description="failed")
    def failures(self, run: Run) -> int:
        """Payloads that failed for good."""
        return run_views.counts_of(run).failed

    @admin.display(description="duration")
    def duration(self, run: Run) -> str:
        """From the first lane to the end."""
        return f"{(run.ended_at - run.started_at).total_seconds():.3f} s" if run.started_at and run.ended_at else "-"

    @admin.display(description="parameters")
    def parameters_json(self, run: Run) -> str:
        """Written for people."""
        return pretty(run.parameters)

    @admin.display(description="error")
    def error_json(self, run: Run) -> str:
        """Written for people."""
        return pretty(run.error)

    @admin.display(description="result")
    def result_json(self, run: Run) -> str:
        """Written for people."""
        return pretty(run.result)

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and one page a payload."""
        view = self.admin_site.admin_view(self.payload_view)
        return [path("<int:run_id>/payloads/<int:position>/", view, name="jobs_run_payload"), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add what lies beside the run's own row."""
        run = kwargs.get("obj")
        if run is not None:
            context |= _beside(run, after=_number(request.GET.get("after")), state=_state(request.GET.get("state")))
        return super().render_change_form(request, context, *args, **kwargs)

    def payload_view(self, request: HttpRequest, run_id: int, position: int) -> HttpResponse:
        """One payload with its failed attempts, its files and its log lines."""
        run = self.get_object(request, str(run_id))
        if run is None or not self.has_view_permission(request, run):
            raise Http404("there is no such run")
        try:
            view = payload_selectors.get_payload(run=run, position=min(position, 2**31 - 1))
        except NotFoundError as error:
            raise Http404(str(error)) from error
        payload = view.payload
        context = self.admin_site.each_context(request) | {
            "title": f"Payload {position} of run {run_id}",
            "opts": self.opts,
            "run": run,
            "view": view,
            "parts": [(name, pretty(getattr(payload, name))) for name in ("error", "result", "parameters", "options")],
            "attempts": [(attempt, pretty(attempt.error)) for attempt in view.failed_attempts],
            "files": list_files(run=run, position=position, limit=PAGE),
            "log_lines": runs.list_logs(run=run, position=position, limit=PAGE * 10),
            "rejected": self._rejected(request, run, position),
        }
        return TemplateResponse(request, "admin/jobs/run/payload.html", context)

    def _rejected(self, request: HttpRequest, run: Run, position: int) -> list[tuple[RejectedRow, str]]:
        """The first rows that a load left out. They are somebody's data, which takes more than looking at runs."""
        if not permits(request, Role.OPERATOR, run.workspace_id):
            return []
        return [(row, pretty(row.row)) for row in list_rejected(run=run, position=position, limit=PAGE)]


def _beside(run: Run, *, after: int | None, state: PayloadState | None) -> dict[str, Any]:
    found = payload_selectors.list_payloads(run=run, limit=PAGE + 1, after=after, state=state)
    attempts = payload_selectors.list_attempts(run=run, limit=PAGE + 1)
    files = list_files(run=run, limit=PAGE + 1)
    return {
        "counts": run_views.counts_of(run),
        "payloads": found[:PAGE],
        "next_after": found[PAGE - 1].payload.position if len(found) > PAGE else found.until,
        "after": after,
        "state": state,
        "states": list(PayloadState),
        "attempts": attempts[:PAGE],
        "attempts_cut": len(attempts) > PAGE,
        "files": files[:PAGE],
        "files_cut": len(files) > PAGE,
        "reload_seconds": RELOAD_SECONDS if run.state not in FINAL_RUN_STATES else None,
        "made_at": timezone.now(),
        "chain": _rows(found_chain := chain(run=run)),
        "chain_more": sorted(found_chain.more),
        "events": runs.list_events(run=run, limit=PAGE),
        "told_besides": _told_besides(run) if run.ended_at else [],
    }


def _told_besides(run: Run) -> list[str]:
    """What the apps above keep of a run that has ended, each in its own words."""
    shown = [extension for extension in extensions.all_extensions() if extension.run_template]
    return [render_to_string(each.run_template, {"run": run, **each.of_run(run.pk)}) for each in shown]


def _why(run: Run) -> str:
    if run.stop:
        return f" {run.stop.get('reason', 'stopped')}{told(run.stop)}"
    if run.pause:
        return f"{' with its job' if run.pause.get('by_job') else ''}{told(run.pause)}"
    if not run.admitted and run.state not in FINAL_RUN_STATES:
        return " waits until its job has fewer active runs than its max_concurrent_runs"
    return ""


def _pinned(run: Run) -> str:
    pin = getattr(run, "pin", None)  # A run without one has no such attribute.
    return "" if pin is None else f" pinned{told({'actor': pin.actor, 'at': pin.at.isoformat(), 'note': pin.note})}"


def _rows(found: Chain) -> list[tuple[str, Run, str]]:
    """What each run of the chain is to this one, the run, and its state."""
    came_from = [("this run comes from", run) for run in found.ancestors[:1]]
    came_from += [("that one comes from", run) for run in found.ancestors[1:]]
    came_of = [("started by this run", run) for run in found.started]
    came_of += [("rerun of this run", run) for run in found.reruns]
    came_of += [("replay of this run", run) for run in found.replays]
    return [(words, run, badge(run.state)) for words, run in [*came_from, *came_of]]


def _number(text: str | None) -> int | None:
    return min(int(text), 2**31 - 1) if text and text.isascii() and text.isdecimal() and len(text) < 20 else None


def _state(text: str | None) -> PayloadState | None:
    return PayloadState(text) if text in list(PayloadState) else None
