"""Running fire times of the past: begin, list, read, cancel."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import WorkspaceView
from jobs.api.described.operation import described
from jobs.api.pages import page
from jobs.api.reading import ReadingView
from jobs.api.runs import by_id
from jobs.models import Role
from scheduler.api.answer_shapes import backfill_json, plan_json
from scheduler.api.described import backfills as on_backfills
from scheduler.api.described.shapes import Backfill
from scheduler.api.schedules import SchedulePart
from scheduler.models import Schedule
from scheduler.requests import parse_backfill, parse_cancellation
from scheduler.selectors.backfills import backfill_view, find_backfill, list_backfills, plan_backfill
from scheduler.services.backfills import cancel_backfill, create_backfill
from scheduler.states import BackfillState


class BackfillReading(ReadingView):
    """A page of backfills."""

    parameters = ("state", "order")
    paged = True
    shown = tuple(Backfill.model_fields)

    def page(self, request: Request, schedule: Schedule | None) -> Response:
        """The newest first; ``state`` filters."""
        query = self.query
        found = list_backfills(
            workspace=self.workspace,
            limit=query.limit + 1,
            after=query.number("after"),
            schedule=schedule,
            state=query.word("state", BackfillState),
            ordering=by_id(query, usual="-id"),
        )
        return page(request, found, limit=query.limit, cursor=lambda each: each.backfill.pk, show=backfill_json)


@described(get=on_backfills.LIST)
class BackfillList(BackfillReading):
    """``backfills/``"""

    def get(self, request: Request, workspace: str) -> Response:
        """The workspace's backfills, the newest first."""
        return self.page(request, None)


@described(get=on_backfills.LIST_OF_SCHEDULE, post=on_backfills.CREATE)
class ScheduleBackfills(SchedulePart, BackfillReading):
    """``jobs/{key}/schedules/{name}/backfills/``"""

    roles = {"POST": Role.OPERATOR}

    def get(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """The schedule's backfills, the newest first."""
        return self.page(request, self.schedule(key, name))

    def post(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Begin to run fire times of the past: 202; or with ``dry_run`` tell which they would be: 200. 409 when there are none."""
        asked, schedule = parse_backfill(request.data), self.schedule(key, name)
        wanted = {"start": asked.start, "end": asked.end, "which": asked.which}
        if asked.dry_run:
            return Response(plan_json(plan_backfill(schedule=schedule, now=timezone.now(), **wanted)))
        made = create_backfill(schedule=schedule, actor=self.actor, limit=asked.limit, note=asked.note, **wanted)
        location = request.build_absolute_uri(reverse("backfill", args=[workspace, made.pk]))
        answer = backfill_json(backfill_view(backfill=made))
        return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Location": location})


@described(get=on_backfills.GET)
class BackfillDetail(WorkspaceView):
    """``backfills/{id}/``"""

    def get(self, request: Request, workspace: str, backfill_id: int) -> Response:
        """The backfill, and how far it has come."""
        found = find_backfill(workspace=self.workspace, backfill_id=backfill_id)
        return Response(backfill_json(backfill_view(backfill=found)))


@described(post=on_backfills.CANCEL)
class BackfillCancellation(WorkspaceView):
    """``backfills/{id}/cancel/``"""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str, backfill_id: int) -> Response:
        """Start nothing more of it, and with ``terminate`` end its runs; ``changed`` is false when it was over already."""
        asked = parse_cancellation(request.data)
        found = find_backfill(workspace=self.workspace, backfill_id=backfill_id)
        changed = cancel_backfill(backfill=found, actor=self.actor, note=asked.note, terminate=asked.terminate)
        return Response(backfill_json(backfill_view(backfill=found)) | {"changed": changed})
