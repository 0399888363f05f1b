"""The register of worker processes: who says that they are there, and who is to take nothing new."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

import structlog
from django.db import transaction

from jobs.models import WorkerProcess
from jobs.services import audit

KEEP = dt.timedelta(days=1)
"""A process that was not heard for so long is forgotten."""
_KNOWN_AT_START = ("kind", "node", "host", "pid", "pool", "slots", "queues", "version", "started_at")
_SAID_EACH_TIME = ("children", "memory_bytes", "heard_at")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """What a process says of itself; see `jobs.models.WorkerProcess`."""

    name: str
    kind: str
    node: str
    host: str
    pid: int
    pool: str
    slots: int
    queues: list[str]
    children: list[str]
    version: str
    memory_bytes: int | None
    started_at: dt.datetime


def announce(*, said: Said, now: dt.datetime) -> bool:
    """Note that a process is there. One that has the name of an earlier one begins anew, and drains nothing.

    Returns:
        Whether it is to take nothing new.
    """
    row = WorkerProcess.objects.filter(name=said.name, started_at=said.started_at)
    again = {"children": said.children, "memory_bytes": said.memory_bytes, "heard_at": now}
    if row.update(**again):
        return row.filter(draining_since__isnull=False).exists()
    WorkerProcess.objects.bulk_create(
        [WorkerProcess(**asdict(said), heard_at=now, draining_since=None, draining_by="")],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=[*_KNOWN_AT_START, *_SAID_EACH_TIME, "draining_since", "draining_by"],
    )
    return False


def say_farewell(*, name: str, started_at: dt.datetime) -> None:
    """A process ends in good order: it is no longer there. A later one of its name is left alone."""
    WorkerProcess.objects.filter(name=name, started_at=started_at).delete()


def forget_the_silent(*, now: dt.datetime) -> int:
    """Forget those that were not heard for `KEEP`; how many they were."""
    return WorkerProcess.objects.filter(heard_at__lt=now - KEEP).delete()[0]


def drain(*, process: WorkerProcess, actor: str, now: dt.datetime) -> bool:
    """Have a worker take nothing new: it ends the payloads at work, hands the rest back, and stays. It hears of it within seconds.

    Returns:
        False when it was draining already, or is gone; nothing is changed then.
    """
    return _change(process, "worker.drained", actor, draining_since=now, draining_by=actor[:200])


def resume(*, process: WorkerProcess, actor: str) -> bool:
    """Have a worker that drains take what comes again. False when it did not drain, or is gone."""
    return _change(process, "worker.resumed", actor, draining_since=None, draining_by="")


def _change(process: WorkerProcess, action: str, actor: str, **columns: object) -> bool:
    ends = columns["draining_since"] is None
    with transaction.atomic():
        found = WorkerProcess.objects.filter(pk=process.pk, kind="worker", draining_since__isnull=not ends)
        if not found.update(**columns):
            return False
        audit.record(
            workspace_id=None,
            action=action,
            target=f"worker {process.name}",
            before={"draining": ends},
            after={"draining": not ends},
            actor=actor,
        )
    log.info(action, worker=process.name, actor=actor)
    return True
