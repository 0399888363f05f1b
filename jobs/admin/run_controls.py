"""What a person may do to a run on its page: hold it, continue it, end it, and do it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_noop

from jobs import extensions
from jobs.admin.asking import AskForm, NoteForm, ReplayForm, RerunFailedForm, RerunForm, ask
from jobs.admin.badges import stands
from jobs.admin.scope import WorkspaceAdmin, permits
from jobs.documents import DEFAULT_TERMINATE_GRACE_MS, duration_ms
from jobs.errors import JobsError
from jobs.models import Role, Run
from jobs.selectors.run_views import counts_of
from jobs.services import control, pins, reruns
from jobs.states import FINAL_RUN_STATES, RunState, Trigger

_MAY_PAUSE = (RunState.PENDING, RunState.RUNNING, RunState.RESUMING)
_PAUSED = (RunState.PAUSING, RunState.PAUSED)


@dataclass(frozen=True, slots=True)
class RunVerb:
    """A button: what it says, on which runs it stands, what it asks and what it tells before."""

    button: str
    offered: Callable[[Run], bool]
    form: type[AskForm]
    text: Callable[[Run], str]


def _terminate_text(run: Run) -> str:
    counts = counts_of(run)
    grace = duration_ms(run.snapshot.get("configuration", {}), "terminate_grace", DEFAULT_TERMINATE_GRACE_MS)
    text = gettext(
        "Its %(queued)s queued payload(s) are cancelled; its %(running)s running one(s) are told to stop, and stopped by force"
        " after %(grace)s s. This cannot be undone."
    )
    return text % {"queued": f"{counts.queued:,}", "running": f"{counts.running:,}", "grace": f"{grace / 1000:g}"}


def _failed_text(run: Run) -> str:
    text = gettext("This executes the %(count)s payload(s) again that failed or were cancelled, in a new run.")
    return text % {"count": f"{run.failed + run.cancelled:,}"}


def _may_repeat(run: Run) -> bool:
    return run.state in FINAL_RUN_STATES and run.trigger != Trigger.REPLAY and run.job_id is not None


RUN_VERBS = {
    "pause": RunVerb(
        gettext_noop("Pause"),
        lambda run: run.state in _MAY_PAUSE,
        NoteForm,
        lambda run: gettext(
            "Nothing more of it starts: payloads that run may finish and are not retried, what is queued stays."
        ),
    ),
    "resume": RunVerb(
        gettext_noop("Resume"),
        lambda run: run.state in _PAUSED,
        NoteForm,
        lambda run: gettext("It goes on with what is left."),
    ),
    "terminate": RunVerb(
        gettext_noop("Terminate"),
        lambda run: run.state not in (RunState.CANCELLING, *FINAL_RUN_STATES),
        NoteForm,
        _terminate_text,
    ),
    "rerun": RunVerb(
        gettext_noop("Rerun"),
        _may_repeat,
        RerunForm,
        lambda run: gettext("This executes all its payloads again, in a new run that names this one."),
    ),
    "rerun-failed": RunVerb(
        gettext_noop("Rerun failed"),
        lambda run: _may_repeat(run) and run.failed + run.cancelled > 0,
        RerunFailedForm,
        _failed_text,
    ),
    "replay": RunVerb(
        gettext_noop("Replay"),
        _may_repeat,
        ReplayForm,
        lambda run: gettext(
            "This sends its stored results to the sinks that its job has now, as a new run. Nothing is executed."
        ),
    ),
    "pin": RunVerb(
        gettext_noop("Pin"),
        lambda run: not hasattr(run, "pin"),
        NoteForm,
        lambda run: gettext("No cleanup erases it, or anything of it, until it is unpinned."),
    ),
    "unpin": RunVerb(
        gettext_noop("Unpin"),
        lambda run: hasattr(run, "pin"),
        NoteForm,
        lambda run: gettext("Cleanups may erase it once it is old enough."),
    ),
}


class RunControls(WorkspaceAdmin[Run]):
    """The buttons and the pages behind them."""

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and one page a verb."""
        view = self.admin_site.admin_view(self.control_view)
        return [path("<int:run_id>/do/<slug:verb>/", view, name="jobs_run_do"), *super().get_urls()]

    def control_view(self, request: HttpRequest, run_id: int, verb: str) -> HttpResponse:
        """Say what will be done and ask why, then do it."""
        run, chosen = self.get_object(request, str(run_id)), RUN_VERBS.get(verb)
        if run is None or chosen is None or not permits(request, Role.OPERATOR, run.workspace_id):
            raise Http404("there is no such run, or you may not do this to it")
        page = reverse("admin:jobs_run_change", args=[run.pk])
        if not chosen.offered(run):
            self.message_user(request, f"Nothing was changed: run {run.pk} {stands(run.state)}.", messages.WARNING)
            return HttpResponseRedirect(page)
        form = chosen.form(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            return HttpResponseRedirect(self._do(request, run, verb, form.asked) or page)
        return ask(
            self.admin_site,
            request,
            title=f"{chosen.button}: run {run.pk} of {run.job_key}",
            text=f"Run {run.pk} of {run.job_key} in {run.workspace} {stands(run.state)}. {chosen.text(run)}",
            form=form,
            button=chosen.button,
            back=[(reverse("admin:jobs_run_changelist"), "Runs"), (page, str(run))],
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Say which buttons to show."""
        run = kwargs.get("obj")
        context["verbs"] = [] if run is None else _offered(request, run)
        context["pages"] = [] if run is None else _pages(run)
        return super().render_change_form(request, context, *args, **kwargs)

    def _do(self, request: HttpRequest, run: Run, verb: str, asked: Any) -> str | None:
        """Do it and say what came of it; the address of a new run, when there is one."""
        actor = str(request.user.get_username())
        try:
            if verb in _CHANGES:
                changed = _CHANGES[verb](run=run, actor=actor, note=asked.note)
                nothing = "" if changed else " already: nothing was changed"
                self.message_user(request, f"Run {run.pk} {_STANDS.get(verb) or stands(run.state)}{nothing}.")
                return None
            new_id = _repeat(run, verb, asked, actor)
        except JobsError as error:
            self.message_user(request, f"Nothing was done: {error}.", messages.ERROR)
            return None
        address = reverse("admin:jobs_run_change", args=[new_id])
        self.message_user(request, format_html('Started <a href="{}">run {}</a> of {}.', address, new_id, run.job_key))
        return address


_CHANGES = {
    "pause": control.pause_run,
    "resume": control.resume_run,
    "terminate": control.terminate_run,
    "pin": pins.pin_run,
    "unpin": pins.unpin_run,
}
_STANDS = {"pin": "is pinned", "unpin": "is not pinned"}
"""What is true after these; after the others it is the run's state that tells."""


def _repeat(run: Run, verb: str, asked: Any, actor: str) -> int:
    if verb == "replay":
        return reruns.replay(run=run, actor=actor, comment=asked.comment)
    return reruns.rerun(
        run=run,
        actor=actor,
        which=asked.which,
        definition=asked.definition,
        parameters=asked.parameters,
        comment=asked.comment,
    )


def _pages(run: Run) -> list[tuple[str, str]]:
    return [page for extension in extensions.all_extensions() for page in extension.pages_of_run(run.pk)]


def _offered(request: HttpRequest, run: Run) -> list[tuple[str, str]]:
    if not permits(request, Role.OPERATOR, run.workspace_id):
        return []
    return [
        (reverse("admin:jobs_run_do", args=[run.pk, name]), verb.button)
        for name, verb in RUN_VERBS.items()
        if verb.offered(run)
    ]
