"""What a person may do to a datasource on its job's page: validate it, preview it, reset its state, delete its output."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_noop

from jobs.admin.asking import ask
from jobs.admin.scope import WorkspaceAdmin, permits
from jobs.documents.datasources import MAX_PREVIEW_ROWS
from jobs.errors import JobsError
from jobs.models import DatasourceOperation, Job, Role, Verb
from jobs.selectors.datasources import list_states
from jobs.selectors.operations import operation_state
from jobs.services import datasource_operations as operations
from jobs.services.datasource_state import reset_state

TEMPLATE = "admin/jobs/job/datasource.html"
JSON = dict[str, Any]


class PayloadForm(forms.Form):
    """Which of the datasource's payloads is meant; asked only when there are several."""

    payload = forms.TypedChoiceField(coerce=int)

    def __init__(self, job: Job, data: Any = None) -> None:
        super().__init__(data)
        names = [item.get("name") or f"payload {place}" for place, item in enumerate(job.payload)]
        choices = self.fields["payload"]
        assert isinstance(choices, forms.TypedChoiceField)
        choices.choices = list(enumerate(names))
        if len(names) == 1:
            choices.required, choices.widget = False, forms.HiddenInput()

    def clean_payload(self) -> int:
        """Its place; the only one need not be named."""
        return self.cleaned_data["payload"] or 0


class PreviewForm(PayloadForm):
    """And how many rows to show."""

    rows = forms.IntegerField(min_value=1, max_value=MAX_PREVIEW_ROWS, initial=10)


@dataclass(frozen=True, slots=True)
class DatasourceVerb:
    """A button: what it says, whom it takes, what it asks, and what it does with the answer."""

    button: str
    role: Role
    text: str
    form: type[PayloadForm]
    act: Callable[[Job, JSON, str], JSON]


def _asked(verb: Verb) -> Callable[[Job, JSON, str], JSON]:
    def act(job: Job, typed: JSON, actor: str) -> JSON:
        about = operations.choose(job=job, place=typed["payload"])
        return told(_ask(verb, about, actor, typed.get("rows", 0)))

    return act


def _ask(verb: Verb, about: operations.Chosen, actor: str, rows: int) -> DatasourceOperation:
    if verb == Verb.DELETE_OUTPUT:
        return operations.ask_to_delete(about=about, actor=actor, now=_now())
    return operations.ask(
        workspace=about.job.workspace,
        verb=verb,
        parameters=about.parameters,
        actor=actor,
        now=_now(),
        about=about,
        rows=rows,
    )


def told(operation: DatasourceOperation) -> JSON:
    """Wait for a worker. What is shown of the answer: a table for a preview, a sentence for a validation, and JSON for the rest."""
    ended = operations.wait(operation=operation)
    if ended.error:
        return {"failure": ended.error["message"]}
    if ended.result is None:
        state = operation_state(operation=ended, now=_now())
        return {"failure": f"No answer yet, it is {state}. Is there a worker of the queue datasource, and has it time?"}
    if ended.verb == Verb.PREVIEW:
        return _table(ended.result)
    if ended.verb == Verb.VALIDATE:
        return _verdict(ended.result)
    return {"text_shown": json.dumps(ended.result, indent=2, ensure_ascii=False)}


def _verdict(result: JSON) -> JSON:
    """Whether it is valid in a sentence, and a line for the source and the destination each."""
    parts = [(name, result[name]) for name in ("source", "destination") if name in result]
    lines = [f"{name}: {'in order' if part['ok'] else part.get('message', 'not in order')}" for name, part in parts]
    lines += [f"{error['field']}: {error['message']}" for error in result.get("errors", [])]
    sentence = "It is valid." if result["valid"] else "It is not valid."
    return {"verdict": {"valid": result["valid"], "sentence": sentence, "lines": lines}}


