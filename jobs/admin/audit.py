"""The audit in the admin: to be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from jobs.admin.scope import WorkspaceAdmin, WorkspaceFilter
from jobs.models import AuditEntry, Role


@admin.register(AuditEntry)
class AuditAdmin(WorkspaceAdmin[AuditEntry]):
    """Who changed what when, for owners; what belongs to no workspace is for superusers."""

    view_role = Role.OWNER
    list_display = ("at", "actor", "action", "target", "workspace", "via", "token")
    list_display_links = ("at", "action")
    list_filter = (WorkspaceFilter,)
    search_fields = ("actor__exact", "action__exact", "target__exact")
    search_help_text = "An actor, an action or a target, whole."
    ordering = ("-pk",)
    show_full_result_count = False
    fields = ("at", "actor", "action", "target", "workspace", "via", "token", "run_id", "before", "after", "data")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """With their workspaces."""
        return super().get_queryset(request).select_related("workspace")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: the database refuses it, too."""
        return False
