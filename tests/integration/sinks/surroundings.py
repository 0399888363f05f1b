"""The surroundings that a sink has in a worker, with secrets of a workspace of its own."""

from __future__ import annotations

from jobs.models import Workspace
from jobs.services.secrets import set_secret
from workers.sink_surroundings import SinkSurroundings


def surroundings(**secrets: str) -> SinkSurroundings:
    """For a sink of a workspace that has these secrets."""
    workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
    for name, value in secrets.items():
        set_secret(workspace=workspace, name=name, value=value)
    return SinkSurroundings(workspace_id=workspace.pk, sink="a sink")
