"""Worker processes and beats: who is there, what each holds of a workspace's runs, and who is to take nothing new."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import AccountView
from jobs.api.described import workers as on_workers
from jobs.api.described.operation import described
from jobs.api.described.worker_shapes import WorkerKind, WorkerState
from jobs.api.pages import page
from jobs.api.permissions import bound_to
from jobs.api.reading import ReadingView
from jobs.api.worker_shapes import lane_json, worker_json
from jobs.errors import ConflictError
from jobs.models import WorkerProcess
from jobs.selectors.fleet import find_process, get_process, lanes_of, list_processes
from jobs.services import fleet


@described(get=on_workers.LIST)
class WorkerList(ReadingView):
    """``workers/``"""

    parameters = ("search", "state", "kind", "queue")
    paged = True

    def get(self, request: Request, workspace: str) -> Response:
        """The processes by name."""
        query = self.query
        found = list_processes(
            workspace=self.workspace,
            now=timezone.now(),
            limit=query.limit + 1,
            after=query.text("after") or "",
            search=query.text("search") or "",
            state=query.word("state", WorkerState) or "",
            kind=query.word("kind", WorkerKind) or "",
            queue=query.text("queue") or "",
        )
        return page(request, found, limit=query.limit, cursor=lambda view: view.process.name, show=worker_json)


@described(get=on_workers.GET)
class WorkerDetail(ReadingView):
    """``workers/{id}/``"""

    def get(self, request: Request, workspace: str, worker_id: int) -> Response:
        """One of them, with its lanes that work at runs of the workspace."""
        now = timezone.now()
        view = get_process(workspace=self.workspace, process_id=worker_id, now=now)
        held = lanes_of(process=view.process, workspace=self.workspace, now=now)
        return Response(worker_json(view) | {"held": [lane_json(lane) for lane in held]})


class _WorkerControl(AccountView):
    """Something that is done to a worker, which serves all workspaces: no role in one of them suffices."""

    def worker(self, worker_id: int) -> WorkerProcess:
        """The worker, if the caller may do something to it. Raises PermissionDenied, NotFoundError, ConflictError."""
        if not self.user.is_superuser or bound_to(self.request) is not None:
            raise PermissionDenied("this takes a superuser, with a token that is not for one workspace")
        process = find_process(process_id=worker_id)
        if process.kind != "worker":
            raise ConflictError(f"{process.node} is a beat: it takes no work")
        return process


@described(post=on_workers.DRAIN)
class WorkerDrain(_WorkerControl):
    """``workers/{id}/drain/``"""

    def post(self, request: Request, worker_id: int) -> Response:
        """Have it take nothing new."""
        process = self.worker(worker_id)
        return _told(process, changed=fleet.drain(process=process, actor=self.actor, now=timezone.now()))


@described(post=on_workers.RESUME)
class WorkerResume(_WorkerControl):
    """``workers/{id}/resume/``"""

    def post(self, request: Request, worker_id: int) -> Response:
        """Have it go on."""
        process = self.worker(worker_id)
        return _told(process, changed=fleet.resume(process=process, actor=self.actor))


def _told(process: WorkerProcess, *, changed: bool) -> Response:
    """As it stands now: it may have ended meanwhile, or begun anew. Raises NotFoundError."""
    present = find_process(process_id=process.pk)
    draining = present.draining_since is not None
    return Response({"id": present.pk, "name": present.name, "draining": draining, "changed": changed})
