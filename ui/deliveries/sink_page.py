"""A sink: how it stands with it, what it is told, what was delivered to it last, and who uses it."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse

from jobs.errors import JobsError
from jobs.masking import masked
from jobs.models import Origin, Role
from jobs.selectors.jobs import find_job
from jobs.selectors.origins import origin_of
from sinks import registry
from sinks.models import Sink
from sinks.selectors.deliveries import list_deliveries
from sinks.selectors.sinks import MOST_COUNTED, find_sink, find_sink_of_job, sink_view
from sinks.services import checking
from ui.deliveries import kinds
from ui.pages import WorkspacePage, is_htmx
from ui.pretty import pretty
from ui.sink_checks import answer_of

LAST = 20


class SinkPart(WorkspacePage):
    """Whatever is about one sink: a named one of the workspace, or, where the address has a job's key, an entry of that job's."""

    area = "ui:sinks"

    @property
    def key(self) -> str:
        """The job's, or empty."""
        return str(self.kwargs.get("key", ""))

    @property
    def name(self) -> str:
        """The sink's, or the entry's."""
        return str(self.kwargs["name"])

    @cached_property
    def sink(self) -> Sink:
        """The sink of the address. Raises NotFoundError."""
        if self.key:
            return find_sink_of_job(job=find_job(workspace=self.workspace, key=self.key), name=self.name)
        return find_sink(workspace=self.workspace, name=self.name)

    @cached_property
    def origin(self) -> Origin | None:
        """The file that keeps it, None for none. That of a job's own sink is the job's."""
        if self.sink.job_id is not None:
            return origin_of(workspace_id=self.workspace.pk, kind="job", name=self.key)
        return origin_of(workspace_id=self.workspace.pk, kind="sink", name=self.sink.name)

    def address(self, verb: str = "") -> str:
        """Of its page, or of something that is done to it."""
        suffix = f"-{verb}" if verb else ""
        if self.key:
            return reverse(f"ui:job-sink{suffix}", args=[self.workspace.slug, self.key, self.name])
        return reverse(f"ui:sink{suffix}", args=[self.workspace.slug, self.name])


class SinkPage(SinkPart):
    """``sinks/<name>/`` and ``jobs/<key>/sinks/<name>/``"""

    template = "ui/deliveries/sink.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The page, or what changes on it."""
        told = self.standing()
        if is_htmx(request) and request.headers.get("HX-Target") == "standing":
            return self.part("ui/deliveries/standing.html", **told)
        return self.page(**told, **self._about())

    def standing(self) -> dict[str, Any]:
        """How it stands with it, and the last deliveries."""
        view = sink_view(sink=self.sink, now=self.now)
        deliveries = list_deliveries(sink=self.sink, limit=LAST)
        return {
            "view": view,
            "sink": view.sink,
            "name": self.name,
            "job_key": self.key,
            "is_named": view.sink.job_id is None,
            "most": MOST_COUNTED,
            "deliveries": deliveries,
            "counted": Counter(each.state for each in deliveries).most_common(),
            "addresses": {verb: self.address(verb) for verb in ("", "test", "enable", "redeliver")},
        }

    def _about(self) -> dict[str, Any]:
        sink, kind = self.sink, registry.get(self.sink.kind)
        return {
            "title": kinds.title_of(sink.kind),
            "takes": kinds.takes(sink.kind),
            "is_idempotent": kinds.is_idempotent(sink.kind),
            "configuration": pretty(masked(sink.configuration)),
            "secrets": sorted(set(kind.secrets(sink.configuration))) if kind else [],
            "origin": self.origin,
        }


class Test(SinkPart):
    """Have a worker look whether it can be reached; nothing is delivered."""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What was found: a part of the page, or without scripts a message on it."""
        told = answer_of(self._ask())
        if is_htmx(request):
            return self.part("ui/deliveries/test.html", error=told.get("error"), said=told.get("said"))
        messages.add_message(
            request, messages.ERROR if "error" in told else messages.SUCCESS, told.get("error") or told["said"]
        )
        return HttpResponseRedirect(self.address())

    def _ask(self) -> Any:
        try:
            return checking.ask_about(sink=self.sink, actor=self.actor, now=self.now)
        except JobsError as error:
            return str(error)
