"""Rules of whom to tell of what."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jobs.models import Workspace
from manifests.documents import Wanted
from manifests.objects.base import Present
from sinks.models import Rule
from sinks.services.ruling import delete_rule, save_rule


class Rules:
    """See `manifests.objects.base.Objects`."""

    def present(self, *, workspace: Workspace, names: Collection[str], lock: bool) -> dict[str, Present]:
        """By name."""
        rows = Rule.objects.filter(workspace=workspace, name__in=names).order_by("pk")
        found = rows.select_for_update(no_key=True) if lock else rows
        return {row.name: Present(row.document, str(row.version)) for row in found}

    def everything(self, *, workspace: Workspace) -> dict[str, dict[str, Any]]:
        """By name."""
        rows = Rule.objects.filter(workspace=workspace).order_by("name")
        return {row.name: dict(row.document) for row in rows}

    def save(self, *, workspace: Workspace, wanted: Wanted, actor: str) -> None:
        """Through the service that the API writes through."""
        save_rule(workspace=workspace, document=wanted.document, actor=actor, from_file=True)

    def delete(self, *, workspace: Workspace, name: str, actor: str) -> None:
        """The same."""
        rule = Rule.objects.filter(workspace=workspace, name=name).first()
        if rule is not None:
            delete_rule(rule=rule, actor=actor, from_file=True)
