"""What operators do with schedules: pause, resume, run now, skip the next fire."""

from __future__ import annotations

from typing import Protocol

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.awaiting import StartsARun
from jobs.api.base import SMALL_BODY_BYTES
from jobs.api.preconditions import matched_version
from jobs.api.runs import run_response
from jobs.documents.control import parse_note
from jobs.models import Role
from scheduler.api.asking import parse_run_now
from scheduler.api.schedules import SchedulePart, schedule_response
from scheduler.models import Schedule
from scheduler.services import controls


class ServiceOnSchedule(Protocol):
    """Pauses or resumes a schedule, and says whether that changed anything."""

    def __call__(self, *, schedule: Schedule, actor: str, note: str) -> bool: ...


class ScheduleControl(SchedulePart):
    """What operators do to schedules."""

    roles = {"POST": Role.OPERATOR}
    largest_body_bytes = SMALL_BODY_BYTES

    def matched(self, request: Request, key: str, name: str) -> Schedule:
        """The schedule of the address, whose job has a version of If-Match. Raises NotFoundError and PreconditionFailedError."""
        schedule = self.schedule(key, name)
        matched_version(request, schedule.job)
        return schedule

    def change(self, request: Request, key: str, name: str, service: ServiceOnSchedule) -> Response:
        """The schedule after a service, with ``changed``: false when it stood so already."""
        note, schedule = parse_note(request.data).note, self.matched(request, key, name)
        changed = service(schedule=schedule, actor=self.actor, note=note)
        return schedule_response(schedule, changed=changed)


class SchedulePause(ScheduleControl):
    """``jobs/{key}/schedules/{name}/pause/``"""

    def post(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Let the schedule owe nothing until it is resumed; 409 when it has ended."""
        return self.change(request, key, name, controls.pause_schedule)


class ScheduleResume(ScheduleControl):
    """``jobs/{key}/schedules/{name}/resume/``"""

    def post(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Let the schedule owe from now on, and nothing for the time in between."""
        return self.change(request, key, name, controls.resume_schedule)


class ScheduleRunNow(StartsARun, ScheduleControl):
    """``jobs/{key}/schedules/{name}/run-now/``"""

    def post(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Start a run of the job with the schedule's parameters; 409 when the job is no active one."""
        asked, schedule = parse_run_now(request.data), self.matched(request, key, name)
        run_id = controls.run_now(schedule=schedule, actor=self.actor, comment=asked.comment)
        return run_response(self, request, run_id, status.HTTP_202_ACCEPTED)


class ScheduleSkipNext(ScheduleControl):
    """``jobs/{key}/schedules/{name}/skip-next/``"""

    def post(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Let the next fire time that is not skipped yet pass without a run; 409 when there is none."""
        note, schedule = parse_note(request.data).note, self.matched(request, key, name)
        skipped = controls.skip_next(schedule=schedule, actor=self.actor, note=note)
        return schedule_response(schedule, skipped=skipped)
