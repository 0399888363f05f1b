"""What a person may do to a job on its page: run it, pause it, resume it, and move it to another state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_noop

from jobs.admin.asking import NoteForm, ask
from jobs.admin.badges import badge, instant, stands, told
from jobs.admin.scope import WorkspaceAdmin, permits
from jobs.errors import JobsError
from jobs.models import Job, Role
from jobs.services import job_states
from jobs.states import JobState


@dataclass(frozen=True, slots=True)
class JobVerb:
    """A button: what it says, where it leads from which states, whom it takes, and what it does."""

    button: str
    target: JobState
    states: tuple[JobState, ...]
    role: Role
    text: str


JOB_VERBS = {
    "pause": JobVerb(
        gettext_noop("Pause"),
        JobState.PAUSED,
        (JobState.ACTIVE,),
        Role.OPERATOR,
        gettext_noop(
            "Nothing more of it starts: payloads that run may finish and are not retried, what is queued stays, new runs are"
            " refused."
        ),
    ),
    "resume": JobVerb(
        gettext_noop("Resume"),
        JobState.ACTIVE,
        (JobState.PAUSED,),
        Role.OPERATOR,
        gettext_noop(
            "It goes on, and so do the runs that were paused with it. Runs that were paused by themselves stay paused."
        ),
    ),
    "activate": JobVerb(
        gettext_noop("Activate"),
        JobState.ACTIVE,
        (JobState.DRAFT, JobState.ARCHIVED),
        Role.EDITOR,
        gettext_noop("It can be run then. First it is seen whether all that it needs is there."),
    ),
    "archive": JobVerb(
        gettext_noop("Archive"),
        JobState.ARCHIVED,
        (JobState.DRAFT, JobState.ACTIVE, JobState.PAUSED),
        Role.EDITOR,
        gettext_noop("It cannot be run any more, and is kept for its history. Its runs must have ended."),
    ),
    "draft": JobVerb(
        gettext_noop("Make it a draft"),
        JobState.DRAFT,
        (JobState.ARCHIVED,),
        Role.EDITOR,
        gettext_noop("It cannot be run until it is activated."),
    ),
}


class JobControls(WorkspaceAdmin[Job]):
    """The buttons, the pages behind them, and the state with who, when and why."""

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and one page a verb."""
        view = self.admin_site.admin_view(self.state_view)
        return [path("<int:job_id>/state/<slug:verb>/", view, name="jobs_job_state"), *super().get_urls()]

    @admin.display(description="state")
    def state_told(self, job: Job) -> str:
        """The state, who put the job into it, when and why."""
        again = f" It goes on by itself at {instant(job.resume_at)}." if job.resume_at else ""
        return format_html("{}{}{}", badge(job.state), told(job.state_change), again)

    def state_view(self, request: HttpRequest, job_id: int, verb: str) -> HttpResponse:
        """Ask why, then do it."""
        job, chosen = self.get_object(request, str(job_id)), JOB_VERBS.get(verb)
        if job is None or chosen is None or not permits(request, chosen.role, job.workspace_id):
            raise Http404("there is no such job, or you may not do this to it")
        page = reverse("admin:jobs_job_change", args=[job.pk])
        form = NoteForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            self._move(request, job, verb, form.asked.note)
            return HttpResponseRedirect(page)
        return self._ask(request, job, chosen, form, page)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Say which buttons to show."""
        job = kwargs.get("obj")
        context["verbs"] = [] if job is None else _offered(request, job)
        return super().render_change_form(request, context, *args, **kwargs)

    def _ask(self, request: HttpRequest, job: Job, verb: JobVerb, form: Form, page: str) -> HttpResponse:
        return ask(
            self.admin_site,
            request,
            title=f"{verb.button}: {job.key}",
            text=f"{job.key} in {job.workspace} {stands(job.state)}. {verb.text}",
            form=form,
            button=verb.button,
            back=[(reverse("admin:jobs_job_changelist"), "Jobs"), (page, job.key)],
        )

    def _move(self, request: HttpRequest, job: Job, verb: str, note: str) -> None:
        chosen, actor = JOB_VERBS[verb], str(request.user.get_username())
        try:
            if job.state not in chosen.states:
                self.message_user(request, f"Nothing was changed: {job.key} is {job.state}.", messages.WARNING)
                return
            if verb in ("pause", "resume"):
                job = job_states.hold(job=job, paused=verb == "pause", actor=actor, note=note)
            else:
                job = job_states.change_state(job=job, target=chosen.target, actor=actor, note=note)
        except JobsError as error:
            self.message_user(request, f"Nothing was changed: {error}.", messages.ERROR)
            return
        self.message_user(request, f"The job {job.key} is {job.state}.")


def _offered(request: HttpRequest, job: Job) -> list[tuple[str, str]]:
    return [
        (reverse("admin:jobs_job_state", args=[job.pk, name]), verb.button)
        for name, verb in JOB_VERBS.items()
        if job.state in verb.states and permits(request, verb.role, job.workspace_id)
    ]
