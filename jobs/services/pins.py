"""Keeping runs: what is pinned, no cleanup erases."""

from __future__ import annotations

import structlog
from django.db import connection, transaction

from jobs.errors import NotFoundError
from jobs.models import Event, Pin, Run

log = structlog.get_logger(__name__)


def pin_run(*, run: Run, actor: str, note: str = "") -> bool:
    """Keep a run, with all that belongs to it, until it is unpinned.

    Args:
        run: Which; it need not have ended.
        actor: Who does it.
        note: Why.

    Returns:
        False when it was pinned already: who did and why stays.

    Raises:
        NotFoundError: The run was erased meanwhile.
    """
    with transaction.atomic():
        hold_run(run_id=run.pk)
        _, changed = Pin.objects.get_or_create(run_id=run.pk, defaults={"actor": actor, "note": note})
        if changed:
            _record(run, "run.pinned", actor, note)
    return changed


def unpin_run(*, run: Run, actor: str, note: str = "") -> bool:
    """Let a run grow old like any other; False when it was not pinned.

    Raises:
        NotFoundError: The run was erased meanwhile.
    """
    with transaction.atomic():
        hold_run(run_id=run.pk)
        changed = bool(Pin.objects.filter(run_id=run.pk).delete()[0])
        if changed:
            _record(run, "run.unpinned", actor, note)
    return changed


def hold_run(*, run_id: int) -> None:
    """Keep a run from being erased until the transaction ends. FOR KEY SHARE: who works it is not kept waiting.

    Raises:
        NotFoundError: There is no such run any more.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM jobs_run WHERE id = %s FOR KEY SHARE", (run_id,))
        if cursor.rowcount == 0:
            raise NotFoundError(f"run {run_id} was deleted")


def _record(run: Run, kind: str, actor: str, note: str) -> None:
    data = {"note": note}
    Event.objects.create(workspace_id=run.workspace_id, job_id=run.job_id, run=run, kind=kind, actor=actor, data=data)
    log.info(kind, run=run.pk, job=run.job_key, actor=actor)
