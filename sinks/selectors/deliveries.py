"""Reading deliveries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from jobs.errors import NotFoundError
from jobs.models import Run, Workspace
from jobs.selectors.ordering import Ordering, in_order
from sinks.models import Delivery, FailedDelivery, Sink
from sinks.selectors.counting import counted
from sinks.states import DeliveryState

NEWEST_FIRST = Ordering(("pk",), descending=True)
SHOWN = ("handover__run", "rule__sink")
"""What must be read with a delivery before its rule is asked for: that may be gone."""


def of_workspaces(ids: Iterable[int]) -> Q:
    """The deliveries of these workspaces: results by their runs, notices by themselves."""
    ids = list(ids)
    return Q(handover__run__workspace__in=ids) | Q(workspace_id__in=ids)


def list_deliveries(
    *,
    limit: int,
    run: Run | None = None,
    sink: Sink | None = None,
    state: DeliveryState | None = None,
    after: int | None = None,
    ordering: Ordering = NEWEST_FIRST,
) -> list[Delivery]:
    """A page of deliveries, in one query.

    Args:
        limit: The most to return.
        run: Of this run; this or ``sink`` must be given, for each has an index.
        sink: To this sink.
        state: Only those.
        after: The id of the last one of the page before; None for the first page.
        ordering: By id.
    """
    assert run is not None or sink is not None
    found = Delivery.objects.select_related(*SHOWN)
    for field, value in (
        ("run_id", run and run.pk),
        ("sink_id", sink and sink.pk),
        ("state", state),
    ):
        if value is not None:
            found = found.filter(**{field: value})
    return list(in_order(found, ordering, after=None if after is None else [after], limit=limit))


def get_delivery(*, workspace: Workspace, delivery_id: int) -> Delivery:
    """One delivery, in one query. Raises NotFoundError, also for another workspace's."""
    rows = Delivery.objects.select_related(*SHOWN).filter(of_workspaces([workspace.pk]), pk=delivery_id)
    found = rows.first()
    if found is None:
        raise NotFoundError(f"there is no delivery {delivery_id} in {workspace.slug}")
    return found


def sink_named(delivery: Delivery) -> str | None:
    """The name of its entry; of notices that of the sink, as far as it is known still."""
    if delivery.handover is not None:
        return delivery.handover.name
    return delivery.rule.sink.name if delivery.rule is not None and delivery.rule.sink_id == delivery.sink_id else None


def failed_attempts(*, delivery: Delivery) -> list[FailedDelivery]:
    """The attempts that failed or were lost, the first first, in one query."""
    return list(delivery.failures.order_by("number"))


def failed_attempts_of(*, deliveries: Iterable[Delivery]) -> dict[int, list[FailedDelivery]]:
    """The same of several, by delivery id, in one query."""
    found: dict[int, list[FailedDelivery]] = {delivery.pk: [] for delivery in deliveries}
    for failure in FailedDelivery.objects.filter(delivery__in=list(found)).order_by("delivery", "number"):
        found[failure.delivery_id].append(failure)
    return found


def of_run(run_id: int) -> dict[str, Any]:
    """What the answer about a run says of its deliveries, in one query: an object for each entry of its list of sinks."""
    rows = counted("run_counts", {"run_id": run_id})
    names = ("waiting", "due", "delivered", "dead")
    return {"deliveries": [{"sink": row.name} | {name: getattr(row, name) for name in names} for row in rows]}
