"""Acting upon many jobs or runs, one after the other, as an object whose progress can be watched.

Which they are is settled when it is asked for. Each is dealt with in a transaction of its own, which moves the action's cursor
behind it: a process that dies in the middle has done it and moved on, or neither, and the next sweep goes on from there.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now

from jobs.documents.bulk import MOST, BulkOnJobs, BulkOnRuns
from jobs.errors import ConflictError, FieldError, NotFoundError, ValidationError
from jobs.models import BulkAction, Event, Job, Role, Run, Workspace
from jobs.selectors.jobs import JobFilter, find_ids
from jobs.selectors.runs import RunFilter, find_run_ids
from jobs.services import control, job_states, reruns
from jobs.services.bulk import newest_run, terminate_runs
from jobs.services.bulk_batches import (
    DATABASE_ERRORS,
    OF_THE_SYSTEM,
    begin,
    is_away,
    keep_problem,
    open_actions,
    passes,
    refuse_rest,
    try_batch,
    wait_briefly_for_locks,
)
from jobs.services.jobs import delete_job
from jobs.services.lasting_rights import told_caller, why_not
from jobs.services.runs import trigger_run
from jobs.states import JobState, RunState, Trigger

ROLES = {"delete": Role.EDITOR}
"""Of what is done to jobs, what takes more than an operator."""
AT_ONCE = 50
"""Dealt with in one pass of the sweep, or in the call that asks."""
MOST_TRIES = 3
"""Of one target that others were in the way of: a deadlock, a lock that did not come."""

_NEXT_TARGETS = """
    SELECT jsonb_path_query_array(
        targets, '$[$from to $to]', jsonb_build_object('from', changed + unchanged, 'to', changed + unchanged + %(more)s)
    )
    FROM jobs_bulk_action WHERE id = %(action)s AND ended_at IS NULL
