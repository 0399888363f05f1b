"""Planning by trying, and applying: all of it in one transaction, or nothing.

Who locks what, and in which order: the workspace's row (who waits for whom, and who applies), the lock of rules (nobody else saves
a rule or a job), then groups, jobs, sinks and rules, each by id. Whoever edits one object takes a part of these in the same order,
so nobody waits in a circle; two who apply wait for each other at the first, and the second finds what the first has done.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from django.db import transaction

from jobs.errors import ConflictError, JobsError, ValidationError
from jobs.models import Origin, Workspace
from jobs.selectors.origins import origins_of, schedule_name
from jobs.services import activation
from jobs.services.origins import forget
from manifests.documents import Wanted, digest
from manifests.objects import BY_KIND
from manifests.objects.jobs import awaited_by, rows
from manifests.plans import Plan, Step
from manifests.problems import ManifestsRefusedError, Problem, problems_of
from manifests.services.planning import draw
from sinks.models import Sink
from sinks.services import ruling

MAX_PATH = 1000

log = structlog.get_logger(__name__)


class PlanChangedError(ConflictError):
    """What would be done is not what was reviewed."""


def plan(*, workspace: Workspace, wanted: Sequence[Wanted], source: str | None, prune: bool, actor: str) -> Plan:
    """What applying would do; tried, and undone.

    Args:
        workspace: Theirs.
        wanted: What the files say.
        source: The set of files; None when the objects are not to be kept in files.
        prune: Delete what came from the source and is not wanted any more.
        actor: Who asks.

    Raises:
        ManifestsRefusedError: With everything that would keep it from being applied.
    """
    _refuse_unreachable(workspace, wanted)
    with transaction.atomic():
        drawn = _carried_out(workspace, wanted, source, prune, actor, expect=None)
        transaction.set_rollback(True)
    return drawn


def apply(
    *,
    workspace: Workspace,
    wanted: Sequence[Wanted],
    source: str | None,
    prune: bool,
    actor: str,
    expect: str | None = None,
) -> Plan:
    """Make the workspace what the files say. What it says already is left alone; runs and what they did are not touched.

    Args:
        workspace: Theirs.
        wanted: What the files say.
        source: The set of files; None when the objects are not to be kept in files.
        prune: Delete what came from the source and is not wanted any more.
        actor: Who does it.
        expect: The digest of the plan that was reviewed.

    Returns:
        The plan that was carried out.

    Raises:
        ManifestsRefusedError: With everything that keeps it from being applied; nothing was.
        PlanChangedError: It would do something else than was reviewed, or something else is there than was then.
    """
    _refuse_unreachable(workspace, wanted)
    with transaction.atomic():
        drawn = _carried_out(workspace, wanted, source, prune, actor, expect=expect)
        _keep_origins(workspace, drawn, actor)
        _forget_joined(workspace, wanted, source)
    log.info("manifests.applied", workspace=workspace.slug, source=source, actor=actor, **drawn.counts)
    return drawn


def _carried_out(
    workspace: Workspace, wanted: Sequence[Wanted], source: str | None, prune: bool, actor: str, *, expect: str | None
) -> Plan:
    _hold(workspace, wanted, source, prune)
    drawn = draw(workspace=workspace, wanted=wanted, source=source, prune=prune, lock=True)
    if expect is not None and drawn.digest != expect:
        raise PlanChangedError(
            f"this is not the plan that was reviewed: its digest is {drawn.digest}, and {expect} was expected;"
            " the files, or what they are about, changed meanwhile: look at a new plan"
        )
    problems = [problem for step in drawn.steps if step.writes for problem in _tried(workspace, step, actor)]
    if problems:
        raise ManifestsRefusedError(problems)
    return drawn


def _tried(workspace: Workspace, step: Step, actor: str) -> list[Problem]:
    """Each by itself, so that all that is wrong is told."""
    place, about = (step.wanted.place if step.wanted else None), f"{step.kind} {step.name}"
    objects = BY_KIND[step.kind]
    try:
        with transaction.atomic():
            if step.wanted is None:
                objects.delete(workspace=workspace, name=step.name, actor=actor)
            else:
                objects.save(workspace=workspace, wanted=step.wanted, actor=actor)
    except ValidationError as error:
        return problems_of(error, place=place, about=about)
    except JobsError as error:
        return [Problem(str(error), place, about=about)]
    return []


def _hold(workspace: Workspace, wanted: Sequence[Wanted], source: str | None, prune: bool) -> None:
    """Take the locks that come before those of single objects, and those of all jobs concerned at once."""
    Workspace.objects.select_for_update(no_key=True).only("pk").get(pk=workspace.pk)
    ruling.hold_all(workspace_id=workspace.pk)
    names = {each.name for each in wanted if each.kind == "concurrency_group"}
    BY_KIND["concurrency_group"].present(workspace=workspace, names=names, lock=True)
    keys = {each.name.partition("/")[0] for each in wanted if each.kind in ("job", "schedule")}
    keys |= {key for each in wanted if each.kind in ("job", "schedule") for key in awaited_by(each)}
    if prune:
        gone = Origin.objects.filter(workspace=workspace, source=source or "", kind__in=["job", "schedule"])
        keys |= {name.partition("/")[0] for name in gone.values_list("name", flat=True)}
    list(rows(workspace=workspace, keys=keys, lock=True, to_delete=prune).values_list("pk"))


def _keep_origins(workspace: Workspace, drawn: Plan, actor: str) -> None:
    """Write down what came from where; of what stands there already nothing is written."""
    known = origins_of(workspace=workspace)
    for step in drawn.steps:
        if step.wanted is None:
            forget(workspace_id=workspace.pk, kind=step.kind, name=step.name)
        elif drawn.source is not None:
            _keep(workspace, step.wanted, known.get((step.kind, step.name)), drawn.source, actor)


def _keep(workspace: Workspace, wanted: Wanted, known: Origin | None, source: str, actor: str) -> None:
    said = {"source": source, "path": wanted.place.file[:MAX_PATH], "digest": digest(wanted.document)}
    if known is not None and all(getattr(known, name) == value for name, value in said.items()):
        return
    if known is not None:
        known.delete()
    Origin.objects.create(workspace=workspace, kind=wanted.kind, name=wanted.name, applied_by=actor, **said)


def _forget_joined(workspace: Workspace, wanted: Sequence[Wanted], source: str | None) -> None:
    """Schedules that came alone from this source, and that their job's own file says now."""
    names = [
        schedule_name(job.name, each.get("name", "default"))
        for job in wanted
        if job.kind == "job"
        for each in job.document["schedules"]
    ]
    if source is not None and names:
        Origin.objects.filter(workspace=workspace, kind="schedule", name__in=names, source=source).delete()


