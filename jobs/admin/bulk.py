"""Terminating the runs that are selected in the list, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from jobs.admin.asking import NoteForm, ask
from jobs.admin.scope import WorkspaceAdmin, WorkspaceFilter, permits
from jobs.errors import JobsError
from jobs.models import BulkAction, Role, Run, Workspace
from jobs.services.bulk import MAX_IDS, terminate_runs

HELD = ("action", "_selected_action", "select_across", "index")
"""What the list's form said, and the answer must say again."""


class BulkTermination(WorkspaceAdmin[Run]):
    """The list's action: asks first, then makes one bulk action for each workspace."""

    actions: Any = ("terminate_selected",)

    def has_terminate_permission(self, request: HttpRequest) -> bool:
        """For operators of any workspace; which runs are theirs is seen for each."""
        return permits(request, Role.OPERATOR)

    @admin.action(description="Terminate selected runs", permissions=["terminate"])
    def terminate_selected(self, request: HttpRequest, queryset: QuerySet[Run]) -> HttpResponse | None:
        """Ask, then terminate."""
        rows = list(queryset.order_by("pk").values_list("workspace_id", "pk")[: MAX_IDS + 1])
        if len(rows) > MAX_IDS:
            self.message_user(request, f"Nothing was done: select at most {MAX_IDS:,} runs.", messages.ERROR)
            return None
        form = NoteForm(request.POST if "confirmed" in request.POST else None)
        if form.is_bound and form.is_valid():
            self._terminate(request, rows, form.asked.note)
            return None
        held = [(name, value) for name in HELD for value in request.POST.getlist(name)]
        return ask(
            self.admin_site,
            request,
            title="Terminate runs",
            text=f"This terminates the {len(rows):,} run(s) that you selected: what is queued is cancelled, what runs is stopped."
            " Runs that have ended stay as they are. This cannot be undone.",
            form=form,
            button="Terminate",
            back=[(request.get_full_path(), "Runs")],
            hidden=[*held, ("confirmed", "yes")],
        )

    def _terminate(self, request: HttpRequest, rows: list[tuple[int, int]], note: str) -> None:
        by_workspace: dict[int, list[int]] = defaultdict(list)
        for workspace_id, run_id in rows:
            by_workspace[workspace_id].append(run_id)
        for workspace in Workspace.objects.filter(pk__in=list(by_workspace)).order_by("slug"):
            if not permits(request, Role.OPERATOR, workspace.pk):
                told = f"Not terminated: runs in {workspace}, where it takes the role operator."
                self.message_user(request, told, messages.ERROR)
                continue
            self._begin(request, workspace, by_workspace[workspace.pk], note)

    def _begin(self, request: HttpRequest, workspace: Workspace, ids: list[int], note: str) -> None:
        actor = str(request.user.get_username())
        try:
            action = terminate_runs(workspace=workspace, selection={"ids": ids}, actor=actor, note=note)
        except JobsError as error:
            self.message_user(request, f"Not terminated: {error}.", messages.ERROR)
            return
        address = reverse("admin:jobs_bulkaction_change", args=[action.pk])
        words = (
            '<a href="{}">Bulk action {}</a> in {}: {} of {} runs terminated, {} had ended or were being ended already.'
        )
        numbers = (action.changed, action.total, action.unchanged)
        self.message_user(request, format_html(words, address, action.pk, workspace, *numbers))


@admin.register(BulkAction)
class BulkActionAdmin(WorkspaceAdmin[BulkAction]):
    """To be read: how far each has come."""

    list_display = ("id", "action", "workspace", "actor", "note", "progress", "changed", "created_at", "ended_at")
    list_filter = (WorkspaceFilter,)
    ordering = ("-id",)
    fields = (
        "action",
        "workspace",
        ("actor", "note"),
        "progress",
        ("changed", "unchanged"),
        "selection",
        ("created_at", "ended_at"),
    )
    readonly_fields = ("progress",)

    @admin.display(description="progress")
    def progress(self, action: BulkAction) -> str:
        """Runs that were dealt with, of all."""
        return f"{action.changed + action.unchanged:,} / {action.total:,}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Made from the list of runs."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: BulkAction | None = None) -> bool:
        """History is not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: BulkAction | None = None) -> bool:
        """History is not deleted by hand."""
        return False
