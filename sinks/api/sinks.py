"""Sinks: list, create, read, replace, delete, check, enable, copy."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.asking import AsksAWorker
from jobs.api.base import WorkspaceView
from jobs.api.described.operation import described
from jobs.api.origins import shown_origin
from jobs.api.pages import Query
from jobs.api.preconditions import expecting
from jobs.models import Role
from jobs.selectors.jobs import find_job
from sinks.api import lists, shapes
from sinks.api.described import sinks as on_sinks
from sinks.api.replacing import replacement
from sinks.documents import parse_sink
from sinks.models import Check, Sink
from sinks.selectors.sinks import (
    find_sink,
    find_sink_of_job,
    get_check,
    list_sinks,
    list_sinks_of_job,
    prefill,
    sink_view,
)
from sinks.services import checking
from sinks.services.naming import MUST_BE_NEW, delete_sink, enable_sink, save_sink


@described(get=on_sinks.LIST, post=on_sinks.CREATE)
class SinkList(WorkspaceView):
    """``sinks/``"""

    listing = lists.SINKS

    def get(self, request: Request, workspace: str) -> Response:
        """The workspace's named sinks by name."""
        asked = self.listing.asked(request)
        sinks = list_sinks(workspace=self.workspace, now=timezone.now(), wanted=asked.wanted)
        return asked.answer(sinks, show=shapes.sink_json, row=lambda view: view.sink)

    def post(self, request: Request, workspace: str) -> Response:
        """Create a sink; 409 when there is one of its name."""
        sink = save_sink(
            workspace=self.workspace, document=request.data, actor=self.actor, expected_version=MUST_BE_NEW
        )
        response = _shown(sink, status.HTTP_201_CREATED)
        response["Location"] = request.build_absolute_uri(reverse("sink", args=[workspace, sink.name]))
        return response


class SinkPart(WorkspaceView):
    """What lies under ``sinks/{name}/``."""

    def sink(self, name: str) -> Sink:
        """The sink of the address. Raises NotFoundError."""
        return find_sink(workspace=self.workspace, name=name)


@described(get=on_sinks.GET, put=on_sinks.REPLACE, delete=on_sinks.DELETE)
class SinkDetail(SinkPart):
    """``sinks/{name}/``"""

    def get(self, request: Request, workspace: str, name: str) -> Response:
        """The sink, and how it stands with it."""
        return _shown(self.sink(name))

    def put(self, request: Request, workspace: str, name: str) -> Response:
        """Replace a sink that there is, if it still has the version of If-Match (412) or of the body (409)."""
        sink = self.sink(name)
        document, version = replacement(request.data, what="sink", present=sink, read_only=shapes.READ_ONLY)
        with expecting(request, what=f"the sink {sink.name}", version=sink.version, written=version) as expected:
            saved = save_sink(workspace=self.workspace, document=document, actor=self.actor, expected_version=expected)
        return _shown(saved)

    def delete(self, request: Request, workspace: str, name: str) -> Response:
        """Delete a sink that no job uses; 409 with the jobs that do."""
        sink = self.sink(name)
        with expecting(request, what=f"the sink {sink.name}", version=sink.version) as expected:
            delete_sink(sink=sink, actor=self.actor, expected_version=expected)
        return Response(status=status.HTTP_204_NO_CONTENT)


@described(get=on_sinks.PREFILL)
class SinkPrefill(SinkPart):
    """``sinks/{name}/prefill/``"""

    def get(self, request: Request, workspace: str, name: str) -> Response:
        """An entry for a job's sinks that begins as a copy of this sink, and does not follow its changes."""
        return Response(prefill(sink=self.sink(name)))


@described(post=on_sinks.ENABLE)
class SinkEnabling(SinkPart):
    """``sinks/{name}/enable/``"""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str, name: str) -> Response:
        """Deliver again to a sink that is disabled or rests; ``changed`` is false when it was neither."""
        sink = self.sink(name)
        changed = enable_sink(sink=sink, actor=self.actor)
        return _shown(sink, changed=changed)


