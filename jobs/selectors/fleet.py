"""Reading the register of worker processes, and what each holds, as one workspace may see it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Case, Count, F, Min, Q, QuerySet, Sum, When
from django.db.models.functions import Greatest, Least

from jobs.errors import NotFoundError
from jobs.models import Lane, Payload, WorkerProcess, Workspace

SILENT_AFTER = dt.timedelta(seconds=15)
"""A process says every few seconds that it is there."""
ALIVE, SILENT, DRAINING = "alive", "silent", "draining"
STATES = (ALIVE, DRAINING, SILENT)
MOST_HELD = 1_000
"""So many runs, or lanes of one process, are looked at."""


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run of the workspace that a process works at.

    Args:
        payloads: At work in its lanes: of a strict lane one, of any other its range.
        since: When the lane took its range that has had it longest.
    """

    run_id: int
    job_key: str
    lanes: int
    payloads: int
    since: dt.datetime


@dataclass(slots=True)
class Holding:
    """What a process holds. Of other workspaces no more than how many lanes."""

    runs: list[HeldRun] = field(default_factory=list)
    lanes: int = 0
    elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A process as readers see it; ``state`` is one of `STATES`."""

    process: WorkerProcess
    state: str
    holding: Holding


@dataclass(frozen=True, slots=True)
class HeldLane:
    """A lane of a process: of which run, and the payload at work. ``name`` is that of the payload, empty where it has none."""

    lane: Lane
    position: int
    name: str

    @property
    def more(self) -> int:
        """How many payloads of its range come after that."""
        return max(self.lane.high - self.position - 1, 0)


def list_processes(
    *,
    workspace: Workspace,
    now: dt.datetime,
    limit: int,
    after: str = "",
    search: str = "",
    state: str = "",
    kind: str = "",
    queue: str = "",
) -> list[ProcessView]:
    """A page of the deployment's processes by name, in two queries.

    Args:
        workspace: As whose members may see what they hold.
        after: The name of the last one of the page before.
        search: A part of the name, of the host, or of what Celery calls it.
        state: One of `STATES`; what is none finds nothing.
        kind: ``worker`` or ``beat``.
        queue: Only those that take from it.
    """
    found = WorkerProcess.objects.filter(name__gt=after)
    if search:
        found = found.filter(Q(name__icontains=search) | Q(node__icontains=search) | Q(host__icontains=search))
    if kind:
        found = found.filter(kind=kind)
    if queue:
        found = found.filter(queues__contains=[queue])
    if state:
        found = _of_state(found, state, now)
    processes = list(found.order_by("name")[:limit])
    held = _holdings(processes, workspace, now)
    return [ProcessView(each, state_of(each, now=now), held[each.pk]) for each in processes]


def find_process(*, process_id: int) -> WorkerProcess:
    """One of them by itself. Raises NotFoundError."""
    process = WorkerProcess.objects.filter(pk=process_id).first()
    if process is None:
        raise NotFoundError(f"there is no worker {process_id}, or it has ended")
    return process


def get_process(*, workspace: Workspace, process_id: int, now: dt.datetime) -> ProcessView:
    """One of them, in two queries. Raises NotFoundError."""
    process = find_process(process_id=process_id)
    return ProcessView(process, state_of(process, now=now), _holdings([process], workspace, now)[process.pk])


def lanes_of(*, process: WorkerProcess, workspace: Workspace, now: dt.datetime) -> list[HeldLane]:
    """Its lanes that work at the workspace's runs, those that hold theirs longest first, `MOST_HELD` at most; in two queries."""
    lanes = list(
        _alive(_names(process), now)
        .filter(run__workspace=workspace)
        .select_related("run")
        .only(
            *("slot", "worker", "low", "high", "reached", "leased_at", "lease_expires_at", "progress"),
            *("run__job_key", "run__strict", "run__state"),
        )
        .order_by("leased_at", "pk")[:MOST_HELD]
    )
    names = _payload_names({(lane.run_id, max(lane.reached, lane.low)) for lane in lanes[:100]})
    return [
        HeldLane(lane, at, names.get((lane.run_id, at), "")) for lane in lanes for at in [max(lane.reached, lane.low)]
    ]


def state_of(process: WorkerProcess, *, now: dt.datetime) -> str:
    """Silence comes before what it was told to do. Pure."""
    if process.heard_at < now - SILENT_AFTER:
        return SILENT
    return DRAINING if process.draining_since else ALIVE


def _of_state(found: QuerySet[WorkerProcess], state: str, now: dt.datetime) -> QuerySet[WorkerProcess]:
    if state == SILENT:
        return found.filter(heard_at__lt=now - SILENT_AFTER)
    heard = found.filter(heard_at__gte=now - SILENT_AFTER)
    if state in (ALIVE, DRAINING):
        return heard.filter(draining_since__isnull=state == ALIVE)
    return found.none()


def _names(process: WorkerProcess) -> list[str]:
    """What its lanes are called: in a forked child, by that."""
    return [process.name, *process.children]


def _alive(names: Iterable[str], now: dt.datetime) -> QuerySet[Lane]:
    return Lane.objects.filter(worker__in=list(names), lease_expires_at__gt=now)


def _holdings(processes: Sequence[WorkerProcess], workspace: Workspace, now: dt.datetime) -> Mapping[int, Holding]:
    owner = {name: process.pk for process in processes for name in _names(process)}
    width = Greatest(F("high") - F("low"), 0)
    at_work = Case(When(run__strict=True, then=Least(width, 1)), default=width)
    rows = (
        _alive(owner, now)
        .values("worker", "run_id", "run__job_key", "run__workspace_id")
        .annotate(lanes=Count("pk"), payloads=Sum(at_work), since=Min("leased_at"))
    )
    held: dict[int, Holding] = defaultdict(Holding)
    for row in rows.order_by("since", "run_id")[:MOST_HELD]:
        holding = held[owner[row["worker"]]]
        if row["run__workspace_id"] != workspace.pk:
            holding.elsewhere += row["lanes"]
            continue
        holding.lanes += row["lanes"]
        run = HeldRun(row["run_id"], row["run__job_key"], row["lanes"], row["payloads"], row["since"])
        holding.runs.append(run)
    return held


def _payload_names(places: set[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """One look-up a place, by the payloads' key."""
    if not places:
        return {}
    wanted = Q()
    for run_id, position in places:
        wanted |= Q(run=run_id, position=position)
    rows = Payload.objects.filter(wanted).values_list("run_id", "position", "name")
    return {(run_id, position): name for run_id, position, name in rows}


def queues_without_worker(*, queues: Iterable[str], now: dt.datetime) -> list[str]:
    """Those of the queues from which nobody takes anything: no worker that was heard and does not drain, in one query."""
    heard = _of_state(WorkerProcess.objects.filter(kind="worker"), ALIVE, now)
    taken = {queue for served in heard.values_list("queues", flat=True) for queue in served}
    return [queue for queue in queues if queue not in taken]
