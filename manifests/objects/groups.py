"""Concurrency groups."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jobs.models import ConcurrencyGroup, Workspace
from jobs.services.groups import delete_group, save_group
from manifests.documents import Wanted, digest
from manifests.objects.base import Present


class Groups:
    """See `manifests.objects.base.Objects`."""

    def present(self, *, workspace: Workspace, names: Collection[str], lock: bool) -> dict[str, Present]:
        """They count no versions: what they say stands for it."""
        rows = ConcurrencyGroup.objects.filter(workspace=workspace, name__in=names).order_by("pk")
        found = {row.name: _document(row) for row in (rows.select_for_update(no_key=True) if lock else rows)}
        return {name: Present(document, digest(document)) for name, document in found.items()}

    def everything(self, *, workspace: Workspace) -> dict[str, dict[str, Any]]:
        """By name."""
        rows = ConcurrencyGroup.objects.filter(workspace=workspace).order_by("name")
        return {row.name: _document(row) for row in rows}

    def save(self, *, workspace: Workspace, wanted: Wanted, actor: str) -> None:
        """Through the service that the API writes through."""
        save_group(workspace=workspace, actor=actor, from_file=True, **wanted.document)

    def delete(self, *, workspace: Workspace, name: str, actor: str) -> None:
        """The same."""
        group = ConcurrencyGroup.objects.filter(workspace=workspace, name=name).first()
        if group is not None:
            delete_group(group=group, actor=actor, from_file=True)


def _document(group: ConcurrencyGroup) -> dict[str, Any]:
    return {"name": group.name, "limit": group.limit, "rate": group.rate}