def _table(preview: JSON) -> JSON:
    names = [column["name"] for column in preview["columns"]]
    rows = [[_cell(row.get(name)) for name in names] for row in preview["rows"]]
    return {"columns": preview["columns"], "rows": rows, "cut": preview["cut"]}


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _reset(job: Job, typed: JSON, actor: str) -> JSON:
    about = operations.choose(job=job, place=typed["payload"])
    reset_state(job=job, actor=actor, stream=about.stream)
    return {"text_shown": f"{about.stream}: the next load begins at the beginning."}


DATASOURCE_VERBS: Mapping[str, DatasourceVerb] = {
    "validate": DatasourceVerb(
        gettext_noop("Validate"),
        Role.OPERATOR,
        gettext_noop("A worker reaches for the source and the destination, and changes nothing."),
        PayloadForm,
        _asked(Verb.VALIDATE),
    ),
    "preview": DatasourceVerb(
        gettext_noop("Preview"),
        Role.OPERATOR,
        gettext_noop("A worker reads the first rows of the source; nothing is loaded."),
        PreviewForm,
        _asked(Verb.PREVIEW),
    ),
    "state": DatasourceVerb(
        gettext_noop("Reset state"),
        Role.EDITOR,
        gettext_noop("The next load begins at the beginning: with append, rows that are there already come once more."),
        PayloadForm,
        _reset,
    ),
    "delete-output": DatasourceVerb(
        gettext_noop("Delete output"),
        Role.EDITOR,
        gettext_noop(
            "The rows or files of the destination are deleted, whoever put them there, and the next load begins at the beginning."
        ),
        PayloadForm,
        _asked(Verb.DELETE_OUTPUT),
    ),
}


class DatasourceControls(WorkspaceAdmin[Job]):
    """The buttons on a datasource's page, and the pages behind them."""

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and one page a verb."""
        view = self.admin_site.admin_view(self.datasource_view)
        return [path("<int:job_id>/datasource/<slug:verb>/", view, name="jobs_job_datasource"), *super().get_urls()]

    def datasource_view(self, request: HttpRequest, job_id: int, verb: str) -> HttpResponse:
        """Ask, then do it, and show what came of it."""
        job, chosen = self.get_object(request, str(job_id)), DATASOURCE_VERBS.get(verb)
        if (
            job is None
            or chosen is None
            or job.type != "datasource"
            or not permits(request, chosen.role, job.workspace_id)
        ):
            raise Http404("there is no such datasource, or you may not do this to it")
        form = chosen.form(job, request.POST if request.method == "POST" else None)
        shown: JSON = {}
        if request.method == "POST" and form.is_valid():
            shown = self._act(request, job, chosen, form.cleaned_data)
        page = ask(
            self.admin_site,
            request,
            title=f"{chosen.button}: {job.key}",
            text=chosen.text,
            form=form,
            button=chosen.button,
            back=[
                (reverse("admin:jobs_job_changelist"), "Jobs"),
                (reverse("admin:jobs_job_change", args=[job.pk]), job.key),
            ],
        )
        page.template_name = TEMPLATE
        page.context_data = {**(page.context_data or {}), **shown, "states": list_states(job=job)}
        return page

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Say which buttons to show."""
        job = kwargs.get("obj")
        context["datasource_verbs"] = _offered(request, job) if job is not None and job.type == "datasource" else []
        return super().render_change_form(request, context, *args, **kwargs)

    def _act(self, request: HttpRequest, job: Job, verb: DatasourceVerb, typed: JSON) -> JSON:
        try:
            return verb.act(job, typed, str(request.user.get_username()))
        except JobsError as error:
            self.message_user(request, f"Nothing was done: {error}.", messages.ERROR)
            return {}


def _offered(request: HttpRequest, job: Job) -> list[tuple[str, str]]:
    return [
        (reverse("admin:jobs_job_datasource", args=[job.pk, name]), verb.button)
        for name, verb in DATASOURCE_VERBS.items()
        if permits(request, verb.role, job.workspace_id)
    ]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
