"""What may be done to a run: the same verbs, texts and forms as in the admin, each in a dialog."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext as _

from jobs.admin.badges import stands
from jobs.admin.fields import ABSENT, JSONText
from jobs.admin.run_controls import RUN_VERBS, RunVerb
from jobs.errors import ConflictError, NotFoundError
from jobs.services import control, extending, pins, reruns
from jobs.states import FINAL_RUN_STATES
from ui.actions import Action, Done, Question
from ui.runs.offering import ROLE
from ui.runs.page import RunPage

DANGEROUS = ("terminate",)

_CHANGES = {
    "pause": control.pause_run,
    "resume": control.resume_run,
    "terminate": control.terminate_run,
    "pin": pins.pin_run,
    "unpin": pins.unpin_run,
}


class RunAction(Action, RunPage):
    """Whatever is done to one run."""

    roles = {"POST": ROLE}

    def back(self) -> str:
        """The run's page."""
        return reverse("ui:run", args=self.place)


class Do(RunAction):
    """One of `RUN_VERBS`."""

    @property
    def verb(self) -> RunVerb:
        """That of the address. Raises NotFoundError."""
        found = RUN_VERBS.get(self.kwargs["verb"])
        if found is None:
            raise NotFoundError(f"nothing called {self.kwargs['verb']} can be done to a run")
        return found

    def make_form(self, data: Any = None) -> forms.Form:
        """That of the verb, without what only the admin's own pages take: styles within tags."""
        form = self.verb.form(data)
        for each in form.fields.values():
            each.widget.attrs.pop("style", None)
        return form

    def question(self) -> Question:
        """In the words of the admin, with the run's own figures."""
        run, verb = self.view.run, self.verb
        if not verb.offered(run):
            raise ConflictError(_("Run %(id)s %(stands)s.") % {"id": run.pk, "stands": stands(run.state)})
        title = _("%(verb)s: run %(id)s of %(job)s") % {"verb": _(verb.button), "id": run.pk, "job": run.job_key}
        return Question(title, verb.text(run), _(verb.button), danger=self.kwargs["verb"] in DANGEROUS)

    def act(self, form: Any) -> Done:
        """Do it; a new run's page follows where one was made."""
        name, run = self.kwargs["verb"], self.view.run
        change = _CHANGES.get(name)
        if change is None:
            return self._repeated(name, form.asked)
        if change(run=run, actor=self.actor, note=form.asked.note):
            return Done(_("%(verb)s: done for run %(id)s.") % {"verb": _(self.verb.button), "id": run.pk})
        return Done(_("Run %(id)s stood so already: nothing was changed.") % {"id": run.pk}, level=messages.INFO)

    def _repeated(self, name: str, asked: Any) -> Done:
        run = self.view.run
        if name == "replay":
            made = reruns.replay(run=run, actor=self.actor, comment=asked.comment)
        else:
            made = reruns.rerun(
                run=run,
                actor=self.actor,
                which=asked.which,
                definition=asked.definition,
                parameters=asked.parameters,
                comment=asked.comment,
            )
        to = reverse("ui:run", args=[self.workspace.slug, made])
        return Done(_("Started run %(made)s from run %(id)s.") % {"made": made, "id": run.pk}, to=to)


class ExtendForm(forms.Form):
    """Payloads that are to be added."""

    payload = JSONText(
        rows=8, label="Payloads", help_text="A list of payloads, as in a job's document: each with kind and parameters."
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["payload"].widget.attrs.pop("style", None)

    def clean_payload(self) -> Any:
        """Something must be added."""
        typed = self.cleaned_data["payload"]
        if typed in (ABSENT, []):
            raise forms.ValidationError(_("Expected a list with a payload at least."))
        return typed


class Extend(RunAction):
    """Payloads are added to a run that has not ended."""

    form_class = ExtendForm

    def question(self) -> Question:
        """What it means for the run."""
        run = self.view.run
        if run.state in FINAL_RUN_STATES:
            raise ConflictError(_("Run %(id)s has ended: nothing can be added to it.") % {"id": run.pk})
        title = _("Add payloads to run %(id)s of %(job)s") % {"id": run.pk, "job": run.job_key}
        text = _("They are queued behind its %(total)s payloads, under the same retry policy and limits.")
        return Question(title, text % {"total": f"{run.total:,}"}, _("Add"))

    def act(self, form: Any) -> Done:
        """Add them."""
        items = form.cleaned_data["payload"]
        made = extending.extend_run(run_id=self.view.run.pk, parent=None, attempt=None, items=items, actor=self.actor)
        told = ", ".join(f"{name} {value}" for name, value in made._asdict().items())
        return Done(_("Payloads of run %(id)s: %(told)s.") % {"id": self.view.run.pk, "told": told})
