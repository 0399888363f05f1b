"""Rules in the admin, and what they have told."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from jobs.admin.badges import badge
from jobs.admin.fields import ABSENT, JSONText, RawText, placed
from jobs.admin.kept import KeptInFiles
from jobs.admin.scope import WorkspaceFilter
from jobs.admin.typed import TypedForm
from jobs.errors import ConflictError, ValidationError
from sinks.models import Rule, Sink
from sinks.rules import WORD_HELP, parse_rule, read_rule
from sinks.selectors.notices import list_notices
from sinks.services.naming import MUST_BE_NEW
from sinks.services.ruling import KIND, delete_rule, save_rule

SHOWN = 50
_WRITTEN = ("events", "jobs", "in_a_row", "quiet", "digest", "late_after", "stuck_after", "enabled", "description")


class RuleForm(TypedForm[Rule]):
    """Adds a rule or changes it. When it is valid, ``written`` is what `save_rule` takes."""

    name = RawText(help_text="A letter or digit, then letters, digits, _ . or -.")
    sink = RawText(help_text="The name of a sink of the workspace: where notices go.")
    events = forms.MultipleChoiceField(
        choices=list(WORD_HELP.items()), widget=forms.CheckboxSelectMultiple, initial=["failed", "recovered"]
    )
    jobs = JSONText(
        rows=3,
        help_text='Empty for all jobs. Else types, tags and keys, such as {"tags": ["nightly"]} or {"keys": ["task:report"]}.',
    )
    in_a_row = forms.IntegerField(
        min_value=1, initial=1, help_text="A failure is told when so many runs of a job have failed in a row."
    )
    quiet = RawText(help_text="Such as 1h: for so long the same of the same job is not told again. Empty for always.")
    digest = RawText(help_text="Such as 15m: notices are collected for so long and go as one. Empty for each at once.")
    late_after = RawText(initial="5m", help_text="A run that has not begun so long after it was to is late.")
    stuck_after = RawText(help_text="Such as 2h: a run that takes longer is stuck. Empty for what is usual.")
    enabled = forms.BooleanField(required=False, initial=True)
    description = RawText(widget=forms.TextInput(attrs={"class": "vLargeTextField"}))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Rule
        fields = ("workspace",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            document = read_rule(self.instance.document).model_dump(mode="json", exclude_none=True)
            self.initial.update(document, version=self.instance.version)

    def clean(self) -> dict[str, Any]:
        """Judge all of it as the API does; each error goes to its field."""
        unread = set(self.errors)
        typed = {name: self.cleaned_data.get(name, ABSENT) for name in ("name", "sink", *_WRITTEN)}
        typed |= {"name": self.instance.name} if self.instance.pk else {}
        try:
            self.written = parse_rule({name: value for name, value in typed.items() if value not in (ABSENT, "")})
        except ValidationError as error:
            for each in error.errors:
                if each.field.partition(".")[0] not in unread:
                    self.add_error(*placed(each, self.fields))
        if not self.errors:
            self._check_it_can_be_written()
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Leave the model alone: `save_rule` writes it."""

    @property
    def expected_version(self) -> int | None:
        """What whoever typed this saw."""
        return self.cleaned_data.get("version") if self.instance.pk else MUST_BE_NEW

    def _check_it_can_be_written(self) -> None:
        workspace = self.instance.workspace if self.instance.pk else self.cleaned_data["workspace"]
        if not Sink.objects.filter(workspace=workspace, job__isnull=True, name=self.written.sink).exists():
            self.add_error("sink", f"the workspace has no sink named {self.written.sink!r}: create it first")
        if not self.instance.pk and Rule.objects.filter(workspace=workspace, name=self.written.name).exists():
            self.add_error("name", f"{self.written.name} exists already")


@admin.register(Rule)
class RuleAdmin(KeptInFiles[Rule]):
    """List, add, change, delete; with the newest notices of each."""

    form = RuleForm
    kept_as = KIND
    change_form_template = "admin/sinks/rule/change_form.html"
    fields = ("workspace", "name", "sink", *_WRITTEN, "version")
    list_display = ("name", "workspace", "told_of", "sink", "shown", "version")
    list_filter = (WorkspaceFilter, "enabled")
    list_select_related = ("workspace", "sink")  # type: ignore[assignment]
    search_fields = ("name",)
    ordering = ("workspace__slug", "name", "id")

    @admin.display(description="tells of")
    def told_of(self, rule: Rule) -> str:
        """The events."""
        return ", ".join(rule.document["events"])

    @admin.display(description="state")
    def shown(self, rule: Rule) -> str:
        """Whether it tells anything."""
        return badge("active" if rule.enabled else "disabled")

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> tuple[str, ...]:
        """A rule keeps its workspace and its name; who may not write sees what is written."""
        return ("workspace", "name") if obj else ()

    def get_fields(self, request: HttpRequest, obj: Rule | None = None) -> Any:
        """Who may only read sees the document."""
        if obj is not None and not self.has_change_permission(request, obj):
            return ("workspace", "name", "sink", "document", "enabled")
        return self.fields

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without deletion in bulk: each is deleted through the service."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add its newest notices."""
        rule = kwargs.get("obj")
        if rule is not None:
            found = list_notices(workspace=rule.workspace, rule=rule, limit=SHOWN)
            context["notices"] = [(view.notice, badge(view.state)) for view in found]
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        """Write through the service that the API writes through."""
        workspace = obj.workspace if change else form.cleaned_data["workspace"]
        saved = save_rule(
            workspace=workspace,
            document=form.written.model_dump(mode="json", exclude_none=True),
            actor=str(request.user.get_username()),
            expected_version=form.expected_version,
        )
        obj.pk = saved.pk
        obj.refresh_from_db()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """If it cannot be written, say so, and let it be looked at again."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (ConflictError, ValidationError) as error:
            self.message_user(request, f"Not saved: {error}.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """The rule alone: what it has told outlives it."""
        return [str(each) for each in objs], {"rules": len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Rule) -> None:
        """Delete it."""
        delete_rule(rule=obj, actor=str(request.user.get_username()))
