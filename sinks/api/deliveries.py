"""Deliveries: list, read with their attempts, deliver again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any

from django.urls import reverse
from pydantic import AwareDatetime, Field
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import WorkspaceView
from jobs.api.described.operation import described
from jobs.api.pages import MAX_ID, page
from jobs.api.reading import ReadingView
from jobs.api.runs import by_id
from jobs.documents.basis import Strict, validated
from jobs.errors import FieldError, ValidationError
from jobs.models import Role
from jobs.selectors.jobs import find_job
from jobs.selectors.runs import get_run
from sinks.api import shapes
from sinks.api.described import deliveries as on_deliveries
from sinks.documents import SinkName
from sinks.models import Delivery, FailedDelivery, Sink
from sinks.selectors.deliveries import failed_attempts, failed_attempts_of, get_delivery, list_deliveries
from sinks.selectors.sinks import find_sink, find_sink_of_job
from sinks.services.redelivering import Again, redeliver, redeliver_of_run, redeliver_of_sink, redeliver_one
from sinks.states import DeliveryState

MAX_DELIVERIES = 1000
DeliveryId = Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]


class RedeliveryRequest(Strict):
    """What to deliver again: these deliveries; or what was given up of a run, or of a sink, since a time.

    Args:
        deliveries: Their ids.
        run: A run's id.
        sink: The name of a sink of the workspace; with ``job``, of an entry of that job's sinks.
        job: A job's key.
        since: With ``run`` or ``sink``: what ended then or later; left out, all.
        delivered: With ``run`` or ``sink``: also what was delivered, for a receiver that has lost it.
    """

    deliveries: list[DeliveryId] | None = Field(default=None, min_length=1, max_length=MAX_DELIVERIES)
    run: int | None = Field(default=None, ge=1, le=MAX_ID, strict=True)
    sink: SinkName | None = None
    job: str | None = None
    since: AwareDatetime | None = None
    delivered: bool = Field(default=False, strict=True)


class DeliveryView(WorkspaceView):
    """What deliveries are asked for by: a run, or a sink."""

    def sink_named(self, name: str, job: str | None) -> Sink:
        """A sink of the workspace, or what a job's entry means. Raises NotFoundError."""
        if job is None:
            return find_sink(workspace=self.workspace, name=name)
        return find_sink_of_job(job=find_job(workspace=self.workspace, key=job), name=name)


@described(get=on_deliveries.LIST)
class DeliveryList(DeliveryView, ReadingView):
    """``deliveries/``"""

    parameters = ("run", "sink", "job", "state", "order")
    paged = True
    shown = shapes.DELIVERY
    includable = ("failed_attempts",)

    def get(self, request: Request, workspace: str) -> Response:
        """The deliveries of a run or to a sink, the newest first; ``state`` filters."""
        query = self.query
        run_id, name = query.number("run", least=1), query.text("sink")
        if run_id is None and name is None:
            raise ValidationError([FieldError("run", "name a run, or a sink: all deliveries at once are no list")])
        found = list_deliveries(
            limit=query.limit + 1,
            run=None if run_id is None else get_run(workspace=self.workspace, run_id=run_id).run,
            sink=None if name is None else self.sink_named(name, query.text("job")),
            state=query.word("state", DeliveryState),
            after=query.number("after"),
            ordering=by_id(query, usual="-id"),
        )
        failed = failed_attempts_of(deliveries=found) if self.included else None

        def show(delivery: Delivery) -> dict[str, Any]:
            answer = shapes.delivery_json(delivery)
            return answer if failed is None else answer | _attempts(failed[delivery.pk])

        return page(request, found, limit=query.limit, cursor=lambda each: each.pk, show=show)


@described(get=on_deliveries.GET)
class DeliveryDetail(ReadingView):
    """``deliveries/{id}/``"""

    shown = (*shapes.DELIVERY, "failed_attempts")

    def get(self, request: Request, workspace: str, delivery_id: int) -> Response:
        """The delivery with its attempts that failed, the first first."""
        return Response(_whole(self, delivery_id))


@described(post=on_deliveries.REDELIVER)
class Redelivery(WorkspaceView):
    """``deliveries/{id}/redeliver/``"""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str, delivery_id: int) -> Response:
        """Deliver it again under its id; ``changed`` is false when it is due anyway, or its sink is gone."""
        get_delivery(workspace=self.workspace, delivery_id=delivery_id)
        if not redeliver_one(workspace=self.workspace, delivery_id=delivery_id, actor=self.actor):
            return Response(_whole(self, delivery_id) | {"changed": False})
        return Response({"id": delivery_id, "changed": True}, status=status.HTTP_202_ACCEPTED)


@described(post=on_deliveries.REDELIVER_SOME)
class Redeliveries(DeliveryView):
    """``deliveries/redeliver/``"""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str) -> Response:
        """Deliver again what the body names: how many, and which were left as they are."""
        asked = validated(RedeliveryRequest, request.data, "expected an object with deliveries, run or sink")
        _refuse_ambiguous(asked)
        again = self._redeliver(asked)
        headers = {}
        if again.action is not None:
            address = reverse("bulk-action", args=[workspace, again.action.pk])
            headers["Location"] = request.build_absolute_uri(address)
        return Response(shapes.again_json(again), status=status.HTTP_202_ACCEPTED, headers=headers)

    def _redeliver(self, asked: RedeliveryRequest) -> Again:
        since: dt.datetime | None = asked.since
        if asked.deliveries is not None:
            return redeliver(workspace=self.workspace, delivery_ids=asked.deliveries, actor=self.actor)
        if asked.run is not None:
            run = get_run(workspace=self.workspace, run_id=asked.run).run
            return redeliver_of_run(run=run, actor=self.actor, since=since, delivered=asked.delivered)
        sink = self.sink_named(asked.sink or "", asked.job)
        return redeliver_of_sink(sink=sink, actor=self.actor, since=since, delivered=asked.delivered)


def _refuse_ambiguous(asked: RedeliveryRequest) -> None:
    given = [name for name in ("deliveries", "run", "sink") if getattr(asked, name) is not None]
    if len(given) != 1:
        raise ValidationError([FieldError("", "expected exactly one of deliveries, run and sink")])
    if asked.job is not None and asked.sink is None:
        raise ValidationError([FieldError("job", "it says whose sink is meant: name a sink, or leave it out")])
    if asked.since is not None and asked.deliveries is not None:
        raise ValidationError(
            [FieldError("since", "deliveries that are named are delivered again whenever they ended")]
        )
    if asked.delivered and asked.deliveries is not None:
        raise ValidationError([FieldError("delivered", "deliveries that are named are delivered again either way")])


def _whole(view: WorkspaceView, delivery_id: int) -> dict[str, Any]:
    delivery = get_delivery(workspace=view.workspace, delivery_id=delivery_id)
    return shapes.delivery_json(delivery) | _attempts(failed_attempts(delivery=delivery))


def _attempts(failed: Iterable[FailedDelivery]) -> dict[str, Any]:
    return {"failed_attempts": [shapes.attempt_json(each) for each in failed]}
