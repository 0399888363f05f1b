"""Sinks in the admin: named ones are written here, a job's own with its job."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from jobs.admin.badges import badge, instant
from jobs.admin.fields import ABSENT, JSONText, RawText, placed
from jobs.admin.kept import KeptInFiles
from jobs.admin.scope import WorkspaceFilter
from jobs.admin.typed import TypedForm
from jobs.errors import ConflictError, ValidationError
from jobs.models import Origin
from jobs.selectors.origins import origin_of
from sinks import registry
from sinks.admin.controls import SinkControls
from sinks.documents import parse_sink
from sinks.models import Sink
from sinks.selectors.deliveries import list_deliveries
from sinks.selectors.sinks import MOST_COUNTED, sink_view, state_of
from sinks.services.naming import MUST_BE_NEW, delete_sink, save_sink
from sinks.states import DeliveryState

SHOWN = 50


class SinkForm(TypedForm[Sink]):
    """Adds a sink or changes it. When it is valid, ``written`` is what `save_sink` takes."""

    name = RawText(help_text="A letter or digit, then letters, digits, _ . or -: the word by which jobs name it.")
    kind = forms.ChoiceField()
    configuration = JSONText(
        rows=12, help_text="An object, as its kind's page in the documentation says. Secrets by name."
    )
    description = RawText(widget=forms.TextInput(attrs={"class": "vLargeTextField"}))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Sink
        fields = ("workspace",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            known = [(name, getattr(registry.get(name), "title", name)) for name in registry.names()]
            self.fields["kind"].choices = [("", "---------"), *known]  # type: ignore[attr-defined]
        if self.instance.pk and "version" in self.fields:
            self.initial["version"] = self.instance.version

    def clean(self) -> dict[str, Any]:
        """Judge all of it as the API does; each error goes to its field."""
        unread = set(self.errors)
        typed = {name: self.cleaned_data.get(name, ABSENT) for name in ("name", "kind", "configuration", "description")}
        typed |= {"name": self.instance.name} if self.instance.pk else {}
        try:
            self.written = parse_sink(
                {name: value for name, value in typed.items() if value is not ABSENT}
            ).model_dump()
        except ValidationError as error:
            for each in error.errors:
                if each.field.partition(".")[0] not in unread:
                    self.add_error(*placed(each, self.fields))
        if not self.errors:
            self._check_it_can_be_written()
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Leave the model alone: `save_sink` writes it."""

    @property
    def expected_version(self) -> int | None:
        """What whoever typed this saw."""
        return self.cleaned_data.get("version") if self.instance.pk else MUST_BE_NEW

    def _check_it_can_be_written(self) -> None:
        found = Sink.objects.filter(pk=self.instance.pk).first() if self.instance.pk else None
        if found is not None and found.version != self.expected_version:
            self.add_error(
                None, "somebody else changed this sink meanwhile: load the page again and repeat your change"
            )
        workspace = self.cleaned_data.get("workspace")
        named = Sink.objects.filter(workspace=workspace, job__isnull=True, name=self.written["name"])
        if not self.instance.pk and named.exists():
            self.add_error("name", f"{self.written['name']} exists already")


class OwnFilter(admin.SimpleListFilter):
    """Named ones, or those of single jobs."""

    title = "whose"
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Two."""
        return [("workspace", "named sinks of the workspace"), ("job", "of a single job")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Sink]) -> QuerySet[Sink]:
        """By whether it has a job."""
        return queryset.filter(job__isnull=self.value() == "workspace") if self.value() else queryset


@admin.register(Sink)
class SinkAdmin(KeptInFiles[Sink], SinkControls):
    """List with its standing, add, change, delete; and the buttons."""

    form = SinkForm
    kept_as = "sink"
    change_form_template = "admin/sinks/sink/change_form.html"
    fields = ("workspace", "name", "kind", "configuration", "description", "version")
    list_display = ("name", "workspace", "of_job", "kind", "standing_shown", "description")
    list_filter = (WorkspaceFilter, OwnFilter, "kind")
    list_select_related = ("workspace", "job", "standing")  # type: ignore[assignment]
    search_fields = ("name",)
    ordering = ("workspace__slug", "name", "id")

    def find_origin(self, obj: Sink) -> Origin | None:
        """A job's own sink is kept where its job is."""
        if obj.job is None:
            return super().find_origin(obj)
        return origin_of(workspace_id=obj.workspace_id, kind="job", name=obj.job.key)

    @admin.display(description="of job")
    def of_job(self, sink: Sink) -> str:
        """Whose it is alone; empty for a named one."""
        return sink.job.key if sink.job else ""

    @admin.display(description="standing")
    def standing_shown(self, sink: Sink) -> str:
        """How it stands with it, and why or until when."""
        standing = sink.standing
        state = state_of(standing, timezone.now())
        why = standing.disabled_reason if state == "disabled" else ""
        if state == "resting" and standing.retry_at is not None:
            why = f"until {instant(standing.retry_at)}, after {standing.failures} failures"
        return format_html("{} {}", badge(state), why)

    def get_readonly_fields(self, request: HttpRequest, obj: Sink | None = None) -> tuple[str, ...]:
        """A sink keeps its workspace and its name."""
        return ("workspace", "name") if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Sink | None = None) -> bool:
        """A job's own sink is written with its job."""
        return super().has_change_permission(request, obj) and (obj is None or obj.job_id is None)

    def has_delete_permission(self, request: HttpRequest, obj: Sink | None = None) -> bool:
        """As for writing."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.job_id is None)

    def get_fields(self, request: HttpRequest, obj: Sink | None = None) -> tuple[str, ...]:
        """What may only be read has no version to send back."""
        return self.fields if obj is None or self.has_change_permission(request, obj) else self.fields[:-1]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without deletion in bulk: a sink that is used must say so."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add how it stands with the sink, and its newest deliveries."""
        sink = kwargs.get("obj")
        if sink is not None:
            view = sink_view(sink=sink, now=timezone.now())
            context |= {"view": view, "standing_badge": badge(view.state), "most": MOST_COUNTED}
            context["deliveries"] = [
                (each, badge(each.state)) for each in list_deliveries(sink=sink, state=_state(request), limit=SHOWN)
            ]
            context["delivery_states"], context["state"] = list(DeliveryState), _state(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Sink, form: Any, change: bool) -> None:
        """Write through the service that the API writes through."""
        workspace = obj.workspace if change else form.cleaned_data["workspace"]
        actor = str(request.user.get_username())
        saved = save_sink(
            workspace=workspace, document=form.written, actor=actor, expected_version=form.expected_version
        )
        obj.pk = saved.pk
        obj.refresh_from_db()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """If the sink cannot be written for what its jobs ask of it, say so; if somebody else wrote it meanwhile, look again."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ConflictError:
            return super().changeform_view(request, *args, **kwargs)
        except ValidationError as error:
            self.message_user(request, f"Not saved: {error}.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Say why a sink cannot be deleted now."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except ConflictError as error:
            self.message_user(request, f"Not deleted: {error}.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:sinks_sink_change", args=[object_id]))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """The sink alone: what is kept beside it has no page of its own, and deliveries outlive it."""
        return [str(each) for each in objs], {"sinks": len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Sink) -> None:
        """Delete it, if no job uses it."""
        delete_sink(sink=obj, actor=str(request.user.get_username()))


def _state(request: HttpRequest) -> DeliveryState | None:
    asked = request.GET.get("state")
    return DeliveryState(asked) if asked in list(DeliveryState) else None
