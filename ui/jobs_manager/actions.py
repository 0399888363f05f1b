"""What is done to a job: run, pause, resume, move to another state, terminate, delete, release; and it as YAML."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.admin.asking import NoteForm, RunForm
from jobs.admin.job_controls import JOB_VERBS, JobVerb
from jobs.errors import ConflictError, NotFoundError
from jobs.models import Role
from jobs.services import job_states
from jobs.services.jobs import delete_job
from jobs.services.origins import release
from jobs.services.runs import trigger_run
from jobs.states import JobState, Trigger
from manifests.services import exporting
from ui.actions import Action, Done, Question
from ui.jobs_manager.views import JobPage

AFTERWARDS = (
    ("show", gettext_lazy("Watch the run")),
    ("stay", gettext_lazy("Stay on this page")),
    ("download", gettext_lazy("Download its results when it has ended")),
)


class JobAction(Action, JobPage):
    """Whatever is done to one job."""

    roles = {"POST": Role.OPERATOR}

    def back(self) -> str:
        """The job's page."""
        return reverse("ui:job", args=self.place)

    def make_form(self, data: Any = None) -> forms.Form:
        """Without what only the admin's own pages take: styles within tags."""
        form = super().make_form(data)
        for each in form.fields.values():
            each.widget.attrs.pop("style", None)
        return form


class RunDialog(RunForm):
    """What may be said when a job is run, and what is to follow."""

    afterwards = forms.ChoiceField(label=gettext_lazy("Then"), choices=AFTERWARDS, initial="show", required=False)

    def clean(self) -> dict[str, Any]:
        """What follows is no part of what is asked for."""
        chosen = self.cleaned_data.pop("afterwards", "") or "show"
        super().clean()
        self.chosen = chosen
        return self.cleaned_data


class Run(JobAction):
    """Start a run."""

    form_class = RunDialog

    def question(self) -> Question:
        """What begins."""
        job = self.job
        if job.state != JobState.ACTIVE:
            raise ConflictError(
                _("%(job)s is %(state)s: only an active job can be run.") % {"job": job.key, "state": job.state}
            )
        count = len(job.payload)
        text = ngettext(
            "This starts a run of its %(count)s payload, as version %(version)s says.",
            "This starts a run of its %(count)s payloads, as version %(version)s says.",
            count,
        )
        told = text % {"count": f"{count:,}", "version": job.version}
        return Question(_("Run %(job)s") % {"job": job.key}, told, _("Run"))

    def act(self, form: Any) -> Done:
        """Start it."""
        asked = form.asked
        started = trigger_run(
            job=self.job,
            trigger=Trigger.MANUAL,
            actor=self.actor,
            comment=asked.comment,
            parameters=asked.parameters,
        )
        run_page = reverse("ui:run", args=[self.workspace.slug, started.run_id])
        text = _("Started run %(id)s of %(job)s.") % {"id": started.run_id, "job": self.job.key}
        to = {"show": run_page, "download": f"{run_page}?then=download"}.get(form.chosen, "")
        return Done(text, to=to)


class Move(JobAction):
    """One of `JOB_VERBS`."""

    form_class = NoteForm

    def let_in(self) -> None:
        """Some verbs take more than others."""
        super().let_in()
        if not self.may(self.verb.role):
            raise PermissionDenied

    @property
    def verb(self) -> JobVerb:
        """That of the address. Raises NotFoundError."""
        found = JOB_VERBS.get(self.kwargs["verb"])
        if found is None:
            raise NotFoundError(f"nothing called {self.kwargs['verb']} can be done to a job")
        return found

    def question(self) -> Question:
        """In the words of the admin."""
        job, verb = self.job, self.verb
        if job.state not in verb.states:
            raise ConflictError(_("%(job)s is %(state)s.") % {"job": job.key, "state": job.state})
        return Question(f"{_(verb.button)}: {job.key}", _(verb.text), _(verb.button))

    def act(self, form: Any) -> Done:
        """Do it."""
        job, name, note = self.job, self.kwargs["verb"], form.asked.note
        if job.state not in self.verb.states:
            raise ConflictError(_("%(job)s is %(state)s: nothing was changed.") % {"job": job.key, "state": job.state})
        if name in ("pause", "resume"):
            job = job_states.hold(job=job, paused=name == "pause", actor=self.actor, note=note)
        else:
            job = job_states.change_state(job=job, target=self.verb.target, actor=self.actor, note=note)
        return Done(_("%(job)s is %(state)s.") % {"job": job.key, "state": job.state})


class Delete(JobAction):
    """Delete the job and keep its runs."""

    roles = {"POST": Role.EDITOR}

    def question(self) -> Question:
        """What goes and what stays."""
        job = self.job
        count = len(job.schedules)
        text = ngettext(
            "The job and its %(count)s schedule are deleted, with what it decided. The job's runs are kept.",
            "The job and its %(count)s schedules are deleted, with what they decided. Its runs are kept.",
            count,
        )
        told = text % {"count": count}
        return Question(_("Delete %(job)s") % {"job": job.key}, told, _("Delete"), danger=True)

    def act(self, form: Any) -> Done:
        """Delete it."""
        key = self.job.key
        area = self.area
        delete_job(job=self.job, actor=self.actor)
        return Done(
            _("%(job)s is deleted. Its runs are kept.") % {"job": key}, to=reverse(area, args=[self.workspace.slug])
        )


class Release(JobAction):
    """Let a job that is kept in a file be edited here."""

    roles = {"POST": Role.EDITOR}
    form_class = NoteForm

    def question(self) -> Question:
        """What it means for the file."""
        if self.origin is None:
            raise ConflictError(_("%(job)s is kept in no file.") % {"job": self.job.key})
        text = _(
            "It can be edited everywhere then. It stays as it is; the file %(path)s, applied again, takes it back."
        )
        return Question(_("Release %(job)s") % {"job": self.job.key}, text % {"path": self.origin.path}, _("Release"))

    def act(self, form: Any) -> Done:
        """Release it."""
        release(workspace=self.workspace, kind="job", name=self.job.key, actor=self.actor, note=form.asked.note)
        return Done(_("%(job)s can be edited here now.") % {"job": self.job.key})


class Export(JobPage):
    """The job as a manifest."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """As a download."""
        exported = exporting.export(workspace=self.workspace, job=self.job.key)
        text = exporting.as_yaml(exported, folder=None)
        name = self.job.key.replace(":", "-")
        headers = {"Content-Disposition": f'attachment; filename="{name}.yaml"'}
        return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=headers)
