"""Adding and changing jobs by forms, and the parts of the forms that answer while one types."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.documents import JobDocument
from jobs.errors import JobsError, NotFoundError, ValidationError
from jobs.models import Job, Role
from jobs.selectors.jobs import find_job
from jobs.selectors.ordering import Ordering, Wanted
from jobs.services.jobs import MUST_BE_NEW, save_job
from jobs.services.origins import reason
from jobs.states import JobState
from sinks.selectors.sinks import list_sinks
from ui.jobs_manager import retry_waits
from ui.jobs_manager.job_form import JobForm, empty_payload
from ui.jobs_manager.views import JobPage
from ui.pages import WorkspacePage


class Offer(NamedTuple):
    """What Add asks first."""

    kind: str
    job_type: str
    word: object
    told: object
    icon: str


OFFERS = (
    Offer(
        "http",
        "task",
        gettext_lazy("HTTP call"),
        gettext_lazy("Calls web services: one address or thousands, with retries, checks and limits."),
        "send",
    ),
    Offer(
        "generate",
        "task",
        gettext_lazy("Data generation"),
        gettext_lazy("Makes up data of many types, as files or as results."),
        "database",
    ),
    Offer(
        "log_cleanup",
        "task",
        gettext_lazy("Log cleanup"),
        gettext_lazy("Erases old history, by age, job and state."),
        "trash",
    ),
    Offer(
        "spark",
        "spark",
        gettext_lazy("Spark"),
        gettext_lazy("Runs a script, a jar or an aggregation on Spark."),
        "server",
    ),
    Offer(
        "datasource",
        "datasource",
        gettext_lazy("Datasource"),
        gettext_lazy("Loads files, databases and services into tables."),
        "archive",
    ),
)
BY_KIND = {offer.kind: offer for offer in OFFERS}
MOST_SINKS = 100


class Choose(WorkspacePage):
    """What kind of job is to be added."""

    area = "ui:jobs"
    template = "ui/jobs_manager/choose.html"
    roles = {"GET": Role.EDITOR}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The kinds."""
        return self.page(offers=OFFERS)


class _Form(WorkspacePage):
    """What both forms share: showing it, showing it as the other view, saving it."""

    template = "ui/jobs_manager/form.html"
    roles = {"GET": Role.EDITOR}

    def show(self, form: JobForm, *, status: int = 200, **context: Any) -> HttpResponse:
        """The form with what stands beside it."""
        values = form.fields.data if form.fields.is_bound else form.fields.initial
        retry = retry_waits.typed(
            {
                name: str(values.get(name) or "")
                for name in ("maximum_attempts", "initial_interval", "backoff_coefficient", "maximum_interval")
            }
        )
        sinks = list_sinks(workspace=self.workspace, now=self.now, wanted=Wanted(MOST_SINKS, Ordering(("name",))))
        return self.page(status=status, form=form, waits=retry_waits.drawn(retry), known_sinks=sinks, **context)

    def other_view(self, form: JobForm, **context: Any) -> HttpResponse:
        """The same job, its payloads as JSON in place of forms, or the other way round."""
        try:
            document, as_json = form.as_other_view()
        except ValidationError as error:
            form.errors += [each.message for each in error.errors if not each.field]
            return self.show(form, status=422, **context)
        version = self._version()
        other = JobForm(
            job_type=form.job_type, kind=form.kind, document=document, fixed=form.fixed, key=form.key, version=version
        )
        if not form.key:
            other.fields.initial["name"] = document["key"].partition(":")[2]
        other.in_json = as_json or other.in_json
        if other.in_json:
            other.payloads = []
        return self.show(other, **context)

    def _version(self) -> int | None:
        text = self.request.POST.get("version", "")
        return int(text) if text.isdecimal() and len(text) < 10 else None

    def saved(
        self, form: JobForm, document: JobDocument, *, expected: int, state: JobState = JobState.ACTIVE
    ) -> Job | None:
        """Save it; None when it was refused, which stands in the form then."""
        try:
            return save_job(
                workspace=self.workspace, document=document, actor=self.actor, expected_version=expected, state=state
            )
        except ValidationError as error:
            form.refuse(error.errors)
        except JobsError as error:
            form.errors.append(str(error))
        return None


