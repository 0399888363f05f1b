"""One batch of a bulk action, whatever goes wrong in it: neither the other actions nor who asked for it are to pay for that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import psycopg
import structlog
from django.db import DatabaseError, InterfaceError, OperationalError
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
_TOO_LONG = "57014"
"""The statement's time was up, or it was cancelled: it takes as long the next time."""

log = structlog.get_logger(__name__)


def is_away(error: Exception) -> bool:
    """Whether an error of the database is about no target in particular: the connection broke (class 08), the server is being
    stopped or started (57P01 to 57P05), or it never said anything.

    Source: PostgreSQL's manual, appendix A, "PostgreSQL Error Codes".
    """
    if not isinstance(error, OperationalError | InterfaceError | psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return not (passes(error) or _sqlstate(error) == _TOO_LONG)


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


def try_batch(work: Callable[[int], None], *, action_id: int) -> bool:
    """Do a batch. What nobody foresaw is logged, with nothing of the batch done; the next sweep tries again, `MOST_FAILURES` times.

    Returns:
        False when it failed.

    Raises:
        django.db.OperationalError, django.db.InterfaceError, psycopg.Error: The database is away.
    """
    mine = BulkAction.objects.filter(pk=action_id, ended_at=None)
    try:
        work(action_id)
    except Exception as error:  # an error of ours in one action must not keep all the others from being worked off
        if is_away(error):
            raise
        log.exception("bulk.failed", action=action_id)
        mine.update(failures=F("failures") + 1, tried_at=Now())
        _give_up(action_id)
        return False
    mine.update(failures=0, tried_at=Now())
    return True


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