"""
"""Each that was dealt with has been counted as changed or unchanged: so many are behind the cursor."""

log = structlog.get_logger(__name__)


def act_on_jobs(*, workspace: Workspace, asked: BulkOnJobs, actor: str) -> BulkAction:
    """Begin to pause, resume or trigger jobs, to terminate their runs that go on, or to delete them.

    What the action takes beyond an operator, the caller has seen to: see `ROLES`.

    Returns:
        The action after its first `AT_ONCE`; the sweep does the rest.

    Raises:
        ValidationError: A key names no job; a word of the filter is none; or the filter names more than `MOST`.
    """
    selection: dict[str, Any]
    if asked.keys is not None:
        targets, selection = _jobs_of(workspace, asked.keys), {"keys": asked.keys}
    else:
        wanted = asked.filter.model_dump(exclude_none=True) if asked.filter else {}
        _refuse_word("filter.state", wanted.get("state"), JobState)
        targets, selection = (
            find_ids(workspace=workspace, wanted=JobFilter(**wanted), limit=MOST + 1),
            {"filter": wanted},
        )
    options: dict[str, Any] = {"parameters": asked.parameters} if asked.action == "trigger" else {}
    if asked.action == "terminate":
        options = {"upto": newest_run(workspace)}
    return _begin(workspace, f"{asked.action}-jobs", selection, targets, options, actor=actor, note=asked.note)


def act_on_runs(*, workspace: Workspace, asked: BulkOnRuns, actor: str) -> BulkAction:
    """Begin to pause, resume or rerun runs; ids of other workspaces are left out. Returns and raises what `act_on_jobs` does."""
    selection: dict[str, Any]
    if asked.ids is not None:
        ours = Run.objects.filter(workspace=workspace, pk__in=asked.ids)
        targets, selection = sorted(ours.values_list("pk", flat=True)), {"ids": asked.ids}
    else:
        told = asked.filter.model_dump(exclude_none=True) if asked.filter else {}
        _refuse_word("filter.state", told.get("state"), RunState)
        _refuse_word("filter.trigger", told.get("trigger"), Trigger)
        wanted = RunFilter(job_key=told.pop("job", None), **told)
        targets = find_run_ids(workspace=workspace, wanted=wanted, limit=MOST + 1)
        selection = {"filter": asked.filter.model_dump(mode="json", exclude_none=True) if asked.filter else {}}
    again = {"which": asked.which, "definition": asked.definition, "parameters": asked.parameters}
    options = again if asked.action == "rerun" else {}
    return _begin(workspace, f"{asked.action}-runs", selection, targets, options, actor=actor, note=asked.note)


def work_off() -> None:
    """Go on with each action that is not over; several processes share them."""
    for pk in open_actions(list(_ACTIONS)):
        try_batch(_work, action_id=pk)


def _begin(
    workspace: Workspace,
    action: str,
    selection: dict[str, Any],
    targets: Sequence[int],
    options: dict[str, Any],
    *,
    actor: str,
    note: str,
) -> BulkAction:
    if len(targets) > MOST:
        raise ValidationError([FieldError("filter", f"expected one that fits at most {MOST:,}: narrow it")])
    with transaction.atomic():
        made = BulkAction.objects.create(
            workspace=workspace,
            action=action,
            selection=selection,
            targets=list(targets),
            options=options,
            upto=targets[-1] if targets else 0,
            total=len(targets),
            note=note,
            actor=actor,
            caller=told_caller(),
        )
        data = {"action": made.pk, "selection": selection, "total": made.total, "note": note}
        Event.objects.create(workspace=workspace, kind=f"bulk.{action}"[:40], actor=actor, data=data)
    log.info("bulk.began", action=made.pk, what=action, workspace=workspace.slug, total=made.total, actor=actor)
    begin(_work, action=made)
    return made


def _work(pk: int) -> bool:
    """Up to `AT_ONCE` targets. What costs as much as all targets, to read them, is done once.

    Returns:
        False when another process is at the action, or it is over.
    """
    targets = _next_targets(pk)
    if not targets:
        return bool(BulkAction.objects.filter(pk=pk, ended_at=None).update(ended_at=Now()))
    if _is_refused(pk, targets):
        return True
    done = 0
    for target in targets[:AT_ONCE]:
        if not _work_one(pk, target, is_last=target == targets[-1]):
            break
        done += 1
    return done > 0


def _next_targets(pk: int) -> list[int]:
    """The next that are to be dealt with and one more, if there is one; the database cuts them out of all."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_TARGETS, {"action": pk, "more": AT_ONCE})
        row = cursor.fetchone()
    return [] if row is None else list(json.loads(row[0]))


def _is_refused(pk: int, targets: Sequence[int]) -> bool:
    """Whether who asked may not do this any more: then it ends here."""
    with transaction.atomic():
        action = _mine(pk)
        reason = why_not(action, now=dt.datetime.now(dt.UTC)) if action and targets else ""
        if action is not None and reason:
            refuse_rest(action, targets=[each for each in targets if each > action.cursor], why=reason)
        return bool(reason)


def _mine(pk: int) -> BulkAction | None:
    """The action, locked; None when it is over, or another process is at it."""
    rows = BulkAction.objects.select_for_update(skip_locked=True).defer("targets", "selection")
    return rows.filter(pk=pk, ended_at=None).first()


def _work_one(pk: int, target: int, *, is_last: bool) -> bool:
    """False when it is over, or another process is at it, or was since."""
    with transaction.atomic():
        wait_briefly_for_locks()
        action = _mine(pk)
        if action is None or action.cursor >= target:
            return False
        _deal_with(action, target)
        action.cursor = target
        action.ended_at = Now() if is_last else None
        action.save(update_fields=["cursor", "changed", "unchanged", "problems", "ended_at"])
        return True


def _deal_with(action: BulkAction, target: int) -> None:
    try:
        changed = _tried(action, target)
    except (ConflictError, NotFoundError, ValidationError) as error:
        changed = False
        keep_problem(action, target, str(error))
    except Exception as error:  # whoever stands behind it in the line waits for nothing that it did
        if is_away(error):
            raise
        log.exception("bulk.target_failed", action=action.pk, target=target)
        changed = False
        keep_problem(action, target, OF_THE_SYSTEM)
    action.changed += changed
    action.unchanged += not changed


