"""Jobs: list, create, read, replace, delete, trigger."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import nouns, orders, shapes
from jobs.api.awaiting import StartsARun
from jobs.api.described import jobs as on_jobs
from jobs.api.described.operation import described
from jobs.api.foreign import Mapper, atlas, datamaker, fusion, intuned
from jobs.api.origins import shown_origin
from jobs.api.pages import Query, page
from jobs.api.permissions import missing_scope
from jobs.api.preconditions import PreconditionFailedError, as_named, etag, matched_version, same_time, taken_version
from jobs.api.reading import ReadingView
from jobs.api.runs import run_response
from jobs.documents import parse_trigger
from jobs.errors import ConflictError, FieldError, OutOfDateError, ValidationError
from jobs.models import Job, Role, Scope
from jobs.selectors.jobs import JobFilter, JobView, find_job, find_job_to_trigger, get_job, job_view, list_jobs
from jobs.selectors.ordering import Ordering
from jobs.services.jobs import MUST_BE_NEW, delete_job, save_job
from jobs.services.origins import KeptInFileError
from jobs.services.runs import trigger_run
from jobs.states import JobState, Trigger

JOB_SHAPES: dict[str, Mapper] = {
    "fusion": fusion.job_status,
    "intuned": intuned.job,
    "atlas": atlas.job,
    "datamaker": datamaker.summary,
}


class JobAnswers(ReadingView):
    """How jobs are told, and read from bodies. The views of one type of job have it their way."""

    def answered(self, view: JobView, code: int = status.HTTP_200_OK) -> Response:
        """A whole job with its entity tag."""
        return job_response(view, code)

    def listed(self, view: JobView) -> dict[str, Any]:
        """A job of a list."""
        return shapes.job_summary(view, include=self.included)

    def document(self, data: object) -> object:
        """The job's document in a body. Raises ValidationError."""
        return data

    def address(self, job: Job) -> str:
        """Where a job is found."""
        return reverse("job", args=[self.workspace.slug, job.key])


@described(get=on_jobs.LIST, post=on_jobs.CREATE)
class JobList(JobAnswers):
    """``jobs/``"""

    parameters: tuple[str, ...] = ("type", "state", "tag", "group", "search", "order")
    paged = True
    shown: tuple[str, ...] = nouns.JOB_SUMMARY
    includable: tuple[str, ...] = nouns.JOB_REST
    foreign = {"GET": JOB_SHAPES}
    job_type: str | None = None
    """The one type whose jobs are listed; None for all."""

    def get(self, request: Request, workspace: str) -> Response:
        """The jobs by key, or in another order, without their payload lists."""
        query = self.query
        by, descending = query.order(("key", "created_at", "updated_at"))
        order = orders.JOBS[by]
        after = query.text("after")
        jobs = list_jobs(
            workspace=self.workspace,
            limit=query.limit + 1,
            after=None if after is None else orders.place(order, after),
            wanted=JobFilter(
                type=self.job_type or query.text("type"),
                state=query.word("state", JobState),
                tag=query.text("tag"),
                group=query.text("group"),
                search=query.text("search"),
            ),
            ordering=Ordering(order.columns, descending),
            load=self.loaded,
        )
        return page(
            request,
            jobs,
            limit=query.limit,
            cursor=lambda view: order.cursor(view.job),
            show=self.listed,
        )

    def post(self, request: Request, workspace: str) -> Response:
        """Create a job, active or with ``state`` as a draft; 409 when there is one of its key."""
        document, state = _creation(self.document(request.data))
        job = save_job(
            workspace=self.workspace,
            document=document,
            actor=self.actor,
            expected_version=MUST_BE_NEW,
            state=state,
            schedules_refused=missing_scope(request, Scope.SCHEDULES),
        )
        response = self.answered(job_view(job), status.HTTP_201_CREATED)
        response["Location"] = request.build_absolute_uri(self.address(job))
        return response

    @property
    def loaded(self) -> Collection[str]:
        """What of a document's long parts is read."""
        return self.included


