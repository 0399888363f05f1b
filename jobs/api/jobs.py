"""Jobs: list, create, read, replace, delete, trigger."""

from __future__ import annotations

import re
from typing import Any

from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import shapes
from jobs.api.base import WorkspaceView
from jobs.api.origins import shown_origin
from jobs.api.pages import Query, page
from jobs.api.preconditions import PreconditionFailedError, etag, matched_version, taken_version
from jobs.api.runs import run_response
from jobs.documents import KEY_PATTERN, TriggerRequest, parse_trigger
from jobs.errors import ConflictError, FieldError, ValidationError
from jobs.models import Job, Role
from jobs.selectors.jobs import JobView, find_job, get_job, job_view, list_jobs
from jobs.services.jobs import MUST_BE_NEW, delete_job, save_job
from jobs.services.origins import KeptInFileError
from jobs.services.runs import trigger_run
from jobs.states import JobState, Trigger

IDEMPOTENCY_KEY = "Idempotency-Key"


class JobList(WorkspaceView):
    """``jobs/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """The jobs by key, without their payload lists."""
        query = Query(request)
        after = query.text("after")
        if after is not None and not re.fullmatch(KEY_PATTERN, after):
            raise ValidationError([FieldError("after", "expected a job's key, type:name")])
        jobs = list_jobs(workspace=self.workspace, limit=query.limit + 1, after=after)
        return page(request, jobs, limit=query.limit, cursor=lambda view: view.job.key, show=shapes.job_summary)

    def post(self, request: Request, workspace: str) -> Response:
        """Create a job, active or with ``state`` as a draft; 409 when there is one of its key."""
        document, state = _creation(request.data)
        job = save_job(
            workspace=self.workspace,
            document=document,
            actor=self.actor,
            expected_version=MUST_BE_NEW,
            state=state,
        )
        response = job_response(JobView(job, None), status.HTTP_201_CREATED)
        response["Location"] = request.build_absolute_uri(reverse("job", args=[workspace, job.key]))
        return response


class JobDetail(WorkspaceView):
    """``jobs/{key}/``"""

    def get(self, request: Request, workspace: str, key: str) -> Response:
        """The job's document, and what is known about it."""
        return job_response(get_job(workspace=self.workspace, key=key))

    def put(self, request: Request, workspace: str, key: str) -> Response:
        """Replace the whole job, if it still has the version of If-Match (412) or of the body (409)."""
        job = find_job(workspace=self.workspace, key=key)
        document, version = _replacement(request.data, job)
        matched = matched_version(request, job)
        try:
            expected = version if matched is None else matched
            saved = save_job(workspace=self.workspace, document=document, actor=self.actor, expected_version=expected)
        except ConflictError as error:
            if matched is None or isinstance(error, KeptInFileError):
                raise
            raise PreconditionFailedError(str(error)) from error
        return job_response(job_view(saved))

    def delete(self, request: Request, workspace: str, key: str) -> Response:
        """Delete the job and keep its runs; 409 while one of them is active."""
        job = find_job(workspace=self.workspace, key=key)
        delete_job(job=job, actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


class JobTrigger(WorkspaceView):
    """``jobs/{key}/trigger/``"""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str, key: str) -> Response:
        """Start a run; 200 with the run that exists already for this idempotency key; 409 when the job is paused."""
        asked = _asked(request)
        job = find_job(workspace=self.workspace, key=key)
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


def _asked(request: Request) -> TriggerRequest:
    """The body of a trigger, with the key of the Idempotency-Key header. Raises ValidationError."""
    header = request.headers.get(IDEMPOTENCY_KEY)
    if header is None:
        return parse_trigger(request.data)
    if isinstance(request.data, dict) and request.data.get("idempotency_key", header) != header:
        raise ValidationError(
            [FieldError("idempotency_key", f"expected {header!r}, as in the header {IDEMPOTENCY_KEY}")]
        )
    try:
        parse_trigger({"idempotency_key": header})
    except ValidationError as error:
        raise ValidationError([FieldError(IDEMPOTENCY_KEY, each.message) for each in error.errors]) from error
    return parse_trigger(request.data).model_copy(update={"idempotency_key": header})


def _creation(data: object) -> tuple[object, JobState]:
    """The document and the state in a POST's body. Raises ValidationError for a state in which no job begins."""
    if not isinstance(data, dict) or "state" not in data:
        return data, JobState.ACTIVE
    if data["state"] not in (JobState.ACTIVE, JobState.DRAFT):
        raise ValidationError([FieldError("state", "expected active or draft")])
    return {name: value for name, value in data.items() if name != "state"}, JobState(data["state"])


def _replacement(data: object, job: Job) -> tuple[object, int | None]:
    """The document and the version in a PUT's body, which may be a GET's answer, edited.

    Raises:
        ValidationError: It names another job, or another state than the job's: pausing is not a matter of the document.
    """
    if not isinstance(data, dict):
        return data, None
    body: dict[str, Any] = dict(data)
    version = taken_version(body)
    if body.get("state", job.state) != job.state:
        raise ValidationError([FieldError("state", f"read only; it is {job.state}")])
    if isinstance(body.get("key"), str) and body["key"] != job.key:
        raise ValidationError([FieldError("key", f"expected {job.key}, as in the address; a job cannot be renamed")])
    return {name: value for name, value in body.items() if name not in shapes.READ_ONLY}, version
