"""Service accounts in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from jobs.admin.scope import WorkspaceAdmin, WorkspaceFilter
from jobs.admin.typed import TypedForm
from jobs.errors import ConflictError, ValidationError
from jobs.models import Membership, Role, ServiceAccount
from jobs.services.service_accounts import (
    change_service_account,
    check_service_account,
    create_service_account,
    delete_service_account,
)


class ServiceAccountForm(TypedForm[ServiceAccount]):
    """Adds one, or changes its role and description."""

    role = forms.ChoiceField(choices=Role.choices, initial=Role.OPERATOR)

    class Meta:
        model = ServiceAccount
        fields = ("workspace", "name", "description")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            present = Membership.objects.filter(workspace=self.instance.workspace_id, user=self.instance.pk).first()
            self.fields["role"].initial = None if present is None else present.role

    def clean(self) -> dict[str, Any]:
        """Judge it as the API does."""
        workspace, name = self.cleaned_data.get("workspace"), self.cleaned_data.get("name")
        if workspace is None or name is None:
            return self.cleaned_data
        try:
            check_service_account(workspace=workspace, name=name)
        except ConflictError as error:
            self.add_error("name", str(error))
        except ValidationError as error:
            for each in error.errors:
                self.add_error(each.field, each.message)
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Leave the model alone: the service writes it."""


@admin.register(ServiceAccount)
class ServiceAccountAdmin(WorkspaceAdmin[ServiceAccount]):
    """For owners alone. Its tokens are made by the API or by ``create_token``, or by a superuser."""

    view_role = write_role = Role.OWNER
    form = ServiceAccountForm
    fields = ("workspace", "name", "role", "description")
    list_display = ("name", "workspace", "user", "description", "created_at", "created_by")
    list_filter = (WorkspaceFilter,)
    list_select_related = ("workspace", "user")  # type: ignore[assignment]  # the base has one of another length
    ordering = ("workspace__slug", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: ServiceAccount | None = None) -> tuple[str, ...]:
        """It keeps its workspace and its name."""
        return ("workspace", "name") if obj else ()

    def save_model(self, request: HttpRequest, obj: ServiceAccount, form: Any, change: bool) -> None:
        """Write through the service that the API writes through."""
        typed, actor = form.cleaned_data, request.user.get_username()
        role, description = Role(typed["role"]), typed["description"]
        if change:
            change_service_account(account=obj, role=role, description=description, actor=actor)
            return
        made = create_service_account(
            workspace=typed["workspace"], name=typed["name"], role=role, description=description, actor=actor
        )
        obj.pk, obj.user, obj.workspace, obj.name = made.pk, made.user, made.workspace, made.name

    def delete_model(self, request: HttpRequest, obj: ServiceAccount) -> None:
        """Delete it with its tokens."""
        delete_service_account(account=obj, actor=request.user.get_username())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ServiceAccount]) -> None:
        """The same for several."""
        for account in queryset:
            self.delete_model(request, account)
