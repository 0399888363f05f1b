"""Adding payloads to a run."""

from __future__ import annotations

from typing import Any

from django.db import connection

from jobs.models import Run
from jobs.services import extending
from jobs.services.extending import Extension


def extend(run: Run, items: list[Any], *, parent: int | None = None, attempt: int | None = None) -> Extension:
    """Add payloads."""
    return extending.extend_run(run_id=run.pk, parent=parent, attempt=attempt, items=items, actor="ann")


def extend_in_thread(run: Run, items: list[Any]) -> Extension:
    """The same, and Django's connection of the thread goes back to its pool."""
    try:
        return extend(run, items)
    finally:
        connection.close()
