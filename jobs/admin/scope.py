"""What a person sees and may do in the admin: their workspaces' objects, by their role in each."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from jobs.admin.typed import TypedAdmin
from jobs.models import Role, Workspace
from jobs.selectors.access import roles_of

M = TypeVar("M", bound=Model)


def roles(request: HttpRequest) -> dict[int, Role]:
    """The caller's roles by workspace id; asked for once a request."""
    known: dict[int, Role] | None = getattr(request, "workspace_roles", None)
    if known is None:
        known = roles_of(user=request.user)
        request.workspace_roles = known  # type: ignore[attr-defined]
    return known


def permits(request: HttpRequest, needed: Role, workspace_id: int | None = None) -> bool:
    """True when the caller has the role in that workspace; without one, when they have it in any. Superusers have all."""
    if getattr(request.user, "is_superuser", False):
        return True
    mine = roles(request)
    candidates = list(mine.values()) if workspace_id is None else [mine[workspace_id]] if workspace_id in mine else []
    return any(role.rank >= needed.rank for role in candidates)


def workspaces(request: HttpRequest, needed: Role) -> QuerySet[Workspace]:
    """The workspaces in which the caller has the role."""
    if getattr(request.user, "is_superuser", False):
        return Workspace.objects.all()
    return Workspace.objects.filter(pk__in=[pk for pk, role in roles(request).items() if role.rank >= needed.rank])


class WorkspaceAdmin(TypedAdmin[M]):
    """The base of what belongs to a workspace. Django's own model permissions are not asked: the roles say it all."""

    view_role = Role.VIEWER
    write_role = Role.EDITOR
    list_select_related = ("workspace",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        """Only what the caller may see."""
        found = super().get_queryset(request)
        if getattr(request.user, "is_superuser", False):
            return found
        return found.filter(workspace__in=workspaces(request, self.view_role))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """True when there may be something to see."""
        return permits(request, self.view_role)

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """By ``view_role``."""
        return permits(request, self.view_role, _workspace_id(obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """By ``write_role`` in some workspace; the form offers those alone."""
        return permits(request, self.write_role)

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """By ``write_role``."""
        return permits(request, self.write_role, _workspace_id(obj))

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """By ``write_role``."""
        return permits(request, self.write_role, _workspace_id(obj))

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Offer the workspaces in which the caller may write."""
        if db_field.name == "workspace":
            kwargs["queryset"] = workspaces(request, self.write_role)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class WorkspaceFilter(admin.SimpleListFilter):
    """By workspace. Django's own filter would read the whole table to learn which workspaces occur in it."""

    title = "workspace"
    parameter_name = "in"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        """The caller's workspaces."""
        return [(workspace.slug, workspace.slug) for workspace in workspaces(request, Role.VIEWER).order_by("slug")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen workspace."""
        return queryset.filter(workspace__slug=self.value()) if self.value() else queryset


def _workspace_id(obj: Model | None) -> int | None:
    return None if obj is None else int(obj.workspace_id)  # type: ignore[attr-defined]
