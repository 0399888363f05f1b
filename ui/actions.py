"""Something that is asked about first and then done: a dialog says what will happen, and its button does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect

from jobs.errors import FieldError, JobsError, ValidationError
from ui.pages import AccountPage, WorkspacePage, is_htmx


class NothingAsked(forms.Form):
    """For what needs no more than a yes."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the dialog says.

    Args:
        title: ``Terminate run 1842``.
        text: What will happen, in figures: ``37 queued payloads are cancelled, 5 running ones get 10 s.``
        button: The verb: ``Terminate``.
        danger: True for what cannot be undone.
        facts: More of it, a line each.
    """

    title: str
    text: str
    button: str
    danger: bool = False
    facts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it: a sentence, and the address to go to (the page where it was asked for, when there is none).

    ``download``: leave the dialog open in favour of an address that answers with a file.
    """

    text: str
    to: str = ""
    level: int = field(default=messages.SUCCESS)


class AccountAction(AccountPage):
    """GET shows the dialog, POST does it; for whoever `let_in` lets in.

    A subclass implements `question`, `act` and `back`; ``form_class`` asks for more. Without scripts the dialog is a page. The
    errors of services come back beside the fields that they name, or above the form.
    """

    form_class: type[forms.Form] = NothingAsked
    template = "ui/components/dialog_page.html"
    dialog_template = "ui/components/dialog.html"

    def question(self) -> Question:
        """What will be done. Raises NotFoundError for what is not there, ConflictError for what cannot be done now."""
        raise NotImplementedError

    def act(self, form: Any) -> Done:
        """Do it, with what a valid form holds. Raises JobsError."""
        raise NotImplementedError

    def back(self) -> str:
        """Where to go afterwards, when `act` does not say, and the dialog was a page."""
        raise NotImplementedError

    def make_form(self, data: Any = None) -> forms.Form:
        """The form, empty or of what was sent."""
        return self.form_class(data)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask."""
        return self._ask(self.make_form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Do it, or ask again with what was wrong."""
        form = self.make_form(request.POST)
        if not form.is_valid():
            return self._ask(form, status=422)
        try:
            done = self.act(form)
        except JobsError as error:
            add_errors(form, error)
            return self._ask(form, status=422)
        return self.finish(done)

    def finish(self, done: Done) -> HttpResponseBase:
        """Say what came of it on the page that follows."""
        messages.add_message(self.request, done.level, done.text)
        if not is_htmx(self.request):
            return HttpResponseRedirect(done.to or self.back())
        to = done.to or (self.back() if self._is_a_page else "")
        return HttpResponse(status=204, headers={"HX-Redirect": to} if to else {"HX-Refresh": "true"})

    @property
    def _is_a_page(self) -> bool:
        """Whether the dialog was opened as a page: there it would stand again after a reload, as if nothing had been done."""
        return urlsplit(self.request.headers.get("HX-Current-URL", "")).path == self.request.path

    def _ask(self, form: forms.Form, *, status: int = 200) -> HttpResponse:
        told: dict[str, Any] = {"form": form, "address": self.request.get_full_path()}
        try:
            told |= {"question": self.question()}
        except JobsError as error:
            told |= {"refusal": str(error)}
        if is_htmx(self.request):
            return self.part(self.dialog_template, status=status, **told)
        return self.page(status=status, back=self.back(), **told)


class Action(AccountAction, WorkspacePage):
    """The same in a workspace, by role: editors, unless ``roles`` says otherwise, for the GET too."""

    def role_for(self, method: str) -> Any:
        """Who may not do it is not asked about it."""
        return super().role_for("POST")


def add_errors(form: forms.Form, error: JobsError) -> None:
    """Put what a service refused beside the fields that it names; above the form, with its path, what names none of them."""
    found = error.errors if isinstance(error, ValidationError) else [FieldError("", str(error))]
    for path, message in found:
        name = _field_for(form, path)
        said = message if name in (path.replace(".", "__"), path) or not path else f"{path}: {message}"
        form.add_error(name, said)


def _field_for(form: forms.Form, path: str) -> str | None:
    candidates = (path.replace(".", "__"), path.partition(".")[0])
    return next((name for name in candidates if name in form.fields), None)
