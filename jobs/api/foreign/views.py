"""The addresses that other systems have and this one has not, under those of a job."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import shapes
from jobs.api.awaiting import StartsARun
from jobs.api.base import SMALL_BODY_BYTES, WorkspaceView
from jobs.api.control import JobControl
from jobs.api.described import foreign as on_foreign
from jobs.api.described.operation import described
from jobs.api.foreign import MOST_RUNS, datamaker, fusion, intuned
from jobs.api.pages import Query, page
from jobs.api.preconditions import as_named
from jobs.api.reading import ReadingView
from jobs.api.runs import RUN_SHAPES, run_response
from jobs.documents import parse_rerun
from jobs.documents.control import parse_note
from jobs.documents.foreign import parse_action
from jobs.documents.requests import parse_guarded_trigger
from jobs.errors import ConflictError, NotFoundError
from jobs.models import Job, Role, Run
from jobs.selectors.jobs import find_job, job_view, list_jobs
from jobs.selectors.runs import RunFilter, get_run, list_runs
from jobs.services import control, reruns
from jobs.services.as_seen import job_as_seen
from jobs.services.runs import trigger_run
from jobs.states import ACTIVE_RUN_STATES, Trigger


@described(post=on_foreign.ACT)
class JobActions(WorkspaceView):
    """``jobs/{key}/actions/``, of Fusion."""

    roles = {"POST": Role.OPERATOR}
    largest_body_bytes = SMALL_BODY_BYTES

    def post(self, request: Request, workspace: str, key: str) -> Response:
        """Start a run of a job that has none under way, or end those that are; ``accepted`` says whether that was to be done."""
        asked = parse_action(request.data)
        job = find_job(workspace=self.workspace, key=key)
        with as_named(request, job), transaction.atomic():  # Two starts at once see each other.
            Job.objects.select_for_update(no_key=True).only("pk").filter(pk=job.pk).first()
            active = Run.objects.filter(job=job, ended_at=None, state__in=list(ACTIVE_RUN_STATES))
            ids = list(active.order_by("pk").values_list("pk", flat=True)[:MOST_RUNS])
            accepted = (asked.action == "start") != bool(ids)
            if accepted and asked.action == "start":
                started = trigger_run(job=job, trigger=Trigger.API, actor=self.actor, comment=asked.comment)
                ids = [started.run_id]
        if accepted and asked.action == "abort":
            for run in Run.objects.filter(pk__in=ids).defer("snapshot"):
                control.terminate_run(run=run, actor=self.actor, note=asked.comment)
        told = {"resource": job.key, "action": asked.action, "comment": asked.comment, "accepted": accepted}
        return Response(told | {"runIds": [str(run_id) for run_id in ids]})


@described(get=on_foreign.HISTORY)
class JobHistory(WorkspaceView):
    """``jobs/{key}/history/``, of Fusion."""

    def get(self, request: Request, workspace: str, key: str) -> Response:
        """The newest ``limit`` runs of the job, the newest first: a list."""
        limit = Query(request, known=("limit",), paged=False).number("limit", least=1, most=MOST_RUNS) or 100
        return Response([fusion.history_entry(each) for each in _runs(self, key, limit)])


@described(get=on_foreign.RUNS)
class JobRuns(ReadingView):
    """``jobs/{key}/runs/``, of Intuned."""

    parameters = ("limit", "after")
    foreign = {"GET": RUN_SHAPES}

    def get(self, request: Request, workspace: str, key: str) -> Response:
        """A page of the job's runs, the newest first. There is no total: counting them would cost more than this."""
        limit = self.query.number("limit", least=1, most=MOST_RUNS) or 100
        found = list_runs(
            workspace=self.workspace,
            limit=limit + 1,
            after=self.query.number("after"),
            wanted=RunFilter(job_key=find_job(workspace=self.workspace, key=key).key),
        )
        answer = page(request, found, limit=limit, cursor=lambda view: view.run.pk, show=shapes.run_json)
        if "shape" in request.query_params:
            return answer
        runs = [intuned.job_run(each) for each in answer.data["results"]]
        return Response({"jobRuns": runs, "totalCount": None, "next": answer.data["next"]})


@described(get=on_foreign.RUN)
class JobRun(WorkspaceView):
    """``jobs/{key}/runs/{id}/``, of Intuned."""

    def get(self, request: Request, workspace: str, key: str, run_id: int) -> Response:
        """The run, and where its results are once it has ended."""
        Query(request, paged=False)
        view = get_run(workspace=self.workspace, run_id=run_id, with_snapshot=True)
        _refuse_other_job(view.run, key)
        told = {"jobRun": intuned.job_run(shapes.run_with_snapshot(view))}
        if view.run.ended_at is not None:
            address = request.build_absolute_uri(f"/api/v1/workspaces/{workspace}/runs/{run_id}/results/")
            told["results"] = {"url": address, "format": "jsonl"}
        return Response(told)


