"""Named sinks of a workspace. A job's own are a part of the job."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jobs.models import Workspace
from manifests.documents import Wanted
from manifests.objects.base import Present
from sinks.models import Sink
from sinks.services.naming import delete_sink, save_sink


class Sinks:
    """See `manifests.objects.base.Objects`."""

    def present(self, *, workspace: Workspace, names: Collection[str], lock: bool) -> dict[str, Present]:
        """By name."""
        rows = Sink.objects.filter(workspace=workspace, job__isnull=True, name__in=names).order_by("pk")
        found = rows.select_for_update(no_key=True) if lock else rows
        return {row.name: Present(_document(row), str(row.version)) for row in found}

    def everything(self, *, workspace: Workspace) -> dict[str, dict[str, Any]]:
        """By name."""
        rows = Sink.objects.filter(workspace=workspace, job__isnull=True).order_by("name")
        return {row.name: _document(row) for row in rows}

    def save(self, *, workspace: Workspace, wanted: Wanted, actor: str) -> None:
        """Through the service that the API writes through."""
        save_sink(workspace=workspace, document=wanted.document, actor=actor, from_file=True)

    def delete(self, *, workspace: Workspace, name: str, actor: str) -> None:
        """The same."""
        sink = Sink.objects.filter(workspace=workspace, job__isnull=True, name=name).first()
        if sink is not None:
            delete_sink(sink=sink, actor=actor, from_file=True)


def _document(sink: Sink) -> dict[str, Any]:
    return {
        "name": sink.name,
        "kind": sink.kind,
        "configuration": sink.configuration,
        "description": sink.description,
    }
