"""What a person may do to a sink on its page: check it, enable it again, deliver again what was given up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from jobs.admin.asking import ask
from jobs.admin.scope import WorkspaceAdmin, permits
from jobs.errors import JobsError
from jobs.models import Role
from sinks.admin.again import not_made
from sinks.models import Sink
from sinks.services import checking
from sinks.services.naming import enable_sink
from sinks.services.redelivering import redeliver_of_sink


class SinceForm(forms.Form):
    """From when on what was given up is delivered again."""

    since = forms.DateTimeField(
        required=False, help_text="Given up then or later, such as 2026-11-22 09:00 (UTC). Empty for all."
    )


@dataclass(frozen=True, slots=True)
class SinkVerb:
    """A button: what it says, what it will do, what it asks, and what it tells of what came of it."""

    button: str
    text: str
    form: type[forms.Form]
    act: Callable[[Sink, Mapping[str, Any], str], tuple[int, str]]


def _check(sink: Sink, _typed: Mapping[str, Any], actor: str) -> tuple[int, str]:
    ended = checking.wait(check=checking.ask_about(sink=sink, actor=actor, now=timezone.now()))
    if ended.error is not None:
        return messages.ERROR, f"{sink.name} cannot be reached: {ended.error['message']}"
    if ended.result is None:
        return messages.WARNING, "No answer yet. Is there a worker of the queue sinks, and has it time?"
    return messages.SUCCESS, f"{sink.name} can be reached: {ended.result['message']}"


def _enable(sink: Sink, _typed: Mapping[str, Any], actor: str) -> tuple[int, str]:
    if enable_sink(sink=sink, actor=actor):
        return messages.SUCCESS, f"{sink.name} is enabled: what is due is delivered now."
    return messages.WARNING, f"{sink.name} was neither disabled nor resting: nothing was changed."


def _redeliver(sink: Sink, typed: Mapping[str, Any], actor: str) -> tuple[int, str]:
    since: dt.datetime | None = typed.get("since")
    again = redeliver_of_sink(sink=sink, actor=actor, since=since)
    made = f"Dead deliveries to {sink.name} that are made again: {again.made:,}."
    if again.action is not None:
        made += f" There are more: bulk action {again.action.pk} deals with them in the background."
    if not again.left:
        return messages.SUCCESS, made
    return messages.WARNING, " ".join([made, *(text for _, text in not_made([again]))])


SINK_VERBS: Mapping[str, SinkVerb] = {
    "check": SinkVerb(
        "Check",
        "A worker tests the connection, with its secrets and from its network. Nothing is delivered.",
        forms.Form,
        _check,
    ),
    "enable": SinkVerb(
        "Enable",
        "It rests no longer and is not disabled any more: what is due is delivered at once.",
        forms.Form,
        _enable,
    ),
    "redeliver": SinkVerb(
        "Redeliver",
        "Its dead deliveries are made again, under the ids that they have. A sink that had one of them already may get it twice.",
        SinceForm,
        _redeliver,
    ),
}


class SinkControls(WorkspaceAdmin[Sink]):
    """The buttons on a sink's page, and the pages behind them."""

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and one page a verb."""
        view = self.admin_site.admin_view(self.control_view)
        return [path("<int:sink_id>/do/<slug:verb>/", view, name="sinks_sink_do"), *super().get_urls()]

    def control_view(self, request: HttpRequest, sink_id: int, verb: str) -> HttpResponse:
        """Say what will be done, then do it."""
        sink, chosen = self.get_object(request, str(sink_id)), SINK_VERBS.get(verb)
        if sink is None or chosen is None or not permits(request, Role.OPERATOR, sink.workspace_id):
            raise Http404("there is no such sink, or you may not do this to it")
        page = reverse("admin:sinks_sink_change", args=[sink.pk])
        form = chosen.form(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            self._act(request, sink, chosen, form.cleaned_data)
            return HttpResponseRedirect(page)
        return ask(
            self.admin_site,
            request,
            title=f"{chosen.button}: {sink.name}",
            text=chosen.text,
            form=form,
            button=chosen.button,
            back=[(reverse("admin:sinks_sink_changelist"), "Sinks"), (page, sink.name)],
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Say which buttons to show."""
        sink = kwargs.get("obj")
        context["verbs"] = _offered(request, sink) if sink is not None else []
        return super().render_change_form(request, context, *args, **kwargs)

    def _act(self, request: HttpRequest, sink: Sink, verb: SinkVerb, typed: Mapping[str, Any]) -> None:
        try:
            level, told = verb.act(sink, typed, str(request.user.get_username()))
        except JobsError as error:
            level, told = messages.ERROR, f"Nothing was done: {error}."
        self.message_user(request, told, level)


def _offered(request: HttpRequest, sink: Sink) -> list[tuple[str, str]]:
    if not permits(request, Role.OPERATOR, sink.workspace_id):
        return []
    return [(reverse("admin:sinks_sink_do", args=[sink.pk, name]), verb.button) for name, verb in SINK_VERBS.items()]