@described(post=on_foreign.TERMINATE_RUN)
class JobRunTermination(WorkspaceView):
    """``jobs/{key}/runs/{id}/terminate/``, of Intuned."""

    roles = {"POST": Role.OPERATOR}
    largest_body_bytes = SMALL_BODY_BYTES

    def post(self, request: Request, workspace: str, key: str, run_id: int) -> Response:
        """End the run early; one that has ended stays as it is."""
        note, run = parse_note(request.data).note, get_run(workspace=self.workspace, run_id=run_id).run
        _refuse_other_job(run, key)
        changed = control.terminate_run(run=run, actor=self.actor, note=note)
        return Response(intuned.terminated({"changed": changed}))


@described(post=on_foreign.RUN_NOW)
class JobRunNow(StartsARun):
    """``jobs/{key}/run-now/``, of ATLAS."""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str, key: str) -> Response:
        """Start a run of the job; its schedules are not disturbed. 409 when the job is no active one."""
        asked, job = parse_guarded_trigger(request.data), find_job(workspace=self.workspace, key=key)
        with (
            as_named(request, job),
            job_as_seen(job_id=job.pk, key=job.key, expected_updated_at=asked.expected_updated_at),
        ):
            started = trigger_run(
                job=job,
                trigger=Trigger.API,
                actor=self.actor,
                comment=asked.comment,
                parameters=asked.parameters,
                idempotency_key=asked.idempotency_key,
            )
        code = status.HTTP_202_ACCEPTED if started.created else status.HTTP_200_OK
        return run_response(self, request, started.run_id, code)


@described(post=on_foreign.SCHEDULE_RUN_NOW)
class JobScheduleRunNow(JobRunNow):
    """``jobs/{key}/schedule/run-now/``, of ATLAS."""


@described(post=on_foreign.RUN_JOB)
class RunJob(JobRunNow):
    """``jobs/{key}/run/``, of DataMaker."""


@described(post=on_foreign.RERUN)
class JobRerun(StartsARun):
    """``jobs/{key}/rerun/``, of ATLAS."""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str, key: str) -> Response:
        """Execute the job's newest run again; 409 when it has none, or when that has not ended."""
        asked, job = parse_rerun(request.data), find_job(workspace=self.workspace, key=key)
        newest = Run.objects.filter(job=job).exclude(trigger=Trigger.REPLAY).order_by("-pk").defer("snapshot").first()
        if newest is None:
            raise ConflictError(f"{job.key} has no run that could be rerun: trigger it")
        with as_named(request, job):
            made = reruns.rerun(
                run=newest,
                actor=self.actor,
                which=asked.which,
                definition=asked.definition,
                parameters=asked.parameters,
                comment=asked.comment,
                expected_updated_at=asked.expected_updated_at,
            )
        return run_response(self, request, made, status.HTTP_202_ACCEPTED)


@described(post=on_foreign.PAUSE)
class JobSchedulePause(JobControl):
    """``jobs/{key}/schedule/pause/``, of ATLAS: the job with all of its schedules."""

    def post(self, request: Request, workspace: str, key: str) -> Response:
        """Hold the job and its runs."""
        return self.hold(request, key, paused=True)


@described(post=on_foreign.RESUME)
class JobScheduleResume(JobControl):
    """``jobs/{key}/schedule/resume/``, of ATLAS."""

    def post(self, request: Request, workspace: str, key: str) -> Response:
        """Let the job go on."""
        return self.hold(request, key, paused=False)


@described(get=on_foreign.NEXT_RUN)
class JobNextRun(WorkspaceView):
    """``jobs/{key}/next-run/``, of DataMaker."""

    def get(self, request: Request, workspace: str, key: str) -> Response:
        """When the job runs next by its schedules, and in how many seconds; null when it owes nothing."""
        Query(request, paged=False)
        told = shapes.job_summary(job_view(find_job(workspace=self.workspace, key=key)))
        at = told["next_run_at"]
        seconds = None if at is None else max(round((at - timezone.now()).total_seconds()), 0)
        return Response({"next_run_at": at, "seconds": seconds})


@described(get=on_foreign.SUMMARY)
class Summary(WorkspaceView):
    """``jobs/summary/``, of DataMaker."""

    def get(self, request: Request, workspace: str) -> Response:
        """Each job's last status, last start and next run: the first ``limit`` jobs by key."""
        limit = Query(request, known=("limit",), paged=False).number("limit", least=1, most=MOST_RUNS) or MOST_RUNS
        jobs = list_jobs(workspace=self.workspace, limit=limit)
        return Response([datamaker.summary(shapes.job_summary(view)) for view in jobs])


def _runs(view: WorkspaceView, key: str, limit: int) -> list[dict[str, Any]]:
    job = find_job(workspace=view.workspace, key=key)
    found = list_runs(workspace=view.workspace, limit=limit, wanted=RunFilter(job_key=job.key))
    return [shapes.run_json(each) for each in found]


def _refuse_other_job(run: Run, key: str) -> None:
    if run.job_key != key:
        raise NotFoundError(f"{key} has no run {run.pk}")
