"""One batch of a bulk action, whatever goes wrong in it: neither the other actions nor who asked for it are to pay for that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import psycopg
import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now

from jobs.models import BulkAction

AT_ONCE = 20
"""Actions that one pass of the sweep goes on with: those first that were left alone for longest."""
MOST_FAILURES = 10
"""Batches of one action that may fail one after the other; then it ends as it is. As many seconds at least: the sweep comes each
second."""
KEPT_PROBLEMS = 100
OF_THE_SYSTEM = "an error of the system, which its log tells"
DATABASE_ERRORS = (DatabaseError, InterfaceError, psycopg.Error)

_LOCKS = ("40", "55")
"""Classes of SQLSTATE. 40: a deadlock's victim, or a serialization that failed. 55: a lock that did not come in time. Another try
may go well."""
_AWAY = ("08", "57P", "53300")
LOCK_SECONDS = 5
"""A batch waits for a row that somebody else holds no longer than this: the actions behind it wait as well."""

log = structlog.get_logger(__name__)


def is_away(error: Exception) -> bool:
    """Whether an error of the database is about no target in particular: the connection broke (class 08), the server is being
    stopped or started (57P01 to 57P05), has no connection left (53300), or it never said anything.

    Source: PostgreSQL's manual, appendix A, "PostgreSQL Error Codes".
    """
    if not isinstance(error, OperationalError | InterfaceError | psycopg.OperationalError | psycopg.InterfaceError):
        return False
    state = _sqlstate(error)
    return not state or state.startswith(_AWAY)


def passes(error: Exception) -> bool:
    """Whether another try of the same may go well: the error tells of others who were in the way."""
    return _sqlstate(error).startswith(_LOCKS)


def _sqlstate(error: Exception) -> str:
    raised = error if isinstance(error, psycopg.Error) else error.__cause__
    return (raised.sqlstate or "") if isinstance(raised, psycopg.Error) else ""


def open_actions(kinds: Sequence[str]) -> list[int]:
    """The ids of those that are to be gone on with next. What never gets anywhere goes behind the others, as all that was tried."""
    found = BulkAction.objects.filter(ended_at=None, action__in=kinds)
    return list(found.order_by(F("tried_at").asc(nulls_first=True), "pk").values_list("pk", flat=True)[:AT_ONCE])


def begin(work: Callable[[int], bool], *, action: BulkAction) -> None:
    """Do the first batch of an action that was just committed, and bring the object up to date.

    Whatever happens to the batch, the action is there and goes on: who asked for it must not hear that it failed, and ask again.
    """
    try:
        try_batch(work, action_id=action.pk)
        action.refresh_from_db()
    except DATABASE_ERRORS as error:
        log.warning("bulk.left_to_the_sweep", action=action.pk, reason=str(error).strip())


def wait_briefly_for_locks() -> None:
    """In the transaction of a batch."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_SECONDS}s"])


def try_batch(work: Callable[[int], bool], *, action_id: int) -> bool:
    """Do a batch. What nobody foresaw is logged, with nothing of the batch done; the next sweep tries again, `MOST_FAILURES` times.

    A try is counted before it is begun, and taken back when it went well: so one that kills its process counts, too.

    Args:
        work: Does it; False when another process is at the action, or it is over.

    Returns:
        False when it failed, or has failed too often.

    Raises:
        django.db.OperationalError, django.db.InterfaceError, psycopg.Error: The database is away.
    """
    if not _count_try(action_id):
        return True
    mine = BulkAction.objects.filter(pk=action_id)
    one_less = Greatest(F("failures") - 1, 0)
    try:
        did = work(action_id)
    except Exception as error:  # an error of ours in one action must not keep all the others from being worked off
        if is_away(error):
            with suppress(
                *DATABASE_ERRORS
            ):  # If it is still away, one try too many has been counted, until one goes well.
                mine.update(failures=one_less)
            raise
        log.exception("bulk.failed", action=action_id)
        _give_up(action_id)
        return False
    mine.update(failures=0 if did else one_less, tried_at=Now())
    return True


def _count_try(action_id: int) -> bool:
    """False when there is nothing to try: another process is at it, it is over, or has just been given up."""
    with transaction.atomic():
        rows = BulkAction.objects.select_for_update(skip_locked=True).filter(pk=action_id, ended_at=None)
        tries = rows.values_list("failures", flat=True).first()
        if tries is None:
            return False
        if tries < MOST_FAILURES:
            BulkAction.objects.filter(pk=action_id).update(failures=tries + 1, tried_at=Now())
            return True
    _give_up(action_id)
    return False


def keep_problem(action: BulkAction, target: int, detail: str) -> None:
    """Note why something could not be done, if there is room; the caller saves."""
    if len(action.problems) < KEPT_PROBLEMS:
        action.problems = [*action.problems, {"id": target, "detail": detail}]


def refuse_rest(action: BulkAction, *, targets: Sequence[int], why: str) -> None:
    """End a locked action as it is: what is left counts as unchanged, and the first of it say why.

    Args:
        action: The caller holds its lock.
        targets: What is left of it, as much of it as can be told.
        why: For people.
    """
    for target in targets[: KEPT_PROBLEMS - len(action.problems)]:
        keep_problem(action, target, why)
    action.unchanged = max(action.total - action.changed, 0)
    action.save(update_fields=["unchanged", "problems"])
    BulkAction.objects.filter(pk=action.pk).update(ended_at=Now())
    log.warning("bulk.refused", action=action.pk, left=len(targets), reason=why)


def _give_up(action_id: int) -> None:
    left = Greatest(F("total") - F("changed"), 0)
    hopeless = BulkAction.objects.filter(pk=action_id, ended_at=None, failures__gte=MOST_FAILURES)
    for action in hopeless.only("problems", "cursor"):
        keep_problem(action, action.cursor, f"given up after this, {MOST_FAILURES} times: {OF_THE_SYSTEM}")
        if hopeless.update(ended_at=Now(), unchanged=left, problems=action.problems):
            log.error("bulk.given_up", action=action_id)
