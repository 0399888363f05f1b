"""Runs: list and read, with their payloads, logs and events."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import extensions
from jobs.api import shapes
from jobs.api.base import WorkspaceView
from jobs.api.pages import MAX_POSITION, Query, page
from jobs.models import Run
from jobs.selectors.chain import chain
from jobs.selectors.payloads import get_payload, list_payloads
from jobs.selectors.results import find_result
from jobs.selectors.runs import RunView, find_run, get_run, list_events, list_logs, list_runs
from jobs.states import PayloadState, RunState


class RunList(WorkspaceView):
    """``runs/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """The runs, the newest first; ``job`` and ``state`` filter."""
        query = Query(request, known=("job", "state"))
        runs = list_runs(
            workspace=self.workspace,
            limit=query.limit + 1,
            after=query.number("after"),
            job_key=query.text("job"),
            state=query.word("state", RunState),
        )
        return page(request, runs, limit=query.limit, cursor=lambda view: view.run.pk, show=shapes.run_json)


class RunDetail(WorkspaceView):
    """``runs/{id}/``"""

    def get(self, request: Request, workspace: str, run_id: int) -> Response:
        """The run with its counts."""
        return Response(_whole(get_run(workspace=self.workspace, run_id=run_id)))


class RunPart(WorkspaceView):
    """What lies under ``runs/{id}/``."""

    def run(self, run_id: int) -> Run:
        """The run of the address. Raises NotFoundError."""
        return find_run(workspace=self.workspace, run_id=run_id)


class RunChain(RunPart):
    """``runs/{id}/chain/``"""

    def get(self, request: Request, workspace: str, run_id: int) -> Response:
        """What the run came from, and what came of it."""
        return Response(shapes.chain_json(chain(run=self.run(run_id))))


class PayloadList(RunPart):
    """``runs/{id}/payloads/``"""

    def get(self, request: Request, workspace: str, run_id: int) -> Response:
        """The payloads by position; ``state`` filters."""
        query = Query(request, known=("state",))
        payloads = list_payloads(
            run=self.run(run_id),
            limit=query.limit + 1,
            after=query.number("after", most=MAX_POSITION),
            state=query.word("state", PayloadState),
        )
        return page(
            request, payloads, limit=query.limit, cursor=lambda view: view.payload.position, show=shapes.payload_json
        )


class PayloadDetail(RunPart):
    """``runs/{id}/payloads/{position}/``"""

    def get(self, request: Request, workspace: str, run_id: int, position: int) -> Response:
        """The payload with its failed attempts."""
        return Response(shapes.payload_detail(get_payload(run=self.run(run_id), position=position)))


class PayloadResult(RunPart):
    """``runs/{id}/payloads/{position}/result/``"""

    def get(self, request: Request, workspace: str, run_id: int, position: int) -> HttpResponseBase:
        """The whole result, as a download: a browser is not to run what is in it."""
        result = find_result(run=self.run(run_id), position=position)
        headers = {
            "Content-Disposition": f'attachment; filename="run-{run_id}-payload-{position}.json"',
            "Cache-Control": "private",
        }
        if result.sha256 is not None:
            headers |= {"ETag": f'"{result.sha256}"', "Content-Length": str(result.size_bytes)}
        return StreamingHttpResponse(result.pieces, content_type="application/json", headers=headers)


class LogList(RunPart):
    """``runs/{id}/logs/``"""

    def get(self, request: Request, workspace: str, run_id: int) -> Response:
        """The log lines, the oldest first; ``position`` keeps those of one payload."""
        query = Query(request, known=("position",))
        position = query.number("position", most=MAX_POSITION)
        lines = list_logs(run=self.run(run_id), limit=query.limit + 1, after=query.number("after"), position=position)
        return page(request, lines, limit=query.limit, cursor=lambda line: line.pk, show=shapes.log_json)


class EventList(RunPart):
    """``runs/{id}/events/``"""

    def get(self, request: Request, workspace: str, run_id: int) -> Response:
        """The run's event log, the oldest first."""
        query = Query(request)
        events = list_events(run=self.run(run_id), limit=query.limit + 1, after=query.number("after"))
        return page(request, events, limit=query.limit, cursor=lambda event: event.pk, show=shapes.event_json)


def run_response(view: WorkspaceView, request: Request, run_id: int, code: int) -> Response:
    """A run of the view's workspace as it stands now, with its address."""
    found = get_run(workspace=view.workspace, run_id=run_id)
    location = request.build_absolute_uri(reverse("run", args=[view.workspace.slug, run_id]))
    return Response(_whole(found), status=code, headers={"Location": location})


def _whole(view: RunView) -> dict[str, Any]:
    """A run with its counts, and what the apps above keep beside it once it has ended."""
    answer = shapes.run_json(view)
    if view.run.ended_at is not None:
        for extension in extensions.all_extensions():
            answer |= extension.of_run(view.run.pk)
    return answer
