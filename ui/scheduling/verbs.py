"""What a person may do to a schedule: what is offered, the dialog that asks first, and the doing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.errors import NotFoundError
from jobs.models import Role
from scheduler.models import Schedule
from scheduler.phrases import moment_words
from scheduler.selectors.schedule_pages import schedule_at
from scheduler.selectors.schedules import zone_of
from scheduler.services import controls, placing
from scheduler.services.editing import delete_schedule
from scheduler.states import ScheduleState
from ui.actions import Action, Done, NothingAsked, Question
from ui.scheduling.addresses import schedule_address

LONGEST_NOTE = 2000


class NoteForm(forms.Form):
    """Why; kept with the decision."""

    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        label=gettext_lazy("Note"),
        help_text=gettext_lazy("Why; for whoever reads it later."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@dataclass(frozen=True, slots=True)
class Verb:
    """Something to do.

    Args:
        word: What the button says.
        icon: Its sign.
        role: Whom it takes.
        fits: Whether it makes sense for a schedule as it stands.
        text: What will happen, with ``%s`` for the schedule.
        do: Does it; from the schedule, the actor and the note to what came of it.
        form: What is asked.
        danger: Whether it cannot be undone.
    """

    word: Any
    icon: str
    role: Role
    fits: Callable[[Schedule], bool]
    text: Any
    do: Callable[[Schedule, str, str], str]
    form: type[forms.Form] = NoteForm
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A verb for a schedule's menu. ``name``: as the address has it."""

    name: str
    verb: Verb
    address: str


def offers(schedule: Schedule, *, slug: str, allows: Callable[[Role], bool]) -> Sequence[Offer]:
    """What may be done to a schedule now, by somebody with these rights."""
    return [
        Offer(name, verb, reverse("ui:schedule-do", args=[slug, schedule.pk, name]))
        for name, verb in VERBS.items()
        if allows(verb.role) and verb.fits(schedule)
    ]


def _skip(schedule: Schedule, actor: str, note: str) -> str:
    skipped = controls.skip_next(schedule=schedule, actor=actor, note=note)
    when = f"{moment_words(skipped, zone_of(schedule))} ({zone_of(schedule)})"
    return _("%(schedule)s will not run on %(when)s.") % {"schedule": named(schedule), "when": when}


def _pause(schedule: Schedule, actor: str, note: str) -> str:
    changed = controls.pause_schedule(schedule=schedule, actor=actor, note=note)
    return (_("%s is paused.") if changed else _("%s was paused already.")) % named(schedule)


def _resume(schedule: Schedule, actor: str, note: str) -> str:
    changed = controls.resume_schedule(schedule=schedule, actor=actor, note=note)
    return (_("%s goes on.") if changed else _("%s was not paused.")) % named(schedule)


def _run(schedule: Schedule, actor: str, note: str) -> str:
    run_id = controls.run_now(schedule=schedule, actor=actor, comment=note)
    return _("%(schedule)s was run by hand: run %(run)d.") % {"schedule": named(schedule), "run": run_id}


def _delete(schedule: Schedule, actor: str, note: str) -> str:
    delete_schedule(schedule=schedule, actor=actor)
    return _("%s is deleted.") % named(schedule)


def named(schedule: Schedule) -> str:
    """Such as: Schedule nightly of task:ping."""
    return _("Schedule %(name)s of %(job)s") % {"name": schedule.name, "job": schedule.job.key}


VERBS: Mapping[str, Verb] = {
    "skip": Verb(
        gettext_lazy("Skip next"),
        "skip",
        Role.OPERATOR,
        lambda schedule: schedule.next_fire_at is not None,
        gettext_lazy("The next fire time of %s that is not skipped already passes without a run."),
        _skip,
    ),
    "run": Verb(
        gettext_lazy("Run now"),
        "play",
        Role.OPERATOR,
        lambda schedule: True,
        gettext_lazy("A run of the job is started with the parameters of %s, whose own fire times stay as they are."),
        _run,
    ),
    "pause": Verb(
        gettext_lazy("Pause"),
        "pause",
        Role.OPERATOR,
        lambda schedule: schedule.state == ScheduleState.ACTIVE,
        gettext_lazy(
            "%s starts no runs until it is resumed, and owes none for the time in between. Runs that it started go on."
        ),
        _pause,
    ),
    "resume": Verb(
        gettext_lazy("Resume"),
        "play",
        Role.OPERATOR,
        lambda schedule: schedule.state == ScheduleState.PAUSED,
        gettext_lazy("%s starts runs again at its fire times from now on, and none for the time in between."),
        _resume,
    ),
    "delete": Verb(
        gettext_lazy("Delete"),
        "trash",
        Role.EDITOR,
        lambda schedule: True,
        gettext_lazy("%s goes, and what it decided goes with it. Its runs stay. This cannot be undone."),
        _delete,
        NothingAsked,
        danger=True,
    ),
}
"""By the name in the address; in the order in which they are offered."""


class DoToSchedule(Action):
    """``schedules/<id>/do/<verb>/``"""

    area = "ui:schedules"

    def let_in(self) -> None:
        """Raise NotFoundError for what is not there, before anything is asked about it."""
        super().let_in()
        self.schedule  # noqa: B018 - found, or not

    def role_for(self, method: str) -> Role:
        """Whom the verb takes."""
        return self.verb.role

    def question(self) -> Question:
        """What will happen."""
        schedule = self.schedule
        title = f"{self.verb.word}: {named(schedule)}"
        text = str(self.verb.text) % named(schedule)
        return Question(title, text, str(self.verb.word), self.verb.danger, self._facts(schedule))

    def make_form(self, data: Any = None) -> forms.Form:
        """With a note, where one is kept."""
        return self.verb.form(data)

    def act(self, form: Any) -> Done:
        """Do it."""
        name, schedule = self.kwargs["verb"], self.schedule
        said = self.verb.do(schedule, self.actor, form.cleaned_data.get("note", ""))
        to = reverse("ui:schedules", args=[self.workspace.slug]) if name == "delete" else ""
        return Done(said, to, messages.SUCCESS)

    def back(self) -> str:
        """The schedule's page."""
        return schedule_address(self.workspace.slug, self.kwargs["schedule_id"])

    @property
    def verb(self) -> Verb:
        """What the address asks for. Raises NotFoundError for what is nothing of ours."""
        try:
            return VERBS[self.kwargs["verb"]]
        except KeyError:
            raise NotFoundError(f"nobody can do {self.kwargs['verb']} to a schedule") from None

    @cached_property
    def schedule(self) -> Schedule:
        """Of the address. Raises NotFoundError."""
        return schedule_at(workspace=self.workspace, schedule_id=self.kwargs["schedule_id"])

    def _facts(self, schedule: Schedule) -> list[str]:
        """In figures, what is affected."""
        facts = []
        if self.kwargs["verb"] in ("skip", "pause") and schedule.next_fire_at is not None:
            zone = zone_of(schedule)
            facts.append(_("Its next fire time is %s.") % f"{moment_words(schedule.next_fire_at, zone)} ({zone})")
        if self.kwargs["verb"] == "pause" and placing.has_pending(schedule):
            facts.append(_("Fires of it wait now: they are skipped."))
        return facts
