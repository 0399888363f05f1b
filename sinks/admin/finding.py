"""Finding deliveries in the admin, by what has an index: there may be millions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from jobs.admin.scope import WorkspaceFilter
from jobs.models import Workspace
from sinks import registry
from sinks.models import Delivery, Sink, Use
from sinks.selectors.deliveries import of_workspaces

_MOST = 2**63 - 1
HELP = "The number of a delivery (7 or dlv_7), a run or a sink; the name of a sink; or a job's key (task:report)"


def found(queryset: QuerySet[Delivery], term: str) -> QuerySet[Delivery]:
    """Those that a person may mean by what was typed; nothing typed, all."""
    term = term.strip()
    if not term:
        return queryset
    number = term.removeprefix("dlv_")
    if number.isdecimal() and int(number) <= _MOST:
        return queryset.filter(_numbered(int(number), is_id=number != term))
    return queryset.filter(_of_job(term) if ":" in term else Q(sink_id__in=Sink.objects.filter(name=term).values("pk")))


def _numbered(number: int, *, is_id: bool) -> Q:
    return Q(pk=number) if is_id else Q(pk=number) | Q(run_id=number) | Q(sink_id=number)


def _of_job(key: str) -> Q:
    """By the sinks that the job means now: by its runs alone all deliveries would be read."""
    type_name, _, name = key.partition(":")
    sinks = Use.objects.filter(job__type=type_name, job__name=name).values("sink_id")
    return Q(sink_id__in=sinks, handover__run__job_key=key)


class OfWorkspace(WorkspaceFilter):
    """By workspace; a delivery has its run's, or its own where it is of notices."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen one."""
        if not self.value():
            return queryset
        return queryset.filter(of_workspaces(Workspace.objects.filter(slug=self.value()).values_list("pk", flat=True)))


class KindFilter(admin.SimpleListFilter):
    """By the kind of their sink."""

    title = "kind of sink"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All that there are."""
        return [(name, name) for name in registry.names()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """Those whose sink is of the chosen one."""
        if not self.value():
            return queryset
        return queryset.filter(sink_id__in=Sink.objects.filter(kind=self.value()).values("pk"))
