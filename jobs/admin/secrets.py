"""Secrets in the admin: a value goes in and never comes out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from jobs.admin.scope import WorkspaceAdmin, WorkspaceFilter
from jobs.admin.typed import TypedForm
from jobs.errors import ValidationError
from jobs.models import Role, Secret
from jobs.services.secrets import delete_secret, seal, set_secret


class SecretForm(TypedForm[Secret]):
    """Sets a secret, or replaces its value."""

    value = forms.CharField(
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "size": 60}),
        help_text="Stored encrypted, and not shown again.",
    )

    class Meta:
        model = Secret
        fields = ("workspace", "name")

    def clean(self) -> dict[str, Any]:
        """Try whether it can be encrypted, so that a deployment without a key says so here."""
        name = self.cleaned_data.get("name", self.instance.name)
        try:
            seal(name=name, value=self.cleaned_data.get("value", "-"))
        except ValidationError as error:
            for each in error.errors:
                self.add_error(each.field if each.field in self.fields else None, each.message)
        return self.cleaned_data


@admin.register(Secret)
class SecretAdmin(WorkspaceAdmin[Secret]):
    """For owners alone."""

    view_role = write_role = Role.OWNER
    form = SecretForm
    fields = ("workspace", "name", "value")
    list_display = ("name", "workspace", "updated_at", "updated_by")
    list_filter = (WorkspaceFilter,)
    ordering = ("workspace__slug", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Secret | None = None) -> tuple[str, ...]:
        """A secret keeps its workspace and its name."""
        return ("workspace", "name") if obj else ()

    def save_model(self, request: HttpRequest, obj: Secret, form: Any, change: bool) -> None:
        """Encrypt and store."""
        obj.pk = set_secret(
            workspace=obj.workspace, name=obj.name, value=form.cleaned_data["value"], actor=request.user.get_username()
        ).pk

    def delete_model(self, request: HttpRequest, obj: Secret) -> None:
        """Delete it through the service, which writes down who did."""
        delete_secret(secret=obj, actor=request.user.get_username())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Secret]) -> None:
        """The same for several."""
        for secret in queryset:
            self.delete_model(request, secret)
