"""Terminating many runs at once, as an object whose progress can be watched."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest, Now
from django.utils.dateparse import parse_datetime

from jobs import claims, strict_json
from jobs.errors import FieldError, ValidationError
from jobs.models import BulkAction, Event, Run, Workspace
from jobs.services.bulk_batches import begin, open_actions, refuse_rest, try_batch, wait_briefly_for_locks
from jobs.services.lasting_rights import told_caller, why_not
from jobs.states import ACTIVE_RUN_STATES, RunState, StopReason

BATCH = 200
"""Runs stopped in one transaction."""
MAX_IDS = 10_000
FILTERS = ("job", "state", "created_before")

log = structlog.get_logger(__name__)


def terminate_runs(
    *,
    workspace: Workspace,
    selection: object,
    actor: str,
    note: str = "",
    caller: Mapping[str, int | None] | None = None,
    upto: int | None = None,
) -> BulkAction:
    """Begin to terminate runs of a workspace; those that begin after this call are not touched.

    Args:
        workspace: Whose.
        selection: Either ``{"ids": [1, 2]}``, or a filter with at least one of ``job`` (a key), ``state`` and ``created_before`` (a
            time with its offset): ``{"filter": {"job": "task:ping"}}``.
        actor: Who does it.
        note: Why; kept with each run.
        caller: Whose rights it needs until it is over; None for whoever acts now.
        upto: The newest run that is meant; None for the newest that there is.

    Returns:
        The action after its first batch; the sweep does the rest.

    Raises:
        ValidationError: The selection is none of these.
    """
    checked = _checked(selection)
    newest = newest_run(workspace) if upto is None else upto
    action = BulkAction(workspace=workspace, selection=checked, note=note, actor=actor, upto=newest)
    action.caller = told_caller() if caller is None else dict(caller)
    selected = _selected(action)
    action.total = (selected.filter(pk__in=checked["ids"]) if "ids" in checked else selected).count()
    with transaction.atomic():
        action.save()
        data = {"action": action.pk, "selection": checked, "total": action.total, "note": note}
        Event.objects.create(workspace=workspace, kind="bulk.terminate", actor=actor, data=data)
    log.info("bulk.terminate", action=action.pk, workspace=workspace.slug, runs=action.total, actor=actor)
    begin(_work_one_batch, action=action)
    return action


def newest_run(workspace: Workspace) -> int:
    """The id of the newest run of a workspace; 0 for none."""
    return Run.objects.filter(workspace=workspace).order_by("-pk").values_list("pk", flat=True).first() or 0


def work_off() -> None:
    """Do a batch of each action that is not over. Several processes share them: each action is one's at a time."""
    for pk in open_actions(["terminate"]):
        try_batch(_work_one_batch, action_id=pk)


def _work_one_batch(pk: int) -> bool:
    with transaction.atomic():
        wait_briefly_for_locks()
        action = BulkAction.objects.select_for_update(skip_locked=True).filter(pk=pk, ended_at=None).first()
        if action is None:
            return False
        found, upto = _next_batch(action)
        if found and (reason := why_not(action, now=dt.datetime.now(dt.UTC))):
            refuse_rest(action, targets=found, why=reason)
            return True
        with connection.cursor() as cursor:
            stopped = claims.stop_runs(
                cursor, run_ids=found, reason=StopReason.TERMINATED, actor=action.actor, note=action.note
            )
        action.changed += len(stopped)
        action.unchanged += len(found) - len(stopped)
        action.cursor = action.cursor if upto is None else upto
        action.save(update_fields=["changed", "unchanged", "cursor"])
        if upto is None:
            # Those that ended by themselves before their turn came were selected too.
            BulkAction.objects.filter(pk=pk).update(ended_at=Now(), unchanged=Greatest(F("total") - F("changed"), 0))
        return True


def _next_batch(action: BulkAction) -> tuple[list[int], int | None]:
    """The next runs, by id, and the id up to which that is all there were to be looked at; None when there are no more behind."""
    runs = _selected(action).order_by("pk").values_list("pk", flat=True)
    if "ids" not in action.selection:
        found = list(runs[:BATCH])
        return found, found[-1] if len(found) == BATCH else None
    asked: list[int] = action.selection["ids"]
    begin = bisect_right(asked, action.cursor)
    ids = asked[begin : begin + BATCH]
    return list(runs.filter(pk__in=ids)) if ids else [], ids[-1] if begin + BATCH < len(asked) else None


def _selected(action: BulkAction) -> QuerySet[Run]:
    """Those that it has not reached yet; where ids were given, whichever they are."""
    runs = Run.objects.filter(workspace_id=action.workspace_id, pk__gt=action.cursor, pk__lte=action.upto)
    selection: Mapping[str, Any] = action.selection
    if "ids" in selection:
        return runs
    wanted = selection["filter"]
    runs = runs.filter(ended_at=None, state__in=[wanted["state"]] if "state" in wanted else list(ACTIVE_RUN_STATES))
    if "job" in wanted:
        job_type, _, name = wanted["job"].partition(":")
        runs = runs.filter(job__type=job_type, job__name=name, job__workspace_id=action.workspace_id)
    if "created_before" in wanted:
        runs = runs.filter(created_at__lt=parse_datetime(wanted["created_before"]))
    return runs


def _checked(selection: object) -> dict[str, Any]:
    if not isinstance(selection, Mapping) or set(selection) not in ({"ids"}, {"filter"}):
        raise ValidationError([FieldError("", "expected an object with either ids or filter")])
    if problems := strict_json.problems(dict(selection)):
        raise ValidationError(problems[:100])
    if "ids" in selection:
        return {"ids": _ids(selection["ids"])}
    return {"filter": _filter(selection["filter"])}


def _ids(ids: object) -> list[int]:
    if not isinstance(ids, list) or not ids or len(ids) > MAX_IDS:
        raise ValidationError([FieldError("ids", f"expected a list of 1 to {MAX_IDS:,} run ids")])
    errors = [
        FieldError(f"ids.{at}", "expected a run's id, a whole number")
        for at, value in enumerate(ids)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63
    ]
    if errors:
        raise ValidationError(errors[:100])
    return sorted(set(ids))


def _filter(wanted: object) -> dict[str, str]:
    if not isinstance(wanted, Mapping) or not wanted or not set(wanted) <= set(FILTERS):
        raise ValidationError([FieldError("filter", f"expected an object with one or more of {', '.join(FILTERS)}")])
    errors = [
        FieldError(f"filter.{name}", "expected text") for name, value in wanted.items() if not isinstance(value, str)
    ]
    if not errors and "state" in wanted and wanted["state"] not in set(ACTIVE_RUN_STATES) - {RunState.CANCELLING}:
        words = ", ".join(state for state in ACTIVE_RUN_STATES if state != RunState.CANCELLING)
        errors.append(FieldError("filter.state", f"expected one of {words}"))
    if not errors and "created_before" in wanted and not _is_instant(wanted["created_before"]):
        errors.append(
            FieldError("filter.created_before", "expected a time with its offset, such as 2026-01-31T12:00:00Z")
        )
    if errors:
        raise ValidationError(errors)
    return dict(wanted)


def _is_instant(text: str) -> bool:
    try:
        instant: dt.datetime | None = parse_datetime(text)
    except ValueError:
        return False
    return instant is not None and instant.tzinfo is not None
