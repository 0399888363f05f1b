"""What a person may do to schedules: the buttons on a page, the actions of the list, and the pages behind both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from jobs.admin.asking import NoteForm, ask
from jobs.admin.badges import stands
from jobs.admin.bulk import HELD
from jobs.admin.scope import WorkspaceAdmin, permits
from jobs.errors import JobsError
from jobs.models import Role
from scheduler.admin.words import absolute
from scheduler.models import Schedule
from scheduler.selectors.schedules import definition_of
from scheduler.services import controls, placing
from scheduler.services.editing import delete_schedule
from scheduler.states import ScheduleState

MOST_AT_ONCE = 1000
"""Schedules of one action of the list: each is a transaction of its own."""
_NAMED = 10

Do = Callable[[Schedule, str, str], str]
"""From the schedule, the actor and the note to what was done, in words."""


@dataclass(frozen=True, slots=True)
class ScheduleVerb:
    """A button: what it says, on which schedules it stands, whom it takes, what it tells before, and what it does."""

    button: str
    offered: Callable[[Schedule], bool]
    role: Role
    text: str
    do: Do
    form: type[Form] = NoteForm


def _pause(schedule: Schedule, actor: str, note: str) -> str:
    changed = controls.pause_schedule(schedule=schedule, actor=actor, note=note)
    return "is paused" if changed else "was paused already"


def _resume(schedule: Schedule, actor: str, note: str) -> str:
    changed = controls.resume_schedule(schedule=schedule, actor=actor, note=note)
    return "goes on" if changed else "was not paused"


def _run(schedule: Schedule, actor: str, note: str) -> str:
    run_id = controls.run_now(schedule=schedule, actor=actor, comment=note)
    address = reverse("admin:jobs_run_change", args=[run_id])
    return format_html('was run by hand: <a href="{}">run {}</a>', address, run_id)


def _skip(schedule: Schedule, actor: str, note: str) -> str:
    skipped = controls.skip_next(schedule=schedule, actor=actor, note=note)
    return f"will not run at {absolute(skipped, zone=definition_of(schedule).zone)}"


def _delete(schedule: Schedule, actor: str, note: str) -> str:
    delete_schedule(schedule=schedule, actor=actor)
    return "is deleted"


def _may_pause(schedule: Schedule) -> bool:
    """One that has ended for what of it waits still."""
    return schedule.state == ScheduleState.ACTIVE or (
        schedule.state == ScheduleState.ENDED and placing.has_pending(schedule)
    )


def _always(schedule: Schedule) -> bool:
    return True


VERBS = {
    "pause": ScheduleVerb(
        "Pause",
        _may_pause,
        Role.OPERATOR,
        "It starts no runs until it is resumed, and owes none for the time in between. Runs that it started go on.",
        _pause,
    ),
    "resume": ScheduleVerb(
        "Resume",
        lambda schedule: schedule.state == ScheduleState.PAUSED,
        Role.OPERATOR,
        "It starts runs again at its fire times from now on.",
        _resume,
    ),
    "run-now": ScheduleVerb(
        "Run now",
        _always,
        Role.OPERATOR,
        "This starts a run of its job with its parameters. Its own fire times stay as they are.",
        _run,
    ),
    "skip-next": ScheduleVerb(
        "Skip the next",
        lambda schedule: schedule.next_fire_at is not None,
        Role.OPERATOR,
        "Its next fire time that is not skipped already passes without a run.",
        _skip,
    ),
    "delete": ScheduleVerb(
        "Delete",
        _always,
        Role.EDITOR,
        "It goes out of its job's document, and what it decided goes with it. Its runs stay. This cannot be undone.",
        _delete,
        Form,
    ),
}


class ScheduleControls(WorkspaceAdmin[Schedule]):
    """The buttons and the list's actions."""

    actions: Any = ("pause_selected", "resume_selected", "run_selected", "skip_selected")

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and one page a verb."""
        view = self.admin_site.admin_view(self.control_view)
        return [path("<int:schedule_id>/do/<slug:verb>/", view, name="scheduler_schedule_do"), *super().get_urls()]

    def control_view(self, request: HttpRequest, schedule_id: int, verb: str) -> HttpResponse:
        """Say what will be done and ask why, then do it."""
        schedule, chosen = self.get_object(request, str(schedule_id)), VERBS.get(verb)
        if schedule is None or chosen is None or not permits(request, chosen.role, schedule.workspace_id):
            raise Http404("there is no such schedule, or you may not do this to it")
        page, everything = _page(schedule), reverse("admin:scheduler_schedule_changelist")
        form = chosen.form(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            done = self._do(request, chosen, [schedule], _note(form))
            return HttpResponseRedirect(everything if done and verb == "delete" else page)
        return ask(
            self.admin_site,
            request,
            title=f"{chosen.button}: {schedule}",
            text=f"{capfirst(str(schedule))} in {schedule.workspace} {stands(schedule.state)}. {chosen.text}",
            form=form,
            button=chosen.button,
            back=[(everything, "Schedules"), (page, str(schedule))],
            app="scheduler",
        )

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """For operators of any workspace; which schedules are theirs is seen for each."""
        return permits(request, Role.OPERATOR)

    @admin.action(description="Pause selected schedules", permissions=["operate"])
    def pause_selected(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> HttpResponse | None:
        """Ask, then pause each."""
        return self._to_selected(request, queryset, VERBS["pause"])

    @admin.action(description="Resume selected schedules", permissions=["operate"])
    def resume_selected(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> HttpResponse | None:
        """Ask, then resume each."""
        return self._to_selected(request, queryset, VERBS["resume"])

    @admin.action(description="Run selected schedules' jobs now", permissions=["operate"])
    def run_selected(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> HttpResponse | None:
        """Ask, then start one run of each."""
        return self._to_selected(request, queryset, VERBS["run-now"])

    @admin.action(description="Skip the next fire of selected schedules", permissions=["operate"])
    def skip_selected(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> HttpResponse | None:
        """Ask, then skip one fire time of each."""
        return self._to_selected(request, queryset, VERBS["skip-next"])

    def offered(self, request: HttpRequest, schedule: Schedule) -> list[tuple[str, str]]:
        """The buttons for a schedule's page: addresses and words."""
        return [
            (reverse("admin:scheduler_schedule_do", args=[schedule.pk, name]), verb.button)
            for name, verb in VERBS.items()
            if verb.offered(schedule) and permits(request, verb.role, schedule.workspace_id)
        ]

    def _to_selected(
        self, request: HttpRequest, queryset: QuerySet[Schedule], verb: ScheduleVerb
    ) -> HttpResponse | None:
        chosen = list(queryset.order_by("pk")[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            self.message_user(request, f"Nothing was done: select at most {MOST_AT_ONCE:,} schedules.", messages.ERROR)
            return None
        form = NoteForm(request.POST if "confirmed" in request.POST else None)
        if form.is_bound and form.is_valid():
            self._do(request, verb, chosen, _note(form))
            return None
        held = [(name, value) for name in HELD for value in request.POST.getlist(name)]
        return ask(
            self.admin_site,
            request,
            title=f"{verb.button}: {len(chosen):,} schedule(s)",
            text=f"You selected {_names(chosen)}. {verb.text}",
            form=form,
            button=verb.button,
            back=[(request.get_full_path(), "Schedules")],
            hidden=[*held, ("confirmed", "yes")],
            app="scheduler",
        )

    def _do(self, request: HttpRequest, verb: ScheduleVerb, schedules: Sequence[Schedule], note: str) -> bool:
        """Do it to each, and say what came of it; whether it could be done to all."""
        actor = str(request.user.get_username())
        done: list[str] = []
        failed: list[str] = []
        for schedule in schedules:
            try:
                if not permits(request, verb.role, schedule.workspace_id):
                    raise JobsError(f"this takes the role {verb.role.value} in {schedule.workspace}")
                done.append(format_html("{} {}.", capfirst(str(schedule)), verb.do(schedule, actor, note)))
            except JobsError as error:
                failed.append(f"{capfirst(str(schedule))}: nothing was done: {error}.")
        self._tell(request, done, messages.INFO)
        self._tell(request, failed, messages.ERROR)
        return not failed

    def _tell(self, request: HttpRequest, told: Sequence[str], level: int) -> None:
        for each in told[:_NAMED]:
            self.message_user(request, each, level)
        if len(told) > _NAMED:
            self.message_user(request, f"And so for {len(told) - _NAMED:,} more.", level)


def _names(schedules: Sequence[Schedule]) -> str:
    named = "; ".join(str(schedule) for schedule in schedules[:_NAMED])
    return named if len(schedules) <= _NAMED else f"{named}; and {len(schedules) - _NAMED:,} more"


def _note(form: Form) -> str:
    return str(form.asked.note) if isinstance(form, NoteForm) else ""


def _page(schedule: Schedule) -> str:
    return reverse("admin:scheduler_schedule_change", args=[schedule.pk])