@described(get=on_jobs.GET, put=on_jobs.REPLACE, delete=on_jobs.DELETE)
class JobDetail(JobAnswers):
    """``jobs/{key}/``"""

    shown: tuple[str, ...] = nouns.JOB
    foreign = {"GET": JOB_SHAPES}

    def get(self, request: Request, workspace: str, key: str) -> Response:
        """The job's document, and what is known about it."""
        return self.answered(get_job(workspace=self.workspace, key=key))

    def put(self, request: Request, workspace: str, key: str) -> Response:
        """Replace the whole job, if it still has the version of If-Match (412) or of the body (409)."""
        job = find_job(workspace=self.workspace, key=key)
        document, version = _replacement(self.document(request.data), job)
        matched = matched_version(request, job)
        try:
            expected = version if matched is None else matched
            saved = save_job(
                workspace=self.workspace,
                document=document,
                actor=self.actor,
                expected_version=expected,
                schedules_refused=missing_scope(request, Scope.SCHEDULES),
            )
        except ConflictError as error:
            if matched is None or isinstance(error, KeptInFileError):
                raise
            raise PreconditionFailedError(str(error)) from error
        return self.answered(job_view(saved))

    def delete(self, request: Request, workspace: str, key: str) -> Response:
        """Delete the job and keep its runs; 409 while one of them is active. If-Match guards it, or ``expected_updated_at``."""
        query = Query(request, known=("expected_updated_at",), paged=False)
        job = find_job(workspace=self.workspace, key=key)
        matched = matched_version(request, job)
        seen = same_time(query.text("expected_updated_at"), what=job.key, updated_at=job.updated_at)
        try:
            delete_job(job=job, actor=self.actor, expected_version=job.version if seen else matched)
        except OutOfDateError as error:
            if matched is None:
                raise
            raise PreconditionFailedError(str(error)) from error
        return Response(status=status.HTTP_204_NO_CONTENT)


@described(post=on_jobs.TRIGGER)
class JobTrigger(StartsARun):
    """``jobs/{key}/trigger/``"""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str, key: str) -> Response:
        """Start a run; 200 with the run that exists already for this idempotency key; 409 when the job is paused."""
        asked = parse_trigger(request.data)
        job = find_job_to_trigger(workspace=self.workspace, key=key)
        with as_named(request, job):
            triggered = trigger_run(
                job=job,
                trigger=Trigger.API,
                actor=self.actor,
                comment=asked.comment,
                parameters=asked.parameters,
                idempotency_key=asked.idempotency_key,
            )
        code = status.HTTP_202_ACCEPTED if triggered.created else status.HTTP_200_OK
        return run_response(self, request, triggered.run_id, code)


def job_response(view: JobView, code: int = status.HTTP_200_OK) -> Response:
    """A job with its entity tag."""
    answer = shapes.job_json(view) | {"origin": shown_origin(view.job.workspace_id, "job", view.job.key)}
    return Response(answer, status=code, headers={"ETag": etag(view.job)})


def _creation(data: object) -> tuple[object, JobState]:
    """The document and the state in a POST's body. Raises ValidationError for a state in which no job begins."""
    if not isinstance(data, dict) or "state" not in data:
        return data, JobState.ACTIVE
    if data["state"] not in (JobState.ACTIVE, JobState.DRAFT):
        raise ValidationError([FieldError("state", "expected active or draft")])
    return {name: value for name, value in data.items() if name != "state"}, JobState(data["state"])


def _replacement(data: object, job: Job) -> tuple[object, int | None]:
    """The document and the version in a PUT's body, which may be a GET's answer, edited. The address says which job it is.

    Raises:
        ValidationError: It names another job, or another state than the job's: pausing is not a matter of the document.
    """
    if not isinstance(data, dict):
        return data, None
    body: dict[str, Any] = {"key": job.key, **data}
    version = taken_version(body, what=job.key, version=job.version, updated_at=job.updated_at)
    if body.get("state", job.state) != job.state:
        raise ValidationError([FieldError("state", f"read only; it is {job.state}")])
    if isinstance(body.get("key"), str) and body["key"] != job.key:
        raise ValidationError([FieldError("key", f"expected {job.key}, as in the address; a job cannot be renamed")])
    return {name: value for name, value in body.items() if name not in shapes.READ_ONLY}, version
