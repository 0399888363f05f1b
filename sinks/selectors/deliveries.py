"""Reading deliveries."""

from __future__ import annotations

from typing import Any

from jobs.errors import NotFoundError
from jobs.models import Run, Workspace
from sinks.models import Delivery, FailedDelivery, Sink
from sinks.selectors.counting import counted
from sinks.states import DeliveryState


def list_deliveries(
    *,
    limit: int,
    run: Run | None = None,
    sink: Sink | None = None,
    state: DeliveryState | None = None,
    before: int | None = None,
) -> list[Delivery]:
    """A page of deliveries, the newest first, in one query.

    Args:
        limit: The most to return.
        run: Of this run; this or ``sink`` must be given, for each has an index.
        sink: To this sink.
        state: Only those.
        before: The id of the last one of the page before; None for the first page.
    """
    assert run is not None or sink is not None
    found = Delivery.objects.select_related("handover__run")
    for field, value in (
        ("run_id", run and run.pk),
        ("sink_id", sink and sink.pk),
        ("state", state),
        ("pk__lt", before),
    ):
        if value is not None:
            found = found.filter(**{field: value})
    return list(found.order_by("-pk")[:limit])


def get_delivery(*, workspace: Workspace, delivery_id: int) -> Delivery:
    """One delivery, in one query. Raises NotFoundError, also for another workspace's."""
    rows = Delivery.objects.select_related("handover__run").filter(handover__run__workspace=workspace, pk=delivery_id)
    found = rows.first()
    if found is None:
        raise NotFoundError(f"there is no delivery {delivery_id} in {workspace.slug}")
    return found


def failed_attempts(*, delivery: Delivery) -> list[FailedDelivery]:
    """The attempts that failed or were lost, the first first, in one query."""
    return list(delivery.failures.order_by("number"))


def of_run(run_id: int) -> dict[str, Any]:
    """What the answer about a run says of its deliveries, in one query: an object for each entry of its list of sinks."""
    rows = counted("run_counts", {"run_id": run_id})
    names = ("waiting", "due", "delivered", "dead")
    return {"deliveries": [{"sink": row.name} | {name: getattr(row, name) for name in names} for row in rows]}
