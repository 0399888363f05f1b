"""Jobs in the admin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import Truncator

from jobs.admin.asking import RunForm, ask
from jobs.admin.badges import badge, instant
from jobs.admin.datasource_controls import DatasourceControls
from jobs.admin.histories import EventHistory
from jobs.admin.job_controls import JobControls
from jobs.admin.job_form import EXAMPLE_PAYLOAD, JobForm
from jobs.admin.kept import KeptInFiles
from jobs.admin.pretty import pretty
from jobs.admin.scope import WorkspaceFilter, permits
from jobs.documents import TriggerRequest
from jobs.errors import ConflictError, FieldError, JobsError, ValidationError
from jobs.models import Event, Job, Role, Run
from jobs.selectors.events import list_job_events
from jobs.services.jobs import delete_job, save_job
from jobs.services.runs import start_run
from jobs.states import JobState, Trigger

SHOWN = 60
"""Characters of a description in the list."""
_READ = ("payload", "configuration", "tags", "metadata")


@admin.register(Job)
class JobAdmin(KeptInFiles[Job], JobControls, DatasourceControls, EventHistory[Job]):
    """List, add, change, delete and run; pause and the like are `JobControls`, what only datasources have `DatasourceControls`."""

    form = JobForm
    kept_as = "job"
    change_form_template = "admin/jobs/job/change_form.html"
    change_list_template = "admin/jobs/wide_list.html"
    list_display = ("key", "shortly", "workspace", "state_shown", "last_run", "version")
    list_filter = (WorkspaceFilter, "state", "type")
    search_fields = ("name", "description")
    ordering = ("workspace__slug", "type", "name")
    actions = ("run_selected",)
    fields = (
        "state_told",
        "workspace",
        "key",
        "description",
        "payload",
        "configuration",
        "sinks",
        "tags",
        "metadata",
        "version",
    )

    _refusals: ClassVar[WeakKeyDictionary[HttpRequest, Sequence[FieldError]]] = WeakKeyDictionary()
    """By request: what was said when it tried to write the job."""

    def kept_name(self, obj: Job) -> str:
        """Its key."""
        return obj.key

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """With the last run's id and state, found in the index by job; payload lists may be long, and wait until they are shown."""
        newest = Run.objects.filter(job=OuterRef("pk")).order_by("-pk")
        return (
            super()
            .get_queryset(request)
            .defer("payload")
            .annotate(
                last_run_id=Subquery(newest.values("pk")[:1]),
                last_run_state=Subquery(newest.values("state")[:1]),
                last_run_at=Subquery(newest.values("created_at")[:1]),
            )
        )

    @admin.display(description="state", ordering="state")
    def state_shown(self, job: Job) -> str:
        """The state with its sign."""
        return badge(job.state)

    @admin.display(description="last run")
    def last_run(self, job: Job) -> str:
        """The last run's state and when it was created, which lead to the run."""
        run_id, at = getattr(job, "last_run_id", None), getattr(job, "last_run_at", None)
        if run_id is None or at is None:
            return "-"
        words = '{} <span style="white-space: nowrap">{}</span>'
        return _run_link(run_id, format_html(words, badge(str(getattr(job, "last_run_state", ""))), instant(at)))

    @admin.display(description="description", ordering="description")
    def shortly(self, job: Job) -> str:
        """The beginning of the description; all of it for who asks."""
        beginning = Truncator(job.description).chars(SHOWN)
        return format_html('<span title="{}">{}</span>', job.description, beginning) if job.description else "-"

    @admin.display(description="payload")
    def payload_told(self, job: Job) -> str:
        """For those who may not change it."""
        return pretty(job.payload)

    @admin.display(description="configuration")
    def configuration_told(self, job: Job) -> str:
        """For those who may not change it."""
        return pretty(job.configuration)

    @admin.display(description="tags")
    def tags_told(self, job: Job) -> str:
        """For those who may not change them."""
        return ", ".join(map(str, job.tags)) or "-"

    @admin.display(description="metadata")
    def metadata_told(self, job: Job) -> str:
        """For those who may not change it."""
        return pretty(job.metadata)

    def get_readonly_fields(self, request: HttpRequest, obj: Job | None = None) -> tuple[str, ...]:
        """A job keeps its workspace and its key, and its form does not change its state."""
        return ("state_told", "workspace", "key") if obj else ()

    def get_fields(self, request: HttpRequest, obj: Job | None = None) -> Any:
        """A new job has no state yet; who may not change a job reads it, and needs no form for it."""
        if obj is None:
            return self.fields[1:]
        if self.has_change_permission(request, obj):
            return self.fields
        return tuple(f"{name}_told" if name in _READ else name for name in self.fields)

    def events_of(self, obj: Job, *, limit: int, before: int | None) -> list[Event]:
        """What was done to it and its schedules."""
        return list_job_events(job_id=obj.pk, limit=limit, before=before)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new job begins with an example to change."""
        return {"payload": EXAMPLE_PAYLOAD, **super().get_changeform_initial_data(request)}

    def has_run_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        """Whether the caller may start runs."""
        return permits(request, Role.OPERATOR, obj.workspace_id if obj else None)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without deletion in bulk: a job with active runs must say so, and keep the others from being deleted half-way."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.action(description="Run selected jobs", permissions=["run"])
    def run_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Start one run of each."""
        for job in queryset:
            self._run(request, job, TriggerRequest())

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and the page that runs a job."""
        view = self.admin_site.admin_view(self.run_view)
        return [path("<int:job_id>/run/", view, name="jobs_job_run"), *super().get_urls()]

    def run_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Ask for parameters and a comment, then start a run."""
        job = self.get_object(request, str(job_id))
        if job is None or not self.has_run_permission(request, job):
            raise Http404("there is no such job, or you may not run it")
        form = RunForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            run_id = self._run(request, job, form.asked)
            return HttpResponseRedirect(reverse("admin:jobs_run_change", args=[run_id]) if run_id else request.path)
        return ask(
            self.admin_site,
            request,
            title=f"Run {job.key}",
            text=f"This starts a run of {job.key} in {job.workspace}, version {job.version}.",
            form=form,
            button="Start the run",
            back=[
                (reverse("admin:jobs_job_changelist"), "Jobs"),
                (reverse("admin:jobs_job_change", args=[job.pk]), job.key),
            ],
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Say whether to show the Run button."""
        job = kwargs.get("obj")
        context["may_run"] = job is not None and job.state == JobState.ACTIVE and self.has_run_permission(request, job)
        return super().render_change_form(request, context, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """If the job cannot be written although the form found nothing wrong, or somebody else wrote it meanwhile: check again. Now
        the form says so."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ConflictError:
            return super().changeform_view(request, *args, **kwargs)
        except ValidationError as error:
            self._refusals[request] = error.errors
            return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Job | None = None, change: bool = False, **kwargs: Any) -> Any:
        """One that knows what was said when this request tried to write the job."""
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"refused": self._refusals.get(request, ())})

    def save_model(self, request: HttpRequest, obj: Job, form: Any, change: bool) -> None:
        """Write through the service that the API and the manifests write through."""
        saved = save_job(
            workspace=form.workspace,
            document=form.document,
            actor=_actor(request),
            expected_version=form.expected_version,
        )
        obj.pk = saved.pk
        obj.refresh_from_db()

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Say why a job cannot be deleted now."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except ConflictError as error:
            self.message_user(request, f"Not deleted: {error}.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:jobs_job_change", args=[object_id]))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """What goes with a job, by its document.

        Django's way reads every row that would go, and asks of each model whether its own page deletes: those of schedules and
        backfills do not.
        """
        told: list[Any] = []
        for job in objs:
            names = [f"schedule {each.get('name', 'default')}" for each in job.schedules]
            told += [f"job {job.key}", [f"{name}, with what it decided and its backfills" for name in names]]
        counts = {"jobs": len(objs), "schedules": sum(len(job.schedules) for job in objs)}
        return told, {name: count for name, count in counts.items() if count}, set(), []

    def delete_model(self, request: HttpRequest, obj: Job) -> None:
        """Delete the job and keep its runs."""
        delete_job(job=obj, actor=_actor(request))

    def _run(self, request: HttpRequest, job: Job, asked: TriggerRequest) -> int | None:
        """Start a run and say so; say why when it cannot start."""
        if not self.has_run_permission(request, job):
            self.message_user(
                request, f"Not started: {job.key} takes the role operator in {job.workspace}.", messages.ERROR
            )
            return None
        try:
            run_id = start_run(
                job=job,
                trigger=Trigger.MANUAL,
                actor=_actor(request),
                comment=asked.comment,
                parameters=asked.parameters,
            )
        except JobsError as error:
            self.message_user(request, f"Not started: {error}.", messages.ERROR)
            return None
        self.message_user(request, format_html("Started {} of {}.", _run_link(run_id, f"run {run_id}"), job.key))
        return run_id


def _actor(request: HttpRequest) -> str:
    return str(request.user.get_username())


def _run_link(run_id: int, text: str) -> str:
    return format_html('<a href="{}">{}</a>', reverse("admin:jobs_run_change", args=[run_id]), text)
