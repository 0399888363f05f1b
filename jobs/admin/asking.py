"""Asking before something is done: forms that are judged by the code that judges the API's bodies, and the page that shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from jobs.admin.fields import ABSENT, JSONText, RawText, placed
from jobs.documents import parse_replay, parse_rerun, parse_trigger
from jobs.documents.control import parse_note
from jobs.errors import ValidationError


class AskForm(forms.Form):
    """What may be said with an action. When it is valid, ``asked`` is what ``parse`` made of it."""

    parse: Callable[[object], Any]
    fixed: Mapping[str, object] = {}
    """Said by the button, and not by the person."""

    def clean(self) -> dict[str, Any]:
        """Judge what was typed as the API does; each error goes to its field."""
        unread = set(self.errors)
        typed = {name: value for name, value in self.cleaned_data.items() if value not in (ABSENT, "")}
        try:
            self.asked = self.parse({**self.fixed, **typed})
        except ValidationError as error:
            for each in error.errors:
                if each.field.partition(".")[0] not in unread:
                    self.add_error(*placed(each, self.fields))
        return self.cleaned_data


def _line(**attributes: Any) -> RawText:
    return RawText(widget=forms.TextInput(attrs={"class": "vLargeTextField"}), **attributes)


class RunForm(AskForm):
    """What may be said when a job is run by hand."""

    parse = staticmethod(parse_trigger)
    parameters = JSONText(
        rows=4,
        label=gettext_lazy("Parameters"),
        help_text=gettext_lazy("An object, for the templates in the payload. Empty for none."),
    )
    comment = _line(label=gettext_lazy("Comment"))


class NoteForm(AskForm):
    """Why something is held, continued, ended or moved to another state."""

    parse = staticmethod(parse_note)
    note = _line(label=gettext_lazy("Note"), help_text=gettext_lazy("Why; for whoever reads it later."))


class RerunForm(AskForm):
    """How a finished run is to be executed again."""

    parse = staticmethod(parse_rerun)
    fixed = {"which": "all"}
    definition = forms.ChoiceField(
        label=gettext_lazy("Definition"),
        choices=[("present", gettext_lazy("as the job is now")), ("snapshot", gettext_lazy("as the job was then"))],
        initial="present",
    )
    parameters = JSONText(
        rows=4, label=gettext_lazy("Parameters"), help_text=gettext_lazy("An object. Empty for the run's own.")
    )
    comment = _line(label=gettext_lazy("Comment"))


class RerunFailedForm(RerunForm):
    """The same for the payloads that failed or were cancelled."""

    fixed = {"which": "failed"}


class ReplayForm(AskForm):
    """Why stored results are to be delivered again."""

    parse = staticmethod(parse_replay)
    comment = _line(label=gettext_lazy("Comment"))


def ask(
    site: admin.AdminSite,
    request: HttpRequest,
    *,
    title: str,
    text: str,
    form: forms.Form,
    button: str,
    back: Sequence[tuple[str, str]],
    hidden: Sequence[tuple[str, str]] = (),
    app: str = "jobs",
) -> TemplateResponse:
    """A page that says what will be done, and asks.

    Args:
        site: The admin.
        request: Whose.
        title: Of the page.
        text: What will be done.
        form: What may be said with it.
        button: What the button says.
        back: Address and text of the pages above, the last of which is the way back.
        hidden: What the answer is to hold besides the form.
        app: Whose page it is.
    """
    context = site.each_context(request) | {
        "title": title,
        "text": text,
        "form": form,
        "button": button,
        "back": [(reverse("admin:app_list", args=[app]), apps.get_app_config(app).verbose_name), *back],
        "hidden": hidden,
    }
    return TemplateResponse(request, "admin/jobs/ask.html", context)
