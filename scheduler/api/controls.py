"""What operators do with schedules: pause, resume, run now, skip the next fire."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, cast

from django.contrib.auth.models import User
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.awaiting import StartsARun
from jobs.api.base import SMALL_BODY_BYTES
from jobs.api.described.operation import described
from jobs.api.preconditions import matched_version, refused_by_header
from jobs.api.runs import run_response
from jobs.documents.control import parse_guarded_note
from jobs.models import Role, Scope
from jobs.selectors.members import find_service_account
from scheduler.api.asking import parse_principal, parse_run_now
from scheduler.api.described import schedules as on_schedules
from scheduler.api.schedules import SchedulePart, schedule_response
from scheduler.models import Schedule
from scheduler.services import controls
from scheduler.services.as_seen import schedule_as_seen
from scheduler.services.principals import take_over


class ServiceOnSchedule(Protocol):
    """Pauses or resumes a schedule, and says whether that changed anything."""

    def __call__(self, *, schedule: Schedule, actor: str, note: str) -> bool: ...


class ScheduleControl(SchedulePart):
    """What operators do to schedules."""

    roles = {"POST": Role.OPERATOR}
    scopes = {"POST": Scope.SCHEDULES}
    largest_body_bytes = SMALL_BODY_BYTES

    @contextmanager
    def seen(
        self, request: Request, key: str, name: str, expected_updated_at: dt.datetime | None = None
    ) -> Iterator[Schedule]:
        """The schedule of the address, to be changed within: by nobody else, if it is the one that the caller saw.

        Raises NotFoundError; PreconditionFailedError for another version than If-Match names; OutOfDateError for another time.
        """
        schedule = self.schedule(key, name)
        version = matched_version(request, schedule.job)
        with (
            refused_by_header(request),
            schedule_as_seen(schedule=schedule, expected_version=version, expected_updated_at=expected_updated_at),
        ):
            yield schedule

    def change(self, request: Request, key: str, name: str, service: ServiceOnSchedule) -> Response:
        """The schedule after a service, with ``changed``: false when it stood so already."""
        asked = parse_guarded_note(request.data)
        with self.seen(request, key, name, asked.expected_updated_at) as schedule:
            changed = service(schedule=schedule, actor=self.actor, note=asked.note)
        return schedule_response(schedule, changed=changed)


@described(post=on_schedules.PAUSE)
class SchedulePause(ScheduleControl):
    """``jobs/{key}/schedules/{name}/pause/``"""

    def post(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Let the schedule owe nothing until it is resumed; 409 when it has ended."""
        return self.change(request, key, name, controls.pause_schedule)


@described(post=on_schedules.RESUME)
class ScheduleResume(ScheduleControl):
    """``jobs/{key}/schedules/{name}/resume/``"""

    def post(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Let the schedule owe from now on, and nothing for the time in between."""
        return self.change(request, key, name, controls.resume_schedule)


@described(post=on_schedules.RUN_NOW)
class ScheduleRunNow(StartsARun, ScheduleControl):
    """``jobs/{key}/schedules/{name}/run-now/``"""

    scopes = {"POST": Scope.RUN}

    def post(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Start a run of the job with the schedule's parameters; 409 when the job is no active one."""
        asked = parse_run_now(request.data)
        with self.seen(request, key, name, asked.expected_updated_at) as schedule:
            run_id = controls.run_now(schedule=schedule, actor=self.actor, comment=asked.comment)
        return run_response(self, request, run_id, status.HTTP_202_ACCEPTED)


@described(put=on_schedules.SET_PRINCIPAL)
class SchedulePrincipal(ScheduleControl):
    """``jobs/{key}/schedules/{name}/principal/``"""

    roles = {"PUT": Role.EDITOR}
    scopes = {"PUT": Scope.SCHEDULES}

    def put(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Let the schedule act as the caller, or as a service account of the workspace; as no other person."""
        asked = parse_principal(request.data)
        user = cast(User, request.user)
        if asked.service_account is not None:
            user = find_service_account(workspace=self.workspace, name=asked.service_account).user
        with self.seen(request, key, name) as schedule:
            changed = take_over(schedule=schedule, user=user, actor=self.actor)
        return schedule_response(schedule, changed=changed)


@described(post=on_schedules.SKIP_NEXT)
class ScheduleSkipNext(ScheduleControl):
    """``jobs/{key}/schedules/{name}/skip-next/``"""

    def post(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Let the next fire time that is not skipped yet pass without a run; 409 when there is none."""
        asked = parse_guarded_note(request.data)
        with self.seen(request, key, name, asked.expected_updated_at) as schedule:
            skipped = controls.skip_next(schedule=schedule, actor=self.actor, note=asked.note)
        return schedule_response(schedule, skipped=skipped)
