"""Starting Celery workers, for the subjects that are made of them."""

from __future__ import annotations

from celery import Celery

QUIET = ("--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat")
"""Options of a worker that has no need to talk to other workers."""


def answering(*, app: Celery, nodes: int) -> bool:
    """Whether that many workers answer a ping."""
    replies = app.control.broadcast("ping", reply=True, timeout=1.0, limit=nodes)
    return len(replies or []) >= nodes
