"""Reading which objects are kept in files."""

from __future__ import annotations

from jobs.models import Origin, Workspace
from jobs.selectors.ordering import Wanted, wanted_of


def origin_of(*, workspace_id: int, kind: str, name: str) -> Origin | None:
    """Where an object came from, in one query; None when it is kept in no file."""
    return Origin.objects.filter(workspace=workspace_id, kind=kind, name=name).first()


def origin_of_schedule(*, workspace_id: int, job_key: str, name: str) -> Origin | None:
    """Where a schedule came from, by itself or with its job; None when it is kept in no file. One query."""
    own = schedule_name(job_key, name)
    rows = Origin.objects.filter(workspace=workspace_id)
    mine = rows.filter(kind="schedule", name=own) | rows.filter(kind="job", name=job_key)
    return mine.order_by("-kind").first()


def schedules_from_files(*, workspace_id: int, job_key: str) -> dict[str, Origin]:
    """The origins, by name, of a job's schedules that came alone. One query."""
    prefix = schedule_name(job_key, "")
    rows = Origin.objects.filter(workspace=workspace_id, kind="schedule", name__startswith=prefix)
    return {row.name.removeprefix(prefix): row for row in rows}


def origins_of(*, workspace: Workspace) -> dict[tuple[str, str], Origin]:
    """All of a workspace, by kind and name."""
    return {(row.kind, row.name): row for row in Origin.objects.filter(workspace=workspace)}


def list_origins(*, workspace: Workspace, wanted: Wanted) -> list[Origin]:
    """A page of what is kept in files, in one query."""
    return list(wanted_of(Origin.objects.filter(workspace=workspace), wanted))


def schedule_name(job_key: str, name: str) -> str:
    """The name under which the origin of a schedule is kept."""
    return f"{job_key}/{name}"
