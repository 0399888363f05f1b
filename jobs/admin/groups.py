"""Concurrency groups in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from jobs.admin.fields import ABSENT, JSONText, RawText, placed
from jobs.admin.kept import KeptInFiles
from jobs.admin.scope import WorkspaceFilter
from jobs.admin.typed import TypedForm
from jobs.errors import ConflictError, ValidationError
from jobs.models import ConcurrencyGroup
from jobs.services.groups import KIND, delete_group, parse_group, save_group


class GroupForm(TypedForm[ConcurrencyGroup]):
    """Adds a group or changes its limits. When it is valid, ``written`` is what `save_group` takes."""

    name = RawText(
        help_text="A letter or digit, then letters, digits, _ . : or -: the host that is called, for example."
    )
    limit = forms.IntegerField(required=False, help_text="Payloads at once; empty for no limit.")
    rate = JSONText(
        rows=2, help_text='Payloads per period, such as {"count": 100, "period": "1m"}; empty for no limit.'
    )

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = ConcurrencyGroup
        fields = ("workspace",)

    @property
    def expected_version(self) -> int | None:
        """The version that the person saw; None for a new group."""
        version: int | None = self.cleaned_data.get("version")
        return version if self.instance.pk else None

    def clean(self) -> dict[str, Any]:
        """Judge all of it as the API does; each error goes to its field."""
        unread = set(self.errors)
        typed = {name: self.cleaned_data.get(name, ABSENT) for name in ("name", "limit", "rate")}
        typed |= {"name": self.instance.name} if self.instance.pk else {}
        try:
            group = parse_group({name: value for name, value in typed.items() if value is not ABSENT})
            self.written = group.model_dump(mode="json")
        except ValidationError as error:
            for each in error.errors:
                if each.field.partition(".")[0] not in unread:
                    self.add_error(*placed(each, self.fields))
        if not self.errors and not self.instance.pk:
            self._check_it_is_new()
        if not self.errors and self.expected_version not in (None, self.instance.version):
            raise forms.ValidationError(
                f"{self.instance.name} was changed by somebody else meanwhile: it has version {self.instance.version}."
                " Open it again, and repeat your change."
            )
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Leave the model alone: `save_group` writes it."""

    def _check_it_is_new(self) -> None:
        name = self.written["name"]
        if ConcurrencyGroup.objects.filter(workspace=self.cleaned_data["workspace"], name=name).exists():
            self.add_error("name", f"{name} exists already")


@admin.register(ConcurrencyGroup)
class GroupAdmin(KeptInFiles[ConcurrencyGroup]):
    """List, add, change, delete."""

    form = GroupForm
    kept_as = KIND
    fields = ("workspace", "name", "limit", "rate", "version")
    list_display = ("name", "workspace", "limit", "rate", "used_by")
    list_filter = (WorkspaceFilter,)
    search_fields = ("name",)
    ordering = ("workspace__slug", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConcurrencyGroup]:
        """With how many jobs name each."""
        return super().get_queryset(request).annotate(job_count=Count("jobs"))

    @admin.display(description="jobs")
    def used_by(self, group: ConcurrencyGroup) -> int:
        """How many jobs name it."""
        return int(getattr(group, "job_count", 0))

    def get_readonly_fields(self, request: HttpRequest, obj: ConcurrencyGroup | None = None) -> tuple[str, ...]:
        """A group keeps its workspace and its name."""
        return ("workspace", "name") if obj else ()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without deletion in bulk: a group that is used must say so."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_model(self, request: HttpRequest, obj: ConcurrencyGroup, form: Any, change: bool) -> None:
        """Write through the service that the API writes through."""
        workspace = obj.workspace if change else form.cleaned_data["workspace"]
        actor = str(request.user.get_username())
        saved = save_group(workspace=workspace, actor=actor, expected_version=form.expected_version, **form.written)
        obj.pk = saved.pk
        obj.refresh_from_db()

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Say why a group cannot be deleted now."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except ConflictError as error:
            self.message_user(request, f"Not deleted: {error}.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:jobs_concurrencygroup_change", args=[object_id]))

    def delete_model(self, request: HttpRequest, obj: ConcurrencyGroup) -> None:
        """Delete it, if nothing uses it."""
        delete_group(group=obj, actor=str(request.user.get_username()))
