"""What is done to many jobs at once: asked about, begun as a bulk action, and watched."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.admin.asking import NoteForm, RunForm
from jobs.documents.bulk import BulkOnJobs, parse_bulk_on_jobs
from jobs.errors import ConflictError, NotFoundError
from jobs.models import Role
from jobs.selectors.bulk import get_action
from jobs.selectors.jobs import JobFilter, find_ids
from jobs.services.bulk_each import ROLES, act_on_jobs
from ui.actions import Action, Done, Question
from ui.pages import WorkspacePage

NAMED = 10
MOST_COUNTED = 10_000
FILTERS = ("type", "state", "tag", "search")
"""Of the list's filters those that a bulk action understands."""


class What(NamedTuple):
    """A button of the list."""

    word: object
    told: object
    form: type[forms.Form]
    danger: bool = False


WHATS = {
    "trigger": What(
        gettext_lazy("Run"), gettext_lazy("Each of them is run once; those that are not active are left out."), RunForm
    ),
    "pause": What(
        gettext_lazy("Pause"),
        gettext_lazy("Their schedules owe nothing while they are paused; running payloads finish, queued ones wait."),
        NoteForm,
    ),
    "resume": What(
        gettext_lazy("Resume"),
        gettext_lazy("Those that are paused go on: queued payloads, and schedules from now."),
        NoteForm,
    ),
    "terminate": What(
        gettext_lazy("Terminate"),
        gettext_lazy(
            "All their runs that go on are ended: queued payloads are cancelled, running ones are told to stop. Their schedules go"
            " on. This cannot be undone."
        ),
        NoteForm,
        danger=True,
    ),
    "delete": What(
        gettext_lazy("Delete"),
        gettext_lazy(
            "The jobs and their schedules are deleted, with what they decided. Their runs are kept. One whose runs go on, or that"
            " is kept in a file, is left alone."
        ),
        NoteForm,
        danger=True,
    ),
}


def role_for(name: str) -> Role:
    """Whom it takes, as in the API."""
    return ROLES.get(name, Role.OPERATOR)


class OnJobs(Action):
    """What is done to the jobs that the query names: ``key`` once for each, or ``all`` with the list's filters."""

    area = "ui:jobs"

    def role_for(self, method: str) -> Role:
        """That of what is done."""
        return role_for(self.request.GET.get("action", ""))

    @property
    def name(self) -> str:
        """Of what is done. Raises NotFoundError."""
        found = self.request.GET.get("action", "")
        if found not in WHATS:
            raise NotFoundError(f"nothing called {found} can be done to many jobs")
        return found

    @cached_property
    def asked(self) -> BulkOnJobs:
        """What the query says. Raises ValidationError, when it chooses nothing."""
        query = self.request.GET
        chosen: dict[str, Any] = {"keys": query.getlist("key")}
        if "all" in query:
            chosen = {"filter": {name: query[name] for name in FILTERS if query.get(name)}}
        return parse_bulk_on_jobs({"action": self.name, **chosen})

    def make_form(self, data: Any = None) -> forms.Form:
        """What may be said with it."""
        form = WHATS[self.name].form(data)
        for each in form.fields.values():
            each.widget.attrs.pop("style", None)
        return form

    def question(self) -> Question:
        """Which, and what becomes of them."""
        what, keys = WHATS[self.name], self.request.GET.getlist("key")
        if "all" not in self.request.GET and not keys:
            raise ConflictError(_("No job is chosen. Tick jobs in the list first, then press the button again."))
        asked = self.asked
        if asked.keys is None:
            wanted = asked.filter.model_dump(exclude_none=True) if asked.filter else {}
            found = len(find_ids(workspace=self.workspace, wanted=JobFilter(**wanted), limit=MOST_COUNTED + 1))
            told = f"{found:,}" if found <= MOST_COUNTED else _("more than %(most)s") % {"most": f"{MOST_COUNTED:,}"}
            title = _("%(verb)s: all jobs that fit the filters, %(count)s") % {"verb": what.word, "count": told}
            facts = [f"{name}: {value}" for name, value in wanted.items()]
        else:
            title = ngettext("%(verb)s: %(count)s job", "%(verb)s: %(count)s jobs", len(keys))
            title %= {"verb": what.word, "count": len(keys)}
            facts = keys[:NAMED] + ([_("and %(count)s more") % {"count": len(keys) - NAMED}] if keys[NAMED:] else [])
        return Question(title, str(what.told), str(what.word), danger=what.danger, facts=facts)

    def act(self, form: Any) -> Done:
        """Begin it."""
        said = form.asked
        note = said.comment if self.name == "trigger" else said.note
        more = {"note": note} | ({"parameters": said.parameters or {}} if self.name == "trigger" else {})
        asked = self.asked.model_copy(update=more)
        action = act_on_jobs(workspace=self.workspace, asked=asked, actor=self.actor)
        to = reverse("ui:jobs-bulk-action", args=[self.workspace.slug, action.pk])
        text = ngettext("Begun for %(count)s job.", "Begun for %(count)s jobs.", action.total)
        return Done(text % {"count": f"{action.total:,}"}, to=to)

    def back(self) -> str:
        """The list."""
        return reverse("ui:jobs", args=[self.workspace.slug])


class Progress(WorkspacePage):
    """How far a bulk action is, and what could not be done."""

    area = "ui:jobs"
    template = "ui/jobs_manager/bulk.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The page, or its figures for a page that is there."""
        action = get_action(workspace=self.workspace, action_id=self.kwargs["action_id"])
        told: dict[str, Any] = {"action": action, "dealt_with": action.changed + action.unchanged}
        if request.headers.get("HX-Target") == "bulk-progress":
            return self.part("ui/jobs_manager/bulk_progress.html", **told)
        return self.page(**told)
