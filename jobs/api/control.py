"""Holding, continuing, ending and repeating: jobs and runs. docs/explanation/run-control.md says what each does."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import shapes
from jobs.api.awaiting import StartsARun
from jobs.api.base import SMALL_BODY_BYTES
from jobs.api.described import control as on_control
from jobs.api.described import jobs as on_jobs
from jobs.api.described.operation import described
from jobs.api.foreign import atlas, intuned
from jobs.api.foreign.shaping import ShapedView
from jobs.api.jobs import job_response
from jobs.api.preconditions import refused_by_header, seen_at
from jobs.api.runs import RunPart, run_response
from jobs.documents import parse_replay, parse_rerun
from jobs.documents.control import parse_guarded_note, parse_note, parse_transition
from jobs.errors import FieldError, ValidationError
from jobs.models import Job, Role, Run
from jobs.selectors.jobs import find_job, job_view
from jobs.selectors.runs import get_run
from jobs.services import control, job_states, pins, reruns
from jobs.services.as_seen import job_as_seen
from jobs.states import JobState


class JobControl(ShapedView):
    """What operators do to jobs."""

    foreign = {"POST": {"intuned": intuned.held, "atlas": atlas.job}}

    roles = {"POST": Role.OPERATOR}
    largest_body_bytes = SMALL_BODY_BYTES

    def job(self, key: str) -> Job:
        """The job of the address. Raises NotFoundError."""
        return find_job(workspace=self.workspace, key=key)

    def hold(self, request: Request, key: str, *, paused: bool) -> Response:
        """The job, paused or resumed."""
        asked, job = parse_guarded_note(request.data), self.job(key)
        seen = asked.expected_updated_at or seen_at(request, job)
        with refused_by_header(request):
            held = job_states.hold(job=job, paused=paused, actor=self.actor, note=asked.note, expected_updated_at=seen)
        return job_response(job_view(held))


@described(post=on_jobs.PAUSE)
class JobPause(JobControl):
    """``jobs/{key}/pause/``"""

    def post(self, request: Request, workspace: str, key: str) -> Response:
        """Hold the job and its runs; 409 when it is a draft or archived."""
        return self.hold(request, key, paused=True)


@described(post=on_jobs.RESUME)
class JobResume(JobControl):
    """``jobs/{key}/resume/``"""

    def post(self, request: Request, workspace: str, key: str) -> Response:
        """Let the job go on, and the runs that were paused with it; 409 when it is a draft or archived."""
        return self.hold(request, key, paused=False)


@described(post=on_jobs.TRANSITION)
class JobTransition(JobControl):
    """``jobs/{key}/transition/``"""

    roles = {"POST": Role.EDITOR}

    def post(self, request: Request, workspace: str, key: str) -> Response:
        """Move the job to another state; 400 with what it lacks to be active, 409 when the state does not follow."""
        asked, job = parse_transition(_in_our_words(request.data)), self.job(key)
        seen = seen_at(request, job)
        with refused_by_header(request):
            changed = job_states.change_state(
                job=job,
                target=JobState(asked.target),
                actor=self.actor,
                note=asked.note,
                expected_updated_at=asked.expected_updated_at or seen,
            )
        return job_response(job_view(changed))


def _in_our_words(data: object) -> object:
    """A transition's body, which may say ``target_status`` in ATLAS's words in place of ``target``."""
    if not isinstance(data, dict) or "target_status" not in data or "target" in data:
        return data
    word = data["target_status"]
    if not isinstance(word, str) or word not in atlas.TARGETS:
        known = ", ".join(atlas.TARGETS)
        raise ValidationError([FieldError("target_status", f"expected one of {known}: runs set the others")])
    return {name: value for name, value in data.items() if name != "target_status"} | {"target": atlas.TARGETS[word]}


class ServiceOnRun(Protocol):
    """Pauses, resumes or terminates a run, and says whether that changed anything."""

    def __call__(self, *, run: Run, actor: str, note: str) -> bool: ...


class RunControl(RunPart):
    """What operators do to runs."""

    roles = {"POST": Role.OPERATOR}
    largest_body_bytes: int | None = SMALL_BODY_BYTES

    def change(self, request: Request, run_id: int, service: ServiceOnRun) -> Response:
        """The run after a service, with ``changed``: 202 when it was changed, 200 when it stood so already."""
        note, run = parse_note(request.data).note, self.run(run_id)
        seen = _job_seen_at(request, run)
        with refused_by_header(request), job_as_seen(job_id=run.job_id, key=run.job_key, expected_updated_at=seen):
            changed = service(run=run, actor=self.actor, note=note)
        answer = shapes.run_json(get_run(workspace=self.workspace, run_id=run_id)) | {"changed": changed}
        return Response(answer, status=status.HTTP_202_ACCEPTED if changed else status.HTTP_200_OK)


@described(post=on_control.PAUSE)
class RunPause(RunControl):
    """``runs/{id}/pause/``"""

    def post(self, request: Request, workspace: str, run_id: int) -> Response:
        """Let nothing more of the run start; 409 when it has ended or is being ended."""
        return self.change(request, run_id, control.pause_run)


@described(post=on_control.RESUME)
class RunResume(RunControl):
    """``runs/{id}/resume/``"""

    def post(self, request: Request, workspace: str, run_id: int) -> Response:
        """Let the run go on; 409 when it has ended, is being ended, or its whole job is paused."""
        return self.change(request, run_id, control.resume_run)


@described(post=on_control.TERMINATE)
class RunTermination(RunControl, ShapedView):
    """``runs/{id}/terminate/``"""

    foreign = {"POST": {"intuned": intuned.terminated}}

    def post(self, request: Request, workspace: str, run_id: int) -> Response:
        """End the run early; one that has ended stays as it is."""
        return self.change(request, run_id, control.terminate_run)


@described(post=on_control.PIN, delete=on_control.UNPIN)
class RunPin(RunPart):
    """``runs/{id}/pin/``"""

    roles = {"POST": Role.OPERATOR, "DELETE": Role.OPERATOR}

    def post(self, request: Request, workspace: str, run_id: int) -> Response:
        """Keep the run from being cleaned up."""
        return self.change(run_id, pins.pin_run, parse_note(request.data).note)

    def delete(self, request: Request, workspace: str, run_id: int) -> Response:
        """Let it grow old again."""
        return self.change(run_id, pins.unpin_run, "")

    def change(self, run_id: int, service: ServiceOnRun, note: str) -> Response:
        """The run after a service, with ``changed``."""
        changed = service(run=self.run(run_id), actor=self.actor, note=note)
        return Response(shapes.run_json(get_run(workspace=self.workspace, run_id=run_id)) | {"changed": changed})


@described(post=on_control.RERUN)
class RunRerun(StartsARun, RunControl):
    """``runs/{id}/rerun/``"""

    largest_body_bytes = None  # Its parameters may be long.

    def post(self, request: Request, workspace: str, run_id: int) -> Response:
        """Execute a finished run again, as a new one; 409 when it has not ended or its job is not active."""
        asked, run = parse_rerun(request.data), self.run(run_id)
        seen = _job_seen_at(request, run)
        with refused_by_header(request):
            new_id = reruns.rerun(
                run=run,
                actor=self.actor,
                which=asked.which,
                definition=asked.definition,
                parameters=asked.parameters,
                comment=asked.comment,
                expected_updated_at=asked.expected_updated_at or seen,
            )
        return run_response(self, request, new_id, status.HTTP_202_ACCEPTED)


@described(post=on_control.REPLAY)
class RunReplay(StartsARun, RunControl):
    """``runs/{id}/replay/``"""

    def post(self, request: Request, workspace: str, run_id: int) -> Response:
        """Deliver a finished run's stored results again, as a new run; 409 when they are not kept."""
        asked, run = parse_replay(request.data), self.run(run_id)
        seen = _job_seen_at(request, run)
        with refused_by_header(request):
            new_id = reruns.replay(
                run=run,
                actor=self.actor,
                comment=asked.comment,
                expected_updated_at=asked.expected_updated_at or seen,
            )
        return run_response(self, request, new_id, status.HTTP_202_ACCEPTED)


def _job_seen_at(request: Request, run: Run) -> dt.datetime | None:
    """What `seen_at` says of the run's job, which is read without its payload list, and only where it is asked for."""
    if "If-Match" not in request.headers:
        return None
    job = None if run.job_id is None else Job.objects.defer("payload").filter(pk=run.job_id).first()
    return seen_at(request, job)
