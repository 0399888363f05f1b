"""What is done to a sink: enable, redeliver, delete, release."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.admin.asking import NoteForm
from jobs.errors import ConflictError
from jobs.models import Role
from jobs.services.origins import reason, release
from sinks.selectors.sinks import MOST_COUNTED, SinkView, sink_view
from sinks.services.naming import delete_sink, enable_sink
from sinks.services.redelivering import redeliver_of_sink
from sinks.states import SinkState
from ui.actions import Action, Done, Question
from ui.deliveries import again
from ui.deliveries.sink_page import SinkPart


class SinkAction(Action, SinkPart):
    """Whatever is done to one sink."""

    def back(self) -> str:
        """Its page."""
        return self.address()

    @property
    def view(self) -> SinkView:
        """How it stands with it."""
        return sink_view(sink=self.sink, now=self.now)


class Enable(SinkAction):
    """Deliver again to a sink that is disabled, or that rests."""

    roles = {"POST": Role.OPERATOR}

    def question(self) -> Question:
        """What follows."""
        view = self.view
        if view.state not in (SinkState.DISABLED, SinkState.RESTING):
            raise ConflictError(_("%(sink)s is neither disabled nor resting.") % {"sink": self.name})
        text = ngettext(
            "What is due is tried at once: %(count)s delivery. What fails again, rests again.",
            "What is due is tried at once: %(count)s deliveries. What fails again, rests again.",
            view.due,
        )
        title, button = (
            (_("Enable %(sink)s"), _("Enable")) if view.state == SinkState.DISABLED else (_("Wake %(sink)s"), _("Wake"))
        )
        return Question(title % {"sink": self.name}, text % {"count": counted(view.due)}, button)

    def act(self, form: Any) -> Done:
        """Enable it."""
        if enable_sink(sink=self.sink, actor=self.actor):
            return Done(_("%(sink)s is delivered to again.") % {"sink": self.name})
        return Done(_("%(sink)s was neither disabled nor resting any more.") % {"sink": self.name})


class SinceForm(forms.Form):
    """From when on."""

    since = forms.DateTimeField(
        label=gettext_lazy("Given up since (UTC)"),
        help_text=gettext_lazy("Empty for all of them."),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class Redeliver(SinkAction):
    """Deliver again what was given up."""

    roles = {"POST": Role.OPERATOR}
    form_class = SinceForm

    def question(self) -> Question:
        """How many there are."""
        view = self.view
        if not view.dead:
            raise ConflictError(_("No delivery to %(sink)s was given up.") % {"sink": self.name})
        text = ngettext(
            "%(count)s delivery was given up. It is made again under its id; a sink that has it already may get it twice.",
            "%(count)s deliveries were given up. Each is made again under its id; a sink that has one already may get it twice.",
            view.dead,
        )
        title = _("Deliver again to %(sink)s")
        return Question(title % {"sink": self.name}, text % {"count": counted(view.dead)}, _("Deliver again"))

    def act(self, form: Any) -> Done:
        """Make them due."""
        found = redeliver_of_sink(sink=self.sink, actor=self.actor, since=form.cleaned_data["since"])
        again.tell_the_others(self.request, found)
        text, level = again.made_words(found)
        return Done(text, level=level)


class Delete(SinkAction):
    """Delete a named sink that nothing uses."""

    roles = {"POST": Role.EDITOR}

    def question(self) -> Question:
        """What goes with it."""
        view = self.view
        if self.origin is not None:
            raise ConflictError(reason(self.origin))
        if view.jobs:
            named = ", ".join(view.jobs[:10]) + (" …" if len(view.jobs) > 10 else "")
            raise ConflictError(
                _("%(sink)s is used by %(jobs)s: take it out of their sinks first.")
                % {"sink": self.name, "jobs": named}
            )
        text = ngettext(
            "It is gone for good. %(count)s delivery that still waits for it is given up.",
            "It is gone for good. %(count)s deliveries that still wait for it are given up.",
            view.due,
        )
        title = _("Delete %(sink)s") % {"sink": self.name}
        return Question(title, text % {"count": counted(view.due)}, _("Delete"), danger=True)

    def act(self, form: Any) -> Done:
        """Delete it."""
        delete_sink(sink=self.sink, actor=self.actor)
        to = reverse("ui:sinks", args=[self.workspace.slug])
        return Done(_("%(sink)s is deleted.") % {"sink": self.name}, to=to)


class Release(SinkAction):
    """Let a sink that is kept in a file be edited here."""

    roles = {"POST": Role.EDITOR}
    form_class = NoteForm

    def make_form(self, data: Any = None) -> forms.Form:
        """Without what only the admin's own pages take: styles within tags."""
        form = super().make_form(data)
        for each in form.fields.values():
            each.widget.attrs.pop("style", None)
        return form

    def question(self) -> Question:
        """What it means for the file."""
        if self.origin is None:
            raise ConflictError(_("%(sink)s is kept in no file.") % {"sink": self.name})
        text = _(
            "It can be edited everywhere then. It stays as it is; the file %(path)s, applied again, takes it back."
        )
        title = _("Release %(sink)s") % {"sink": self.name}
        return Question(title, text % {"path": self.origin.path}, _("Release"))

    def act(self, form: Any) -> Done:
        """Release it."""
        release(workspace=self.workspace, kind="sink", name=self.sink.name, actor=self.actor, note=form.asked.note)
        return Done(_("%(sink)s can be edited here now.") % {"sink": self.name})


def counted(count: int) -> str:
    """A count that ends at `MOST_COUNTED`, in words."""
    return f"{count:,}" if count < MOST_COUNTED else _("%(count)s or more") % {"count": f"{count:,}"}
