"""Actions on many jobs or runs."""

from __future__ import annotations

from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import shapes
from jobs.api.base import SMALL_BODY_BYTES, WorkspaceView
from jobs.api.described import bulk as on_bulk
from jobs.api.described.bulk_shapes import BulkActionSummary
from jobs.api.described.operation import described
from jobs.api.pages import page
from jobs.api.permissions import require
from jobs.api.reading import ReadingView
from jobs.api.runs import by_id
from jobs.documents.bulk import parse_bulk_on_jobs, parse_bulk_on_runs
from jobs.documents.control import parse_note
from jobs.models import BulkAction, Role
from jobs.selectors.bulk import get_action, list_actions
from jobs.services import bulk_each
from jobs.services.bulk import terminate_runs


@described(post=on_bulk.TERMINATE_RUNS)
class BulkTermination(WorkspaceView):
    """``runs/bulk-terminate/``"""

    roles = {"POST": Role.OPERATOR}
    largest_body_bytes = SMALL_BODY_BYTES

    def post(self, request: Request, workspace: str) -> Response:
        """Begin to terminate the runs of a list of ids or of a filter; those that begin after this call are not touched."""
        selection, note = _read(request.data)
        action = terminate_runs(workspace=self.workspace, selection=selection, actor=self.actor, note=note)
        return _accepted(self, action)


@described(post=on_bulk.ON_JOBS)
class BulkOnJobs(WorkspaceView):
    """``jobs/bulk/``"""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str) -> Response:
        """Begin to pause, resume, trigger, terminate or delete the jobs of a list of keys or of a filter; editors delete."""
        asked = parse_bulk_on_jobs(request.data)
        require(request, self.access, bulk_each.ROLES.get(asked.action, Role.OPERATOR))
        return _accepted(self, bulk_each.act_on_jobs(workspace=self.workspace, asked=asked, actor=self.actor))


@described(post=on_bulk.ON_RUNS)
class BulkOnRuns(WorkspaceView):
    """``runs/bulk/``"""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str) -> Response:
        """Begin to pause, resume or rerun the runs of a list of ids or of a filter."""
        asked = parse_bulk_on_runs(request.data)
        return _accepted(self, bulk_each.act_on_runs(workspace=self.workspace, asked=asked, actor=self.actor))


@described(get=on_bulk.LIST)
class BulkActionList(ReadingView):
    """``bulk-actions/``"""

    parameters = ("open", "action", "actor", "order")
    paged = True
    shown = tuple(BulkActionSummary.model_fields)

    def get(self, request: Request, workspace: str) -> Response:
        """The actions, the newest first; ``open`` keeps those that go on, or those that are over."""
        query = self.query
        actions = list_actions(
            workspace=self.workspace,
            limit=query.limit + 1,
            after=query.number("after"),
            is_open=query.flag("open"),
            action=query.text("action"),
            actor=query.text("actor"),
            ordering=by_id(query, usual="-id"),
        )
        return page(request, actions, limit=query.limit, cursor=lambda action: action.pk, show=shapes.bulk_summary_json)


@described(get=on_bulk.GET)
class BulkActionDetail(WorkspaceView):
    """``bulk-actions/{id}/``"""

    def get(self, request: Request, workspace: str, action_id: int) -> Response:
        """The action with its progress."""
        return Response(shapes.bulk_json(get_action(workspace=self.workspace, action_id=action_id)))


def _accepted(view: WorkspaceView, action: BulkAction) -> Response:
    location = view.request.build_absolute_uri(reverse("bulk-action", args=[view.workspace.slug, action.pk]))
    return Response(shapes.bulk_json(action), status=status.HTTP_202_ACCEPTED, headers={"Location": location})


def _read(data: object) -> tuple[object, str]:
    """The selection, which the service judges, and the note. Raises ValidationError on the note."""
    if not isinstance(data, dict):
        return data, ""
    selection = {name: value for name, value in data.items() if name != "note"}
    return selection, parse_note({"note": data["note"]} if "note" in data else {}).note
