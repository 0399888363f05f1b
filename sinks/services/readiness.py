"""What a job's sinks lack before it can become active."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.errors import FieldError
from jobs.models import Secret
from sinks import registry
from sinks.documents import SinkEntry, read_entry
from sinks.models import Sink


def missing(workspace_id: int, entries: list[dict[str, Any]]) -> list[FieldError]:
    """The secrets that a job's sinks name and the workspace does not have: each once, at the first entry that names it."""
    named: dict[str, int] = {}
    for place, data in enumerate(entries):
        for name in _secrets(workspace_id, read_entry(data)):
            named.setdefault(name, place)
    if not named:
        return []
    present = set(Secret.objects.filter(workspace=workspace_id, name__in=named).values_list("name", flat=True))
    return [
        FieldError(f"sinks.{place}", f"names the secret {name!r}, which the workspace does not have: set it first")
        for name, place in named.items()
        if name not in present
    ]


def _secrets(workspace_id: int, entry: SinkEntry) -> list[str]:
    kind_name, configuration = _meant(workspace_id, entry)
    kind = registry.get(kind_name)
    return list(kind.secrets(configuration)) if kind else []


def _meant(workspace_id: int, entry: SinkEntry) -> tuple[str, Mapping[str, Any]]:
    if entry.sink is None:
        return entry.kind or "", entry.configuration or {}
    found = Sink.objects.filter(workspace=workspace_id, job__isnull=True, name=entry.sink).first()
    return (found.kind, found.configuration) if found else ("", {})