def _tried(action: BulkAction, target: int) -> bool:
    """Do it, again where another try may go well. Raises what the last try does."""
    for _ in range(MOST_TRIES - 1):
        try:
            return _attempt(action, target)
        except DATABASE_ERRORS as error:
            if not passes(error):
                raise
            log.warning("bulk.target_in_the_way", action=action.pk, target=target, reason=str(error).strip())
    return _attempt(action, target)


def _attempt(action: BulkAction, target: int) -> bool:
    with transaction.atomic():
        return _ACTIONS[action.action](action, target)


def _hold(action: BulkAction, job: Job, paused: bool) -> bool:
    before = job.state
    return job_states.hold(job=job, paused=paused, actor=action.actor, note=action.note).state != before


def _pause_job(action: BulkAction, job_id: int) -> bool:
    return _hold(action, _job(job_id), paused=True)


def _resume_job(action: BulkAction, job_id: int) -> bool:
    return _hold(action, _job(job_id), paused=False)


def _trigger_job(action: BulkAction, job_id: int) -> bool:
    parameters: Mapping[str, Any] = action.options["parameters"]
    return trigger_run(
        job=_job(job_id), trigger=Trigger.API, actor=action.actor, comment=action.note, parameters=parameters
    ).created


def _terminate_job(action: BulkAction, job_id: int) -> bool:
    """All its runs that go on. They may be many: they are an action of their own, which ends them in batches."""
    job = _job(job_id)
    if not Run.objects.filter(job=job, ended_at=None, pk__gt=0).exclude(state=RunState.CANCELLING).exists():
        return False
    terminate_runs(
        workspace=action.workspace,
        selection={"filter": {"job": job.key}},
        actor=action.actor,
        note=action.note,
        caller=action.caller,
        upto=action.options.get("upto"),
    )
    return True


def _delete_job(action: BulkAction, job_id: int) -> bool:
    delete_job(job=_job(job_id), actor=action.actor)
    return True


def _pause_run(action: BulkAction, run_id: int) -> bool:
    return control.pause_run(run=_run(run_id), actor=action.actor, note=action.note)


def _resume_run(action: BulkAction, run_id: int) -> bool:
    return control.resume_run(run=_run(run_id), actor=action.actor, note=action.note)


def _rerun(action: BulkAction, run_id: int) -> bool:
    reruns.rerun(run=_run(run_id), actor=action.actor, comment=action.note, **action.options)
    return True


_ACTIONS = {
    "pause-jobs": _pause_job,
    "resume-jobs": _resume_job,
    "trigger-jobs": _trigger_job,
    "terminate-jobs": _terminate_job,
    "delete-jobs": _delete_job,
    "pause-runs": _pause_run,
    "resume-runs": _resume_run,
    "rerun-runs": _rerun,
}


def _job(job_id: int) -> Job:
    found = Job.objects.defer("payload").filter(pk=job_id).first()
    if found is None:
        raise NotFoundError("it was deleted")
    return found


def _run(run_id: int) -> Run:
    found = Run.objects.defer("snapshot").filter(pk=run_id).first()
    if found is None:
        raise NotFoundError("it was erased")
    return found


def _jobs_of(workspace: Workspace, keys: Sequence[str]) -> list[int]:
    asked = [key.partition(":") for key in keys]
    types, names = {each[0] for each in asked}, {each[2] for each in asked}
    ours = Job.objects.filter(workspace=workspace, type__in=types, name__in=names)
    rows = ours.values_list("type", "name", "pk")
    known = {f"{job_type}:{name}": pk for job_type, name, pk in rows}
    errors = [FieldError(f"keys.{at}", f"there is no job {key!r}") for at, key in enumerate(keys) if key not in known]
    if errors:
        raise ValidationError(errors[:100])
    return sorted({known[key] for key in keys})


def _refuse_word(field: str, value: str | None, words: type[JobState] | type[RunState] | type[Trigger]) -> None:
    if value is not None and value not in list(words):
        raise ValidationError([FieldError(field, f"expected one of {', '.join(words)}")])
