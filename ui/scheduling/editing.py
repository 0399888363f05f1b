"""New and changed schedules: the form, what it would do while it is being typed, and the saving."""

from __future__ import annotations

import copy
import zoneinfo
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from jobs import strict_json
from jobs.errors import ConflictError, FieldError, JobsError, NotFoundError, OutOfDateError, ValidationError
from jobs.models import Job, Role
from jobs.selectors.jobs import find_job
from jobs.selectors.origins import origin_of_schedule
from scheduler.models import Schedule
from scheduler.selectors.previews import Preview, preview, preview_document
from scheduler.selectors.schedule_pages import job_keys, schedule_at
from scheduler.services.editing import create_schedule, update_schedule
from scheduler.states import ScheduleState
from ui.pages import WorkspacePage
from ui.preferences import zone_of
from ui.scheduling.addresses import schedule_address
from ui.scheduling.documents import document_of, kind_field, kinds_of, new_tree, tree_of
from ui.scheduling.draft_form import DraftForm
from ui.scheduling.drafts import do, tree_sent
from ui.scheduling.form_tree import Tree, name_of, rows
from ui.scheduling.upcoming import upcoming
from ui.scheduling.verbs import named

OFFERED_JOBS = 500
PARTS = {"trigger-rows": "ui/scheduling/trigger_rows.html", "exclusion-rows": "ui/scheduling/exclusion_rows.html"}
"""By the id of the element that the buttons for rows put anew: what stands in it. What is typed elsewhere meanwhile stays."""


class ScheduleEditor(WorkspacePage):
    """What new and changed schedules share."""

    template = "ui/scheduling/edit.html"
    area = "ui:schedules"
    roles: Mapping[str, Role] = {"GET": Role.EDITOR, "POST": Role.EDITOR}

    def saved_document(self) -> dict[str, Any] | None:
        """The document as it stands; None for a new schedule."""
        return None

    def form_of(self, tree: Tree) -> DraftForm:
        """The form of what was typed."""
        return DraftForm(tree)

    def save(self, document: dict[str, Any]) -> Schedule:
        """Write it. Raises JobsError."""
        raise NotImplementedError

    def more(self) -> dict[str, Any]:
        """What else the template needs."""
        raise NotImplementedError

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """A row more or less, another kind, or save."""
        tree = tree_sent(request.POST)
        if "do" in request.POST or request.headers.get("HX-Target") in PARTS:
            order = request.POST.get("do", "")
            do(tree, order)
            return self.show(self.form_of(tree), focus=_added(tree, order))
        form = self.form_of(tree)
        try:
            document = document_of(tree, saved=self.saved_document())
            refuse_unkeepable(document)
            saved = self.save(document)
        except JobsError as error:
            form.place(told(error))
            return self.show(form, status=422, **(self.overtaken() if isinstance(error, OutOfDateError) else {}))
        messages.success(request, _("%s is saved.") % named(saved))
        if saved.state == ScheduleState.ENDED:
            messages.warning(request, _why_ended(saved))
        return HttpResponseRedirect(schedule_address(self.workspace.slug, saved.pk))

    def overtaken(self) -> dict[str, Any]:
        """What the template needs when somebody else was faster."""
        return {"out_of_date": True}

    def show(self, form: DraftForm, *, status: int = 200, **told: Any) -> HttpResponse:
        """The form, or the part of it that a button changes, with what it would do."""
        context: dict[str, Any] = {
            "form": form,
            "kinds": kinds_of("triggers"),
            "exclusion_kinds": kinds_of("exclusions"),
        }
        context |= {
            "preview_address": reverse("ui:schedule-preview", args=[self.workspace.slug]),
            **self.more(),
            **told,
        }
        part = PARTS.get(self.request.headers.get("HX-Target", ""))
        if part is not None:
            return self.part(part, status=status, **context)
        return self.page(status=status, zones=zone_names(), jobs=self._jobs(), **context)

    def _jobs(self) -> Sequence[str]:
        return job_keys(workspace=self.workspace, limit=OFFERED_JOBS)


def _why_ended(schedule: Schedule) -> str:
    if schedule.actions_left == 0:
        return _("It fires no more: it has used up all of its actions.")
    if not any(trigger.get("enabled", True) for trigger in schedule.document["triggers"]):
        return _("It fires no more: none of its triggers is enabled.")
    return _("It fires no more: all of its fire times lie in the past.")


class NewSchedule(ScheduleEditor):
    """``schedules/new/?job=&kind=``"""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """An empty form, of the job and with the kind of trigger that the address names."""
        tree = new_tree(request.GET.get("kind", "cron"))
        tree["timezone"] = settings.JOBS_DEFAULT_TIMEZONE
        return self.show(self.form_of(tree), fresh=True)

    def form_of(self, tree: Tree) -> DraftForm:
        """With the job, which is chosen here."""
        return DraftForm(tree, job=self._asked_job())

    def more(self) -> dict[str, Any]:
        """What the page is called, and where it leads back to."""
        return {"title": _("New schedule"), "back": reverse("ui:schedules", args=[self.workspace.slug])}

    def save(self, document: dict[str, Any]) -> Schedule:
        """Add it to the job."""
        return create_schedule(job=self._job(), document=document, actor=self.actor)

    def _job(self) -> Job:
        key = self._asked_job()
        if not key:
            raise ValidationError([FieldError("job", _("choose the job that is to run"))])
        try:
            return find_job(workspace=self.workspace, key=key)
        except NotFoundError as error:
            raise ValidationError([FieldError("job", str(error))]) from error

    def _asked_job(self) -> str:
        asked = self.request.POST if self.request.method == "POST" else self.request.GET
        return asked.get("job", "").replace("\0", "").strip()


