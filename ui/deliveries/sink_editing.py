"""Adding and changing sinks by forms."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from jobs.errors import JobsError, OutOfDateError, ValidationError
from jobs.models import Role
from jobs.selectors.origins import origin_of
from jobs.services.origins import reason
from sinks import registry
from sinks.documents import SinkDocument
from sinks.models import Sink
from sinks.selectors.sinks import find_sink, prefill
from sinks.services import checking
from sinks.services.naming import MUST_BE_NEW, save_sink
from ui.deliveries import kinds
from ui.deliveries.sink_form import SinkForm
from ui.pages import WorkspacePage
from ui.sink_checks import answer_of

UNSAVED = "unsaved"


class Choose(WorkspacePage):
    """What kind of sink is to be added."""

    area = "ui:sinks"
    template = "ui/deliveries/choose.html"
    roles = {"GET": Role.EDITOR}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The kinds."""
        return self.page(offers=kinds.offers())


class _Form(WorkspacePage):
    """What both forms share: showing it, showing it as the other view, saving it."""

    area = "ui:sinks"
    template = "ui/deliveries/sink_form.html"
    roles = {"GET": Role.EDITOR}

    def show(self, form: SinkForm, *, status: int = 200, sink: Sink | None = None, copied: str = "") -> HttpResponse:
        """The form."""
        return self.page(status=status, form=form, sink=sink, copied=copied)

    def other_view(self, form: SinkForm, sink: Sink | None = None) -> HttpResponse:
        """The same sink, its configuration as JSON in place of fields, or the other way round; nothing is saved or judged yet."""
        document = form.written()
        if document is None or not isinstance(document["configuration"], dict):
            return self.show(form, status=422, sink=sink)
        other = SinkForm(
            kind=document["kind"],
            document=document,
            name=form.name,
            version=self.version_seen(),
            in_json=not form.in_json,
        )
        return self.show(other, sink=sink)

    def version_seen(self) -> int | None:
        """Of the sink that the person saw; None for what is none."""
        text = self.request.POST.get("version", "")
        return int(text) if text.isdecimal() and len(text) < 10 else None

    def saved(self, form: SinkForm, document: SinkDocument, *, expected: int) -> Sink | None:
        """Save it; None when it was refused, which stands in the form then. Raises OutOfDateError."""
        try:
            return save_sink(
                workspace=self.workspace,
                document=document.model_dump(mode="json"),
                actor=self.actor,
                expected_version=expected,
            )
        except OutOfDateError:
            raise
        except ValidationError as error:
            form.refuse(error.errors)
        except JobsError as error:
            form.errors.append(str(error))
        return None

    def to_its_page(self, sink: Sink) -> HttpResponse:
        """Where a sink that was saved is looked at."""
        messages.success(self.request, _("%(sink)s is saved.") % {"sink": sink.name})
        return HttpResponseRedirect(reverse("ui:sink", args=[self.workspace.slug, sink.name]))


class New(_Form):
    """Add a sink of one kind; ``?from=`` begins as a copy of another."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """An empty form, or a copy."""
        copied, document = request.GET.get("from", ""), dict[str, Any]()
        if copied:
            sink = find_sink(workspace=self.workspace, name=copied)
            document = prefill(sink=sink) | {"name": f"{sink.name}-copy", "description": sink.description}
        return self.show(SinkForm(kind=self.kwargs["kind"], document=document), copied=copied)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Create it."""
        form = SinkForm(kind=self.kwargs["kind"], data=request.POST)
        if "other_view" in request.POST:
            return self.other_view(form)
        document = form.read()
        sink = document and self.saved(form, document, expected=MUST_BE_NEW)
        return self.to_its_page(sink) if sink else self.show(form, status=422)


class Edit(_Form):
    """Change a sink. Who was slower than somebody else is told, and loses nothing that was typed."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The sink as it stands."""
        sink = self.sink()
        origin = origin_of(workspace_id=self.workspace.pk, kind="sink", name=sink.name)
        if origin is not None:
            told = _("%(sink)s cannot be changed here: %(reason)s.") % {"sink": sink.name, "reason": reason(origin)}
            messages.warning(request, told)
            return HttpResponseRedirect(reverse("ui:sink", args=[self.workspace.slug, sink.name]))
        known = registry.get(sink.kind) is not None
        kind = sink.kind if known else registry.names()[0]
        document = {"description": sink.description, "configuration": sink.configuration}
        form = SinkForm(kind=kind, document=document, name=sink.name, version=sink.version, in_json=not known)
        return self.show(form, sink=sink)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Save it, if nobody has changed it since it was shown."""
        sink, seen = self.sink(), self.version_seen()
        kind = sink.kind if registry.get(sink.kind) else registry.names()[0]
        form = SinkForm(kind=kind, data=request.POST, name=sink.name)
        if "other_view" in request.POST:
            return self.other_view(form, sink)
        document = form.read()
        if seen is None or seen != sink.version:
            return self._told_of_the_other(form, sink, seen)
        try:
            saved = document and self.saved(form, document, expected=seen)
        except OutOfDateError:
            return self._told_of_the_other(form, self.sink(), seen)
        return self.to_its_page(saved) if saved else self.show(form, status=422, sink=sink)

    def sink(self) -> Sink:
        """That of the address. Raises NotFoundError."""
        return find_sink(workspace=self.workspace, name=self.kwargs["name"])

    def _told_of_the_other(self, form: SinkForm, sink: Sink, seen: int | None) -> HttpResponse:
        told = _(
            "Somebody changed this sink while you edited it: it has version %(now)s, and you saw %(seen)s. What you typed still"
            " stands below; open the sink in another window, compare, and save again to replace their change."
        )
        form.errors.append(told % {"now": sink.version, "seen": seen or "-"})
        form.fields.data = self.request.POST.copy()
        form.fields.data["version"] = str(sink.version)
        return self.show(form, status=409, sink=sink)


class TestTyped(WorkspacePage):
    """Whether a sink that is being typed could be reached, as a worker sees it; nothing is delivered or saved."""

    roles = {"POST": Role.EDITOR}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What was found."""
        told = answer_of(self._ask(SinkForm(kind=self.kwargs["kind"], data=request.POST)))
        return self.part("ui/deliveries/test.html", error=told.get("error"), said=told.get("said"))

    def _ask(self, form: SinkForm) -> Any:
        document = form.written()
        if document is None:
            return _("a field cannot be read yet: save it to see which")
        try:
            return checking.ask(
                workspace_id=self.workspace.pk,
                name=document.get("name") or UNSAVED,
                kind=document["kind"],
                configuration=document["configuration"],
                actor=self.actor,
                now=self.now,
            )
        except (JobsError, TypeError) as error:
            return str(error)