def _refuse_unreachable(workspace: Workspace, wanted: Sequence[Wanted]) -> None:
    """New jobs that require sinks which answer: asked before anything is locked, since an answer takes its time."""
    made = {each.name for each in wanted if each.kind == "sink"}
    problems: list[Problem] = []
    for each in wanted:
        requires = each.job.configuration.requires if each.job else None
        if each.job is None or requires is None or not requires.sinks_reachable:
            continue
        if rows(workspace=workspace, keys=[each.name], lock=False).exists():
            continue
        new = made - _named(workspace, made)
        for at, sink in enumerate(each.job.sinks):
            if sink.get("sink") in new:
                message = "is new, and cannot be asked before it is there: apply the sink first, then the job that requires it"
                problems.append(Problem(message, each.place, f"sinks.{at}.sink", each.about))
        if not problems:
            found = activation.unreachable_sinks(workspace_id=workspace.pk, document=each.job)
            problems += [Problem(error.message, each.place, error.field, each.about) for error in found]
    if problems:
        raise ManifestsRefusedError(problems)


def _named(workspace: Workspace, names: set[str]) -> set[str]:
    rows_of_them = Sink.objects.filter(workspace=workspace, job__isnull=True, name__in=names)
    return set(rows_of_them.values_list("name", flat=True))
