"""Runs: list and read, with their payloads, logs and events."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import extensions
from jobs.api import nouns, shapes
from jobs.api.base import WorkspaceView
from jobs.api.described import runs as on_runs
from jobs.api.described.operation import described
from jobs.api.foreign import Mapper, atlas, datamaker, fusion, intuned
from jobs.api.live import topics
from jobs.api.live.views import poll_response, topic_of
from jobs.api.pages import MAX_POSITION, Query, page
from jobs.api.reading import ReadingView
from jobs.errors import FieldError, NotFoundError, ValidationError
from jobs.models import Run
from jobs.selectors.chain import chain
from jobs.selectors.comparing import compare, run_before
from jobs.selectors.ordering import Ordering
from jobs.selectors.payloads import BY_POSITION, get_payload, list_payloads
from jobs.selectors.results import find_result
from jobs.selectors.run_views import RunView
from jobs.selectors.runs import RunFilter, find_run, get_run, list_events, list_logs, list_runs
from jobs.states import PayloadState, RunState, Trigger

RUN_SHAPES: dict[str, Mapper] = {
    "fusion": fusion.history_entry,
    "intuned": intuned.job_run,
    "atlas": atlas.run,
    "datamaker": datamaker.execution,
}


@described(get=on_runs.LIST)
class RunList(ReadingView):
    """``runs/``"""

    parameters = ("job", "state", "active", "trigger", "actor", "origin", "since", "until", "order")
    paged = True
    shown = nouns.RUN
    includable = ("snapshot",)
    foreign = {"GET": RUN_SHAPES}

    def get(self, request: Request, workspace: str) -> Response:
        """The runs, the newest first; see `RunFilter` for what filters."""
        query, snapshot = self.query, "snapshot" in self.included
        wanted = RunFilter(
            job_key=query.text("job"),
            state=query.word("state", RunState),
            active=query.flag("active"),
            trigger=query.word("trigger", Trigger),
            actor=query.text("actor"),
            origin=query.number("origin"),
            since=query.instant("since"),
            until=query.instant("until"),
        )
        runs = list_runs(
            workspace=self.workspace,
            limit=query.limit + 1,
            after=query.number("after"),
            wanted=wanted,
            ordering=by_id(query, usual="-id"),
            with_snapshot=snapshot,
        )
        show = shapes.run_with_snapshot if snapshot else shapes.run_json
        return page(request, runs, limit=query.limit, cursor=lambda view: view.run.pk, show=show)


@described(get=on_runs.GET)
class RunDetail(ReadingView):
    """``runs/{id}/``"""

    shown = (*nouns.RUN, "deliveries")
    includable = ("snapshot",)
    foreign = {"GET": RUN_SHAPES}

    def get(self, request: Request, workspace: str, run_id: int) -> Response:
        """The run with its counts."""
        snapshot = "snapshot" in self.included
        found = get_run(workspace=self.workspace, run_id=run_id, with_snapshot=snapshot)
        return Response(_whole(found) | ({"snapshot": found.run.snapshot} if snapshot else {}))


class RunPart(WorkspaceView):
    """What lies under ``runs/{id}/``."""

    def run(self, run_id: int) -> Run:
        """The run of the address. Raises NotFoundError."""
        return find_run(workspace=self.workspace, run_id=run_id)


@described(get=on_runs.CHAIN)
class RunChain(RunPart):
    """``runs/{id}/chain/``"""

    def get(self, request: Request, workspace: str, run_id: int) -> Response:
        """What the run came from, and what came of it."""
        return Response(shapes.chain_json(chain(run=self.run(run_id))))


@described(get=on_runs.COMPARE)
class RunComparison(RunPart):
    """``runs/{id}/comparison/``"""

    def get(self, request: Request, workspace: str, run_id: int) -> Response:
        """The run beside another one, which ``with`` names; else beside the one before it."""
        run, other = self.run(run_id), Query(request, known=("with",), paged=False).number("with", least=1)
        if other == run.pk:
            raise ValidationError([FieldError("with", "expected another run than the one of the address")])
        before_id = other or run_before(run=run)
        found = None if before_id is None else compare(run=run, before_id=before_id)
        if found is None:
            raise NotFoundError(
                f"there is no run {other}" if other else f"no run of {run.job_key} ended before this one"
            )
        return Response(shapes.comparison_json(found))


class PayloadList(RunPart, ReadingView):
    """``runs/{id}/payloads/``"""

    parameters = ("state", "kind", "order")
    paged = True
    shown = nouns.PAYLOAD
    includable = ("failed_attempts",)

    def get(self, request: Request, workspace: str, run_id: int) -> Response:
        """The payloads by position; ``state`` and ``kind`` filter."""
        query, attempts = self.query, "failed_attempts" in self.included
        _, descending = query.order(("position",))
        payloads = list_payloads(
            run=self.run(run_id),
            limit=query.limit + 1,
            after=query.number("after", most=MAX_POSITION),
            state=query.word("state", PayloadState),
            kind=query.text("kind"),
            ordering=BY_POSITION._replace(descending=descending),
            with_attempts=attempts,
        )
        show = shapes.payload_detail if attempts else shapes.payload_json
        return page(
            request,
            payloads,
            limit=query.limit,
            cursor=lambda view: view.payload.position,
            show=show,
            until=payloads.until,
        )


@described(get=on_runs.GET_PAYLOAD)
class PayloadDetail(RunPart, ReadingView):
    """``runs/{id}/payloads/{position}/``"""

    shown = (*nouns.PAYLOAD, "failed_attempts")

    def get(self, request: Request, workspace: str, run_id: int, position: int) -> Response:
        """The payload with its failed attempts."""
        return Response(shapes.payload_detail(get_payload(run=self.run(run_id), position=position)))


@described(get=on_runs.GET_RESULT)
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


@described(get=on_runs.LIST_LOGS)
class LogList(RunPart, ReadingView):
    """``runs/{id}/logs/``"""

    parameters = ("position", "level", "order")
    paged = True
    shown = nouns.LOG_LINE

    def get(self, request: Request, workspace: str, run_id: int) -> Response:
        """The log lines, the oldest first; ``position`` keeps those of one payload, ``level`` those of one level."""
        query = self.query
        lines = list_logs(
            run=self.run(run_id),
            limit=query.limit + 1,
            after=query.number("after"),
            position=query.number("position", most=MAX_POSITION),
            level=query.text("level"),
            ordering=by_id(query, usual="id"),
        )
        return page(
            request, lines, limit=query.limit, cursor=lambda line: line.pk, show=shapes.log_json, until=lines.until
        )


@described(get=on_runs.LIST_EVENTS)
class EventList(RunPart, ReadingView):
    """``runs/{id}/events/``"""

    parameters = ("kind", "order", "wait")
    paged = True
    shown = nouns.EVENT

    def get(self, request: Request, workspace: str, run_id: int) -> HttpResponseBase:
        """The run's event log, the oldest first; ``kind`` keeps those of one kind. With ``wait`` a long poll."""
        query, run = self.query, self.run(run_id)
        if query.text("wait") is not None:
            return poll_response(request, query, topic_of(self, topics.Scope.RUN, run.pk))
        events = list_events(
            run=run,
            limit=query.limit + 1,
            after=query.number("after"),
            kind=query.text("kind"),
            ordering=by_id(query, usual="id"),
        )
        return page(request, events, limit=query.limit, cursor=lambda event: event.pk, show=shapes.event_json)


def by_id(query: Query, *, usual: str) -> Ordering:
    """By id, as the query says or else as usual: ``id`` or ``-id``. Raises ValidationError."""
    _, descending = query.order((usual,))
    return Ordering(("pk",), descending)


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
