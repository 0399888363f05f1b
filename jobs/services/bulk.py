"""Terminating many runs at once, as an object whose progress can be watched."""

from __future__ import annotations

import datetime as dt
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
from jobs.services.bulk_batches import try_batch
from jobs.states import ACTIVE_RUN_STATES, RunState, StopReason

BATCH = 200
"""Runs stopped in one transaction."""
MAX_IDS = 10_000
FILTERS = ("job", "state", "created_before")

log = structlog.get_logger(__name__)


def terminate_runs(*, workspace: Workspace, selection: object, actor: str, note: str = "") -> BulkAction:
    """Begin to terminate runs of a workspace; those that begin after this call are not touched.

    Args:
        workspace: Whose.
        selection: Either ``{"ids": [1, 2]}``, or a filter with at least one of ``job`` (a key), ``state`` and ``created_before`` (a
            time with its offset): ``{"filter": {"job": "task:ping"}}``.
        actor: Who does it.
        note: Why; kept with each run.

    Returns:
        The action after its first batch; the sweep does the rest.

    Raises:
        ValidationError: The selection is none of these.
    """
    checked = _checked(selection)
    newest = Run.objects.filter(workspace=workspace).order_by("-pk").values_list("pk", flat=True).first() or 0
    action = BulkAction(workspace=workspace, selection=checked, note=note, actor=actor, upto=newest)
    action.total = _selected(action).count()
    with transaction.atomic():
        action.save()
        data = {"action": action.pk, "selection": checked, "total": action.total, "note": note}
        Event.objects.create(workspace=workspace, kind="bulk.terminate", actor=actor, data=data)
    log.info("bulk.terminate", action=action.pk, workspace=workspace.slug, runs=action.total, actor=actor)
    try_batch(_work_one_batch, action_id=action.pk)
    action.refresh_from_db()
    return action


def work_off() -> None:
    """Do a batch of each action that is not over. Several processes share them: each action is one's at a time."""
    for pk in (
        BulkAction.objects.filter(ended_at=None, action="terminate").order_by("pk").values_list("pk", flat=True)[:20]
    ):
        try_batch(_work_one_batch, action_id=pk)


def _work_one_batch(pk: int) -> None:
    with transaction.atomic():
        action = BulkAction.objects.select_for_update(skip_locked=True).filter(pk=pk, ended_at=None).first()
        if action is None:
            return
        batch = list(_selected(action).order_by("pk").values_list("pk", flat=True)[:BATCH])
        with connection.cursor() as cursor:
            stopped = claims.stop_runs(
                cursor, run_ids=batch, reason=StopReason.TERMINATED, actor=action.actor, note=action.note
            )
        action.changed += len(stopped)
        action.unchanged += len(batch) - len(stopped)
        action.cursor = batch[-1] if batch else action.cursor
        action.save(update_fields=["changed", "unchanged", "cursor"])
        if len(batch) < BATCH:
            # Those that ended by themselves before their turn came were selected too.
            BulkAction.objects.filter(pk=pk).update(ended_at=Now(), unchanged=Greatest(F("total") - F("changed"), 0))


def _selected(action: BulkAction) -> QuerySet[Run]:
    """Those that it has not reached yet."""
    runs = Run.objects.filter(workspace_id=action.workspace_id, pk__gt=action.cursor, pk__lte=action.upto)
    selection: Mapping[str, Any] = action.selection
    if "ids" in selection:
        return runs.filter(pk__in=selection["ids"])
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
