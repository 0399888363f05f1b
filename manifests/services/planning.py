"""Comparing what files say with what a workspace has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from jobs.models import Origin, Workspace
from jobs.selectors.origins import origins_of, schedule_name
from manifests.differences import ABSENT, Change, changes
from manifests.documents import KINDS, Wanted, with_schedules
from manifests.objects import BY_KIND, Present
from manifests.objects.jobs import in_order
from manifests.plans import Plan, Step
from manifests.problems import ManifestsRefusedError, Problem

Origins = Mapping[tuple[str, str], Origin]
Presents = Mapping[tuple[str, str], Present]


def draw(*, workspace: Workspace, wanted: Sequence[Wanted], source: str | None, prune: bool, lock: bool) -> Plan:
    """What applying these objects would do, as far as it can be seen without trying.

    Args:
        workspace: Theirs.
        wanted: What the files say.
        source: The set of files; None when the objects are not to be kept in files.
        prune: Delete what came from the source and is not wanted any more.
        lock: Nobody else changes those objects until the transaction ends.

    Raises:
        ManifestsRefusedError: Objects are kept in another source.
    """
    origins = origins_of(workspace=workspace)
    present = _present(workspace, wanted, origins if prune else {}, source, lock)
    complete = [_with_kept_schedules(each, present, origins) for each in wanted]
    saves = [_save(each, present.get((each.kind, each.name)), source, origins) for each in _in_order(complete)]
    problems = [*_foreign(wanted, saves, source, origins)]
    if problems:
        raise ManifestsRefusedError(problems)
    deletes = _deletes(complete, present, origins, source) if prune else []
    return Plan(workspace.slug, source, prune, [*saves, *deletes])


def _present(
    workspace: Workspace, wanted: Iterable[Wanted], origins: Origins, source: str | None, lock: bool
) -> dict[tuple[str, str], Present]:
    """What there is of what is wanted and of what came from the source, kind by kind: the order in which they are locked."""
    names: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for each in wanted:
        names[each.kind].add(each.name)
    for (kind, name), origin in origins.items():
        if origin.source == source:
            names[kind].add(name)
    return {
        (kind, name): found
        for kind in ("concurrency_group", "job", "schedule", "sink", "notice_rule")
        for name, found in BY_KIND[kind].present(workspace=workspace, names=names[kind], lock=lock).items()
    }


def _foreign(
    wanted: Iterable[Wanted], saves: Iterable[Step], source: str | None, origins: Origins
) -> Iterator[Problem]:
    """What another source keeps. It may be said here as well only where nothing is to be kept and nothing would change."""
    unchanged = {(step.kind, step.name) for step in saves if step.action == "unchanged" and source is None}
    for each in wanted:
        if (each.kind, each.name) in unchanged:
            continue
        for kind, name in _kept_as(each):
            origin = origins.get((kind, name))
            if origin is not None and origin.source != source:
                message = (
                    f"the {kind} {name} is kept in {origin.path} of the source {origin.source!r}: apply it from there,"
                    " give these files that source, or release it first"
                )
                yield Problem(message, each.place, about=each.about)


def _kept_as(wanted: Wanted) -> list[tuple[str, str]]:
    """Under which kinds and names an origin would be about this object, or about a part of it."""
    own = [(wanted.kind, wanted.name)]
    if wanted.kind != "job":
        return own
    return own + [("schedule", schedule_name(wanted.name, name)) for name in _names(wanted.document["schedules"])]


def _with_kept_schedules(wanted: Wanted, present: Presents, origins: Origins) -> Wanted:
    """A job keeps its schedules that came alone from a file: what is said of the job says nothing of them."""
    job = present.get((wanted.kind, wanted.name))
    if wanted.kind != "job" or job is None:
        return wanted
    said = set(_names(wanted.document["schedules"]))
    kept = [
        entry
        for entry in job.document["schedules"]
        if entry.get("name", "default") not in said
        and ("schedule", schedule_name(wanted.name, entry.get("name", "default"))) in origins
    ]
    return with_schedules(wanted, [*wanted.document["schedules"], *kept]) if kept else wanted


def _in_order(wanted: Sequence[Wanted]) -> list[Wanted]:
    """By kind, each after what it needs."""
    by_kind = {kind: [each for each in wanted if each.kind == kind] for kind in KINDS}
    by_kind["job"] = in_order(by_kind["job"])
    return [each for kind in KINDS for each in by_kind[kind]]


def _save(wanted: Wanted, present: Present | None, source: str | None, origins: Origins) -> Step:
    claimed = source is not None and (wanted.kind, wanted.name) not in origins
    claim = [Change("source", ABSENT, source)] if claimed else []
    if present is None:
        return Step(wanted.kind, wanted.name, "create", claim, wanted)
    found = changes(before=present.document, after=wanted.document)
    if not found and not claim:
        return Step(wanted.kind, wanted.name, "unchanged", (), wanted, writes=False)
    return Step(wanted.kind, wanted.name, "change", [*found, *claim], wanted, present.version, writes=bool(found))


def _deletes(wanted: Iterable[Wanted], present: Presents, origins: Origins, source: str | None) -> list[Step]:
    """What came from the source and is wanted neither by itself nor as a part of something else; each before what it needs."""
    still = {key for each in wanted for key in _kept_as(each)}
    gone = [key for key, origin in origins.items() if origin.source == source and key not in still and key in present]
    jobs = {name for kind, name in gone if kind == "job"}
    alone = [key for key in gone if key[0] != "schedule" or key[1].partition("/")[0] not in jobs]
    ordered = sorted(alone, key=lambda key: (-KINDS.index(key[0]), key[1]))
    return [Step(kind, name, "delete", version=present[kind, name].version) for kind, name in ordered]


def _names(schedules: Collection[Mapping[str, Any]]) -> list[str]:
    return [str(each.get("name", "default")) for each in schedules]