class Checking(AsksAWorker[Check]):
    """A view that has a worker test a connection."""

    roles = {"POST": Role.OPERATOR, "GET": Role.OPERATOR}
    found_at = "sink-check"

    def find(self, operation_id: int) -> Check:
        """One that is kept. Raises NotFoundError."""
        return get_check(workspace=self.workspace, check_id=operation_id, now=timezone.now())

    def wait_for(self, operation: Check, seconds: float) -> Check:
        """As it stands when it is over, or the time is."""
        return checking.wait(check=operation, seconds=seconds)

    def told(self, operation: Check, state: str) -> dict[str, Any]:
        """Its JSON."""
        return shapes.check_json(operation, state)

    def about(self, sink: Sink) -> Response:
        """The answer about a sink that is saved."""
        self.seconds()
        return self.answer(checking.ask_about(sink=sink, actor=self.actor, now=timezone.now()))


@described(post=on_sinks.CHECK)
class SinkCheck(Checking):
    """``sinks/{name}/check/``"""

    def post(self, request: Request, workspace: str, name: str) -> Response:
        """Whether the sink can be reached; nothing is delivered."""
        return self.about(find_sink(workspace=self.workspace, name=name))


@described(post=on_sinks.CHECK_UNSAVED)
class UnsavedCheck(Checking):
    """``check-sink/``"""

    roles = {"POST": Role.EDITOR}

    def post(self, request: Request, workspace: str) -> Response:
        """Whether a sink that is not saved could be reached; nothing is delivered. The body is a sink's, but needs no name."""
        self.seconds()
        body = request.data
        written = parse_sink({"name": "unsaved", **body} if isinstance(body, dict) else body)
        check = checking.ask(
            workspace_id=self.workspace.pk,
            name=written.name,
            kind=written.kind,
            configuration=written.configuration,
            actor=self.actor,
            now=timezone.now(),
        )
        return self.answer(check)


@described(get=on_sinks.GET_CHECK)
class CheckDetail(Checking):
    """``sink-checks/{id}/``"""

    def get(self, request: Request, workspace: str, check_id: int) -> Response:
        """What was asked, and the answer once there is one."""
        self.seconds()
        return self.answer(self.find(check_id))


@described(get=on_sinks.LIST_OF_JOB)
class JobSinks(WorkspaceView):
    """``jobs/{key}/sinks/``"""

    def get(self, request: Request, workspace: str, key: str) -> Response:
        """The sinks of a job by the names of its entries, named ones and its own, and how it stands with them."""
        Query(request)
        found = list_sinks_of_job(job=find_job(workspace=self.workspace, key=key), now=timezone.now())
        return Response({"results": [shapes.job_sink_json(name, view) for name, view in found], "next": None})


@described(post=on_sinks.ENABLE_OF_JOB)
class JobSinkEnabling(WorkspaceView):
    """``jobs/{key}/sinks/{name}/enable/``"""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Deliver again to a job's sink that is disabled or rests; ``changed`` is false when it was neither."""
        sink = find_sink_of_job(job=find_job(workspace=self.workspace, key=key), name=name)
        changed = enable_sink(sink=sink, actor=self.actor)
        view = sink_view(sink=sink, now=timezone.now())
        return Response(shapes.job_sink_json(name, view) | {"changed": changed})


@described(post=on_sinks.CHECK_OF_JOB)
class JobSinkCheck(Checking):
    """``jobs/{key}/sinks/{name}/check/``"""

    def post(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Whether a job's sink can be reached; nothing is delivered."""
        return self.about(find_sink_of_job(job=find_job(workspace=self.workspace, key=key), name=name))


def _shown(sink: Sink, code: int = status.HTTP_200_OK, **more: object) -> Response:
    """A sink as it stands now, with its entity tag."""
    view = sink_view(sink=sink, now=timezone.now())
    told = {"origin": shown_origin(sink.workspace_id, "sink", sink.name), **more}
    return Response(shapes.sink_json(view) | told, status=code, headers={"ETag": f'"{view.sink.version}"'})
