"""What the form of a job does about its sinks: entries begin as a copy of a named sink, or follow it; and they are tested."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from jobs import strict_json
from jobs.errors import FieldError, JobsError, ValidationError
from jobs.models import Role
from jobs.yaml_text import read_value
from sinks.documents import read_entry
from sinks.models import Check
from sinks.selectors.sinks import find_sink, prefill
from sinks.services import checking
from ui.pages import WorkspacePage
from ui.sink_checks import answers_of

MOST_TESTED = 10


class AddSink(WorkspacePage):
    """The list of entries with one more: a reference to a named sink, or a copy of it."""

    roles = {"POST": Role.EDITOR}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The field's new text."""
        typed = request.POST.get("sinks", "")
        try:
            entries = read_entries(typed)
            sink = find_sink(workspace=self.workspace, name=request.POST.get("known_sink", ""))
        except JobsError as error:
            return self.part("ui/jobs_manager/sinks_text.html", text=typed, wrong=str(error))
        entries.append(prefill(sink=sink) if "copy" in request.POST else {"sink": sink.name})
        return self.part("ui/jobs_manager/sinks_text.html", text=json.dumps(entries, indent=2, ensure_ascii=False))


class TestSinks(WorkspacePage):
    """Whether the entries can be reached, as a worker sees it; nothing is delivered."""

    roles = {"POST": Role.EDITOR}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """A line for each of the first `MOST_TESTED`."""
        try:
            entries = read_entries(request.POST.get("sinks", ""))
        except ValidationError as error:
            return self.part("ui/jobs_manager/sink_tests.html", wrong=str(error))
        asked = [(str(_name(entry)), self._ask(entry)) for entry in entries[:MOST_TESTED]]
        tests = list(zip((name for name, _ in asked), answers_of([one for _, one in asked]), strict=True))
        return self.part("ui/jobs_manager/sink_tests.html", tests=tests, cut=len(entries) > MOST_TESTED)

    def _ask(self, document: Any) -> Check | str:
        try:
            entry = read_entry(document)
            if entry.sink:
                sink = find_sink(workspace=self.workspace, name=entry.sink)
                return checking.ask_about(sink=sink, actor=self.actor, now=self.now)
            return checking.ask(
                workspace_id=self.workspace.pk,
                name=entry.key,
                kind=entry.kind or "",
                configuration=entry.configuration or {},
                actor=self.actor,
                now=self.now,
            )
        except (JobsError, ValueError) as error:
            return str(error)


def read_entries(text: str) -> list[Any]:
    """The entries that stand in the field. Raises ValidationError for what is no list."""
    if not text.strip():
        return []
    try:
        value = strict_json.loads(text) if text.lstrip().startswith("[") else read_value(text)
    except strict_json.NotJSONError as error:
        raise ValidationError([FieldError("sinks", str(error))]) from error
    if not isinstance(value, list):
        raise ValidationError([FieldError("sinks", "expected a list")])
    return value


def _name(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return entry.get("name") or entry.get("sink") or entry.get("kind") or "-"