class EditSchedule(ScheduleEditor):
    """``schedules/<id>/edit/``"""

    @cached_property
    def schedule(self) -> Schedule:
        """Of the address. Raises NotFoundError."""
        return schedule_at(workspace=self.workspace, schedule_id=self.kwargs["schedule_id"])

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What it says now."""
        return self.show(DraftForm(tree_of(self.saved_document())))

    def saved_document(self) -> dict[str, Any]:
        """As it was written."""
        return entry_of(self.schedule)

    def more(self) -> dict[str, Any]:
        """The job stays, and so does the name; the version tells whether somebody else was faster."""
        schedule = self.schedule
        asked = self.request.POST.get("version", "")
        return {
            "title": _("Edit a schedule"),
            "job": schedule.job.key,
            "schedule": schedule,
            "version": asked if asked.isdecimal() else schedule.job.version,
            "origin": self._origin(schedule),
            "back": schedule_address(self.workspace.slug, schedule.pk),
        }

    def overtaken(self) -> dict[str, Any]:
        """With the version that there is now: who has looked at it may save what stands in the form."""
        return {"out_of_date": True, "version": self.schedule.job.version}

    def save(self, document: dict[str, Any]) -> Schedule:
        """Write it anew, if its job still has the version that the person saw."""
        asked = self.request.POST.get("version", "")
        if not asked.isdecimal() or len(asked) > 9:
            raise OutOfDateError(_("which version was edited is not known: open the form again"))
        if document.setdefault("name", "default") != self.schedule.name:
            expected = _("expected %s: a schedule cannot be renamed") % self.schedule.name
            raise ValidationError([FieldError("name", expected)])
        if "name" not in self.saved_document():
            del document["name"]
        return update_schedule(
            schedule=self.schedule, change=lambda _: document, actor=self.actor, expected_version=int(asked)
        )

    def _origin(self, schedule: Schedule) -> Any:
        return origin_of_schedule(workspace_id=schedule.workspace_id, job_key=schedule.job.key, name=schedule.name)


class DraftPreview(WorkspacePage):
    """``schedules/preview/``: what the form that is being typed says and would do, and what is wrong with which field."""

    area = "ui:schedules"
    roles: Mapping[str, Role] = {"POST": Role.VIEWER}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Judge it by the engine that judges what is saved. Nothing is saved."""
        tree = tree_sent(request.POST)
        form = DraftForm(tree)
        told_so: dict[str, Any] = {"form": form}
        try:
            found = self._preview(document_of(tree))
            told_so["upcoming"] = upcoming(found, reader=zone_of(request))
        except ValidationError as error:
            form.place(error.errors)
        return self.part("ui/scheduling/preview.html", **told_so)

    def _preview(self, document: dict[str, Any]) -> Preview:
        refuse_unkeepable(document)
        schedule = self._edited()
        if schedule is None:
            return preview_document(document=document, now=self.now)
        # As if it were saved now: its random times and its jitter hang on its id.
        edited = copy.copy(schedule)
        edited.document, edited.actions_left = document, document.get("actions")
        return preview(schedule=edited, now=self.now)

    def _edited(self) -> Schedule | None:
        asked = self.request.GET.get("schedule", "")
        if not asked.isdecimal() or len(asked) > 18:
            return None
        return schedule_at(workspace=self.workspace, schedule_id=int(asked))


def entry_of(schedule: Schedule) -> dict[str, Any]:
    """What a person wrote: the schedule's entry in its job's document."""
    entries = (entry for entry in schedule.job.schedules if entry.get("name", "default") == schedule.name)
    return next(entries, schedule.document)


def refuse_unkeepable(document: dict[str, Any]) -> None:
    """Raise ValidationError for characters that no database keeps."""
    if errors := strict_json.problems(document):
        raise ValidationError(errors)


def told(error: JobsError) -> list[FieldError]:
    """What a service refused, by field; all else above the form."""
    if isinstance(error, ValidationError):
        return error.errors
    field = "name" if type(error) is ConflictError else ""
    return [FieldError(field, str(error))]


def _added(tree: Tree, order: str) -> str:
    """The field that the focus goes to: the kind of the row that was added."""
    verb, _, rest = order.partition(":")
    name = rest.partition(":")[0]
    number = len(rows(tree, name)) - 1
    return name_of(f"{name}.{number}.{kind_field(name)}") if verb == "add" and number >= 0 else ""


@lru_cache(maxsize=1)
def zone_names() -> Sequence[str]:
    """The zones that may be chosen, by name."""
    return sorted(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC")
