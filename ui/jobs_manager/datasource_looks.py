"""What is done with a datasource outside any run: validate it, preview it, reset its state, delete its output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from jobs.admin.datasource_controls import DATASOURCE_VERBS, DatasourceVerb, told
from jobs.errors import JobsError, NotFoundError, ValidationError
from jobs.models import Role, Verb
from jobs.services import datasource_operations as operations
from ui.actions import Question, add_errors
from ui.jobs_manager.actions import JobAction
from ui.jobs_manager.job_form import JobForm
from ui.pages import WorkspacePage, is_htmx
from workers.ingest.columns import word_of

ROWS = 10
ANSWER = "ui/jobs_manager/datasource_answer.html"
DIALOG = "ui/jobs_manager/datasource_dialog.html"


class Do(JobAction):
    """One of `DATASOURCE_VERBS`, done to a datasource that is saved. The dialog shows what the worker answered."""

    def let_in(self) -> None:
        """Some verbs take more than others."""
        super().let_in()
        if not self.may(self.verb.role):
            raise PermissionDenied

    @property
    def verb(self) -> DatasourceVerb:
        """That of the address. Raises NotFoundError, also for a job that is no datasource."""
        found = DATASOURCE_VERBS.get(self.kwargs["verb"])
        if found is None or not self.kwargs["key"].startswith("datasource:"):
            raise NotFoundError(f"{self.kwargs['verb']} cannot be done to {self.kwargs['key']}")
        return found

    def make_form(self, data: Any = None) -> forms.Form:
        """Which payload, where there are several."""
        return self.verb.form(self.job, data)

    def question(self) -> Question:
        """In the words of the admin."""
        verb = self.verb
        changes = verb.role == Role.EDITOR
        return Question(f"{_(verb.button)}: {self.job.key}", _(verb.text), _(verb.button), danger=changes)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Do it, and show the answer where the question was."""
        form = self.make_form(request.POST)
        if not form.is_valid():
            return self._ask(form, status=422)
        try:
            shown = self.verb.act(self.job, form.cleaned_data, self.actor)
        except JobsError as error:
            add_errors(form, error)
            return self._ask(form, status=422)
        told_of: dict[str, Any] = {"question": self.question(), "back": self.back(), "shown": shown}
        if is_htmx(request):
            return self.part(DIALOG, **told_of)
        return self.page(view_dialog=DIALOG, **told_of)


class Look(WorkspacePage):
    """The same for what stands in the form and is not saved: ``validate``, ``preview``, or ``infer``, which is a preview whose
    columns can be taken over as the source's ``types``."""

    roles = {"POST": Role.EDITOR}
    verbs = {"validate": Verb.VALIDATE, "preview": Verb.PREVIEW, "infer": Verb.PREVIEW}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What a worker answers about the first payload that was typed."""
        verb = self.verbs.get(self.kwargs["verb"])
        if verb is None:
            raise NotFoundError(f"{self.kwargs['verb']} cannot be done to what is not saved")
        try:
            shown = told(self._ask(verb))
            if self.kwargs["verb"] == "infer":
                shown = schema_of(shown)
        except ValidationError as error:
            lines = [f"{each.field}: {each.message}" for each in error.errors]
            shown = {"verdict": {"valid": False, "sentence": _("It is not valid."), "lines": lines}}
        return self.part(ANSWER, shown=shown)

    def _ask(self, verb: Verb) -> Any:
        return operations.ask(
            workspace=self.workspace,
            verb=verb,
            parameters=typed_parameters(self.request),
            actor=self.actor,
            now=self.now,
            rows=ROWS if verb == Verb.PREVIEW else 0,
        )


def schema_of(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Of a preview its columns, with the words by which a source's ``types`` promise theirs; what failed stays as it is."""
    if "columns" not in shown:
        return dict(shown)
    columns = [{**column, "word": word_of(column["type"])} for column in shown["columns"]]
    types = {column["name"]: column["word"] for column in columns if column["word"]}
    return {"schema": columns, "types": json.dumps(types, ensure_ascii=False)}


def typed_parameters(request: HttpRequest) -> dict[str, Any]:
    """The parameters of the first payload in the form, judged by nobody yet. Raises ValidationError for unreadable JSON."""
    form = JobForm(job_type="datasource", kind="datasource", data=request.POST)
    payload = form.typed_payload()
    first = payload[0] if isinstance(payload, list) and payload else {}
    found = first.get("parameters", {}) if isinstance(first, dict) else {}
    return cast(dict[str, Any], found)
