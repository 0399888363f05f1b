"""Schedules: list, create, read, replace, change, delete."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import WorkspaceView
from jobs.api.described.operation import described
from jobs.api.orders import by_id, by_time, place
from jobs.api.pages import page
from jobs.api.preconditions import etag, expecting, taken_version
from jobs.api.reading import ReadingView
from jobs.api.shapes import origin_json
from jobs.models import Scope
from jobs.selectors.jobs import find_job
from jobs.selectors.ordering import Ordering
from jobs.selectors.origins import origin_of_schedule
from scheduler.api import shapes
from scheduler.api.asking import edit_of, instant, merged
from scheduler.api.described import schedules as on_schedules
from scheduler.models import Schedule
from scheduler.selectors.schedules import find_schedule, list_schedules, schedule_view
from scheduler.services.editing import create_schedule, delete_schedule, replace_schedule, update_schedule
from scheduler.states import ScheduleState

ORDERS = {"id": by_id(), "next_run_at": by_time("next_run_at")}


class ScheduleReading(ReadingView):
    """A page of schedules."""

    parameters: tuple[str, ...] = ("job", "state", "due_before", "order")
    paged = True
    shown = (*shapes.DOCUMENT, *shapes.READ_ONLY)

    def page(self, request: Request, job_key: str | None) -> Response:
        """Those of one job, or of all: by id, or by when they run next, without those that owe nothing."""
        query = self.query
        by, descending = query.order(("id", "next_run_at"))
        order, after = ORDERS[by], query.text("after")
        found = list_schedules(
            workspace=self.workspace,
            limit=query.limit + 1,
            now=timezone.now(),
            after=None if after is None else place(order, after),
            job_key=job_key,
            state=query.word("state", ScheduleState),
            due_before=instant(query, "due_before"),
            ordering=Ordering(order.columns, descending),
        )
        return page(
            request,
            found,
            limit=query.limit,
            cursor=lambda each: order.cursor(each.schedule),
            show=shapes.schedule_json,
        )


@described(get=on_schedules.LIST)
class ScheduleList(ScheduleReading):
    """``schedules/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """The schedules of all jobs; ``job``, ``state`` and ``due_before`` filter."""
        return self.page(request, self.query.text("job"))


@described(get=on_schedules.LIST_OF_JOB, post=on_schedules.CREATE)
class JobSchedules(ScheduleReading):
    """``jobs/{key}/schedules/``"""

    scopes = {"POST": Scope.SCHEDULES}
    parameters = ("state", "due_before", "order")

    def get(self, request: Request, workspace: str, key: str) -> Response:
        """The job's schedules; ``state`` and ``due_before`` filter."""
        return self.page(request, find_job(workspace=self.workspace, key=key).key)

    def post(self, request: Request, workspace: str, key: str) -> Response:
        """Add a schedule to the job; 409 when it has one of that name."""
        job = find_job(workspace=self.workspace, key=key)
        document = request.data
        version = None
        if isinstance(document, dict):
            document = dict(document)
            version = taken_version(document, what=job.key, version=job.version, updated_at=job.updated_at)
        with expecting(request, what=job.key, version=job.version, written=version) as expected:
            made = create_schedule(job=job, document=document, actor=self.actor, expected_version=expected)
        response = schedule_response(made, status.HTTP_201_CREATED)
        response["Location"] = request.build_absolute_uri(reverse("schedule", args=[workspace, key, made.name]))
        return response


class SchedulePart(WorkspaceView):
    """What lies under ``jobs/{key}/schedules/{name}/``."""

    def schedule(self, key: str, name: str) -> Schedule:
        """The schedule of the address. Raises NotFoundError."""
        return find_schedule(workspace=self.workspace, job_key=key, name=name)


@described(get=on_schedules.GET, put=on_schedules.REPLACE, patch=on_schedules.CHANGE, delete=on_schedules.DELETE)
class ScheduleDetail(SchedulePart, ReadingView):
    """``jobs/{key}/schedules/{name}/``"""

    scopes = {"PUT": Scope.SCHEDULES, "PATCH": Scope.SCHEDULES, "DELETE": Scope.SCHEDULES}
    shown = (*shapes.DOCUMENT, *shapes.READ_ONLY)

    def get(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """The schedule's document, and where it stands."""
        return schedule_response(self.schedule(key, name))

    def put(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Replace the schedule as a whole, if its job still has the version of If-Match (412) or of the body (409)."""
        schedule = self.schedule(key, name)
        document, version = edit_of(request.data, schedule)
        with expecting(request, what=schedule.job.key, version=schedule.job.version, written=version) as expected:
            saved = replace_schedule(schedule=schedule, document=document, actor=self.actor, expected_version=expected)
        return schedule_response(saved)

    def patch(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Change what the body names, and leave the rest; guarded as `put` is."""
        schedule = self.schedule(key, name)
        changes, version = edit_of(request.data, schedule)
        with expecting(request, what=schedule.job.key, version=schedule.job.version, written=version) as expected:
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
        with expecting(request, what=schedule.job.key, version=schedule.job.version, written=None) as expected:
            delete_schedule(schedule=schedule, actor=self.actor, expected_version=expected)
        return Response(status=status.HTTP_204_NO_CONTENT)


def schedule_response(schedule: Schedule, code: int = status.HTTP_200_OK, **more: object) -> Response:
    """A schedule as it stands now, with its job's entity tag."""
    origin = origin_of_schedule(workspace_id=schedule.workspace_id, job_key=schedule.job.key, name=schedule.name)
    answer = shapes.schedule_json(schedule_view(schedule=schedule, now=timezone.now()))
    answer |= {"origin": None if origin is None else origin_json(origin), **more}
    return Response(answer, status=code, headers={"ETag": etag(schedule.job)})
