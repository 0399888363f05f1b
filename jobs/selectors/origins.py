"""Reading which objects are kept in files."""

from __future__ import annotations

from collections.abc import Collection, Iterable

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


def kept_names(*, workspace_id: int, kind: str, names: Collection[str]) -> set[str]:
    """Which of these objects of a kind are kept in a file, by name. One query."""
    rows = Origin.objects.filter(workspace=workspace_id, kind=kind, name__in=list(names))
    return set(rows.values_list("name", flat=True))


def schedules_kept(*, workspace_id: int, places: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these schedules, each by its job's key and its name, are kept in a file, alone or with their job. One query."""
    own = {schedule_name(job_key, name) for job_key, name in places}
    rows = Origin.objects.filter(workspace=workspace_id)
    found = rows.filter(kind="schedule", name__in=own) | rows.filter(kind="job", name__in={key for key, _ in places})
    kept = set(found.values_list("kind", "name"))
    return {
        (job_key, name)
        for job_key, name in places
        if ("job", job_key) in kept or ("schedule", schedule_name(job_key, name)) in kept
    }


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


def names_from_files(*, workspace: Workspace, kind: str, names: Iterable[str]) -> set[str]:
    """Which of these objects of a kind are kept in files, in one query."""
    rows = Origin.objects.filter(workspace=workspace, kind=kind, name__in=list(names))
    return set(rows.values_list("name", flat=True))
