"""What a schedule did and will do, and why."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import WorkspaceView
from jobs.api.described.operation import described
from jobs.api.pages import Query, page
from jobs.api.reading import ReadingView
from jobs.errors import FieldError, ValidationError
from jobs.models import Role
from jobs.selectors.jobs import find_job
from scheduler.api import answer_shapes, shapes
from scheduler.api.asking import document_of, instant, parse_simulation
from scheduler.api.described import schedules as on_schedules
from scheduler.api.described.shapes import Fire as FireShape
from scheduler.api.schedules import SchedulePart
from scheduler.selectors.edit_effects import simulate_edit
from scheduler.selectors.explanations import explain
from scheduler.selectors.firing import MOST_DAYS
from scheduler.selectors.previews import DEFAULT_COUNT, MOST, preview, preview_document
from scheduler.selectors.schedules import list_fires
from scheduler.selectors.simulations import DAYS, simulate
from scheduler.states import FireState, Reason


@described(get=on_schedules.LIST_FIRES)
class FireList(SchedulePart, ReadingView):
    """``jobs/{key}/schedules/{name}/fires/``"""

    parameters = ("state", "reason", "since", "until", "order")
    paged = True
    shown = tuple(FireShape.model_fields)

    def get(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """What was decided of each fire time, the latest first; ``state``, ``reason``, ``since`` and ``until`` filter."""
        query = self.query
        _, latest_first = query.order(("-fire_at",))
        fires = list_fires(
            schedule=self.schedule(key, name),
            limit=query.limit + 1,
            after=query.number("after"),
            state=query.word("state", FireState),
            reason=query.word("reason", Reason),
            since=instant(query, "since"),
            until=instant(query, "until"),
            latest_first=latest_first,
        )
        return page(request, fires, limit=query.limit, cursor=lambda fire: fire.pk, show=shapes.fire_json)


@described(get=on_schedules.PREVIEW)
class SchedulePreview(SchedulePart):
    """``jobs/{key}/schedules/{name}/preview/``"""

    def get(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """What the schedule will do: the next ``count`` fire times, from ``after`` on where that is later than now."""
        query = Query(request, known=("count", "after"), paged=False)
        after, now = instant(query, "after"), timezone.now()
        found = preview(schedule=self.schedule(key, name), now=max(after or now, now), count=_count(query))
        return Response(answer_shapes.preview_json(found))


@described(post=on_schedules.PREVIEW_DOCUMENT)
class DocumentPreview(WorkspaceView):
    """``schedules/preview/``"""

    roles = {"POST": Role.VIEWER}

    def post(self, request: Request, workspace: str) -> Response:
        """What a schedule of this document would do if it were saved now, or at ``after``. Nothing is saved."""
        query = Query(request, known=("count", "after"), paged=False)
        now = instant(query, "after") or timezone.now()
        found = preview_document(document=document_of(request.data), now=now, count=_count(query))
        return Response(answer_shapes.preview_json(found))


@described(get=on_schedules.EXPLAIN)
class ScheduleExplanation(SchedulePart):
    """``jobs/{key}/schedules/{name}/explain/``"""

    def get(self, request: Request, workspace: str, key: str, name: str) -> Response:
        """Why the schedule did or did not run ``at`` a time: an instant, or a wall time of its zone."""
        query = Query(request, known=("at",), paged=False)
        at = query.text("at")
        if at is None:
            raise ValidationError([FieldError("at", "this parameter is required: the time that you ask about")])
        found = explain(schedule=self.schedule(key, name), at=at, now=timezone.now())
        return Response(answer_shapes.explanation_json(found))


@described(get=on_schedules.SIMULATE, post=on_schedules.SIMULATE_EDIT)
class Simulation(WorkspaceView):
    """``schedules/simulate/``"""

    roles = {"POST": Role.VIEWER}

    def get(self, request: Request, workspace: str) -> Response:
        """What all schedules of the workspace will do in the next ``days``, hour by hour."""
        query = Query(request, known=("days",), paged=False)
        days = query.number("days", least=1, most=MOST_DAYS) or DAYS
        return Response(answer_shapes.load_json(simulate(workspace=self.workspace, now=timezone.now(), days=days)))

    def post(self, request: Request, workspace: str) -> Response:
        """What would change if ``schedules`` were those of ``job``. Nothing is saved."""
        asked = parse_simulation(request.data)
        job = find_job(workspace=self.workspace, key=asked.job)
        found = simulate_edit(job=job, schedules=asked.schedules, now=timezone.now(), days=asked.days)
        return Response(answer_shapes.effect_json(found))


def _count(query: Query) -> int:
    return query.number("count", least=1, most=MOST) or DEFAULT_COUNT