class New(_Form):
    """Add a job of one kind; ``?from=`` begins as a copy of another."""

    @property
    def area(self) -> str:  # type: ignore[override]
        """Datasources have a page of their own."""
        return "ui:datasources" if self.offer.kind == "datasource" else "ui:jobs"

    @property
    def offer(self) -> Offer:
        """That of the address. Raises NotFoundError."""
        found = BY_KIND.get(self.kwargs["kind"])
        if found is None:
            raise NotFoundError(f"no form is made for {self.kwargs['kind']}")
        return found

    @cached_property
    def copied(self) -> Job | None:
        """What it begins as a copy of. Raises NotFoundError."""
        key = self.request.GET.get("from", "")
        return find_job(workspace=self.workspace, key=key) if key else None

    def _form(self, **given: Any) -> JobForm:
        """With the copied job's schedules, which nobody sees here and which must not fire before somebody has looked at them."""
        schedules = [each | {"enabled": False} for each in self.copied.schedules] if self.copied is not None else []
        fixed = {"schedules": schedules} if schedules else {}
        return JobForm(job_type=self.offer.job_type, kind=self.offer.kind, fixed=fixed, **given)

    def _beside(self) -> dict[str, Any]:
        copied = self.copied
        return {"offer": self.offer, "copied": copied, "schedules": len(copied.schedules) if copied is not None else 0}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """An empty form, or a copy."""
        document: dict[str, Any] = {}
        if self.copied is not None:
            document = self.copied.document()
            document |= {"key": f"{document['key']}-copy"}
        return self.show(self._form(document=document), **self._beside())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Create it."""
        form = self._form(data=request.POST)
        if "other_view" in request.POST:
            return self.other_view(form, **self._beside())
        document = form.read()
        state = JobState.DRAFT if "draft" in request.POST else JobState.ACTIVE
        job = document and self.saved(form, document, expected=MUST_BE_NEW, state=state)
        if not job:
            return self.show(form, status=422, **self._beside())
        messages.success(request, _("%(job)s is saved.") % {"job": job.key})
        return HttpResponseRedirect(reverse("ui:job", args=[self.workspace.slug, job.key]))


class Edit(_Form, JobPage):
    """Change a job. Who was slower than somebody else is told, and loses nothing that was typed."""

    @property
    def kept(self) -> str:
        """Why it cannot be changed here; empty where it can."""
        return reason(self.origin) if self.origin else ""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The job as it stands."""
        if self.kept:
            raise_kept = _("%(job)s cannot be changed here: %(reason)s.") % {"job": self.job.key, "reason": self.kept}
            messages.warning(request, raise_kept)
            return HttpResponseRedirect(reverse("ui:job", args=self.place))
        return self.show(self._form(), job=self.job)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Save it, if nobody has changed it since it was shown."""
        form = self._form(request.POST)
        if "other_view" in request.POST:
            return self.other_view(form, job=self.job)
        document, version = form.read(), self._version()
        if version is None or version != self.job.version:
            self._tell_of_the_other(form)
            return self.show(form, status=409, job=self.job, changed_meanwhile=True)
        job = document and self.saved(form, document, expected=version)
        if not job:
            return self.show(form, status=422, job=self.job)
        messages.success(request, _("%(job)s is saved.") % {"job": job.key})
        return HttpResponseRedirect(reverse("ui:job", args=self.place))

    def _form(self, data: Any = None) -> JobForm:
        job = self.job
        kind = str(job.payload[0].get("kind", "")) if job.payload else _usual(job.type)
        fixed = {"schedules": job.schedules}
        return JobForm(
            job_type=job.type,
            kind=kind,
            document=job.document(),
            data=data,
            fixed=fixed,
            key=job.key,
            version=job.version,
        )

    def _tell_of_the_other(self, form: JobForm) -> None:
        told = _(
            "Somebody changed this job while you edited it: it has version %(now)s, and you saw %(seen)s. What you typed still"
            " stands below; open the job in another window, compare, and save again to replace their change."
        )
        form.errors.append(told % {"now": self.job.version, "seen": self._version() or "-"})
        form.fields.data = QueryDict.copy(self.request.POST)
        form.fields.data["version"] = str(self.job.version)


class AddPayload(WorkspacePage):
    """One more empty payload, for the end of the list."""

    roles = {"GET": Role.EDITOR}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Its form; ``n`` is a number that no other of the page has."""
        text = request.GET.get("n", "")
        index = int(text) if text.isdecimal() and len(text) < 6 else 0
        return self.part("ui/jobs_manager/payload.html", each=empty_payload(index, self.kwargs["kind"]), open=True)


class Waits(WorkspacePage):
    """The drawing of a retry policy that is being typed."""

    roles = {"GET": Role.EDITOR}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Of the fields in the query."""
        return self.part("ui/jobs_manager/waits.html", waits=retry_waits.drawn(retry_waits.typed(request.GET.dict())))


def _usual(job_type: str) -> str:
    return {"task": "http", "spark": "spark", "datasource": "datasource"}[job_type]
