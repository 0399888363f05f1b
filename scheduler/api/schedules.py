"""Schedules: list, create, read, replace, change, delete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.urls import reverse
from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import WorkspaceView
from jobs.api.pages import Query, page
from jobs.api.preconditions import PreconditionFailedError, etag, matched_version, taken_version
from jobs.api.shapes import origin_json
from jobs.models import Job
from jobs.selectors.jobs import find_job
from jobs.selectors.origins import origin_of_schedule
from scheduler.api import shapes
from scheduler.api.asking import edit_of, instant, merged
from scheduler.models import Schedule
from scheduler.selectors.schedules import find_schedule, list_schedules, schedule_view
from scheduler.services.editing import (
    OutOfDateError,
    create_schedule,
    delete_schedule,
    replace_schedule,
    update_schedule,
)
from scheduler.states import ScheduleState


class ScheduleList(WorkspaceView):
    """``schedules/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """The schedules of all jobs by id; ``job``, ``state`` and ``due_before`` filter."""
        query = Query(request, known=("job", "state", "due_before"))
        return _page(self, request, query, query.text("job"), instant(query, "due_before"))


class JobSchedules(WorkspaceView):
    """``jobs/{key}/schedules/``"""

    def get(self, request: Request, workspace: str, key: str) -> Response:
        """The job's schedules by id; ``state`` and ``due_before`` filter."""
        query = Query(request, known=("state", "due_before"))
        job = find_job(workspace=self.workspace, key=key)
        return _page(self, request, query, job.key, instant(query, "due_before"))

    def post(self, request: Request, workspace: str, key: str) -> Response:
        """Add a schedule to the job; 409 when it has one of that name."""
        job = find_job(workspace=self.workspace, key=key)
        document = request.data
        version = None
        if isinstance(document, dict):
            document = dict(document)
            version = taken_version(document)
        with _expecting(request, job, version) as expected:
            made = create_schedule(job=job, document=document, actor=self.actor, expected_version=expected)
        response = schedule_response(made, status.HTTP_201_CREATED)
        response["Location"] = request.build_absolute_uri(reverse("schedule", args=[workspace, key, made.name]))
        return response


class SchedulePart(WorkspaceView):
    """What lies under ``jobs/{key}/schedules/{name}/``."""

    def schedule(self, key: str, name: str) -> Schedule:
        """The schedule of the address. Raises NotFoundError."""
        return find_schedule(workspace=self.workspace, job_key=key, name=name)


class ScheduleDetail(SchedulePart):
    """``jobs/{key}/schedules/{name}/``"""

    def get(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """The schedule's document, and where it stands."""
        return schedule_response(self.schedule(key, name))

    def put(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Replace the schedule as a whole, if its job still has the version of If-Match (412) or of the body (409)."""
        schedule = self.schedule(key, name)
        document, version = edit_of(request.data, schedule)
        with _expecting(request, schedule.job, version) as expected:
            saved = replace_schedule(schedule=schedule, document=document, actor=self.actor, expected_version=expected)
        return schedule_response(saved)

    def patch(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Change what the body names, and leave the rest; guarded as `put` is."""
        schedule = self.schedule(key, name)
        changes, version = edit_of(request.data, schedule)
        with _expecting(request, schedule.job, version) as expected:
            saved = update_schedule(
                schedule=schedule,
                change=lambda document: merged(document, changes),
                actor=self.actor,
                expected_version=expected,
            )
        return schedule_response(saved)

    def delete(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Delete the schedule and what it decided; the runs that it started stay."""
        schedule = self.schedule(key, name)
        with _expecting(request, schedule.job, None) as expected:
            delete_schedule(schedule=schedule, actor=self.actor, expected_version=expected)
        return Response(status=status.HTTP_204_NO_CONTENT)


def schedule_response(schedule: Schedule, code: int = status.HTTP_200_OK, **more: object) -> Response:
    """A schedule as it stands now, with its job's entity tag."""
    origin = origin_of_schedule(workspace_id=schedule.workspace_id, job_key=schedule.job.key, name=schedule.name)
    answer = shapes.schedule_json(schedule_view(schedule=schedule, now=timezone.now()))
    answer |= {"origin": None if origin is None else origin_json(origin), **more}
    return Response(answer, status=code, headers={"ETag": etag(schedule.job)})


@contextmanager
def _expecting(request: Request, job: Job, written: int | None) -> Iterator[int | None]:
    """The version that a writer saw: of If-Match, then somebody else's change is a 412; or of the body, then it is a 409."""
    matched = matched_version(request, job)
    try:
        yield written if matched is None else matched
    except OutOfDateError as error:
        if matched is None:
            raise
        raise PreconditionFailedError(str(error)) from error


def _page(
    view: WorkspaceView, request: Request, query: Query, job_key: str | None, due_before: dt.datetime | None
) -> Response:
    found = list_schedules(
        workspace=view.workspace,
        limit=query.limit + 1,
        now=timezone.now(),
        after=query.number("after"),
        job_key=job_key,
        state=query.word("state", ScheduleState),
        due_before=due_before,
    )
    return page(request, found, limit=query.limit, cursor=lambda each: each.schedule.pk, show=shapes.schedule_json)
