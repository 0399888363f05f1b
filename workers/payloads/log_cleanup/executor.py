"""Erases old history step by step, for as long as its time lasts."""

from __future__ import annotations

import datetime as dt
import functools
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from django.conf import settings

from jobs import hotpath, large_results
from jobs.errors import PermanentError, TransientError
from jobs.selectors.workspaces import workspace_ids
from jobs.services import leftovers, stored_results
from jobs.services.cleanup import Order, PayloadLedger, Standing, order_of, step
from workers.payloads.base import JSON, Work, parameters_of
from workers.payloads.log_cleanup.parameters import LogCleanupParameters
from workers.persistence import with_models

R = TypeVar("R")

LOCK_WAIT = dt.timedelta(seconds=1)
"""Who waits for a lock hears that it is to stop when it has waited so long."""
PAUSE_SECONDS = 0.5
"""Before a step is tried again."""
UNANSWERED_SECONDS = 60.0
"""How long the database may keep a step from being done. Then the attempt has failed, so that whoever looks sees why."""


class LogCleanupExecutor:
    """In the worker's own process: the database does the work, and each step is short."""

    def perform(self, work: Work) -> JSON:
        """Erase, and return what was erased: by this attempt and by those before it.

        Raises:
            TransientError: ``timeout`` or ``cancelled``, or ``database`` when that keeps it waiting; what was erased is erased, and
                another attempt goes on from there.
            PermanentError: ``parameters``, or ``workspace_refused``.
        """
        parameters = parameters_of(LogCleanupParameters, {**work.parameters, **_asked(work.run_parameters)})
        # Counted from the run and not from now, so that all attempts have the same.
        order = order_of(parameters, workspace_ids=_workspaces(parameters, work), now=work.run_created_at)
        work.log("info", f"looking for what is older than {order.before:%Y-%m-%d %H:%M:%S} UTC")
        standing = _erase_rows(work, order)
        _erase_files(work, order)
        _erase_results(work, order)
        work.log("info", _told(order, standing))
        return _result(order, standing)


def _erase_rows(work: Work, order: Order) -> Standing:
    ledger = PayloadLedger(run_id=work.run_id, position=work.position)
    while True:
        standing = _answered(work, functools.partial(step, order=order, ledger=ledger, lock_wait=LOCK_WAIT))
        work.progress(current=sum(standing.counts.values()), unit="rows")
        if standing.is_done:
            return standing


def _erase_files(work: Work, order: Order) -> None:
    """Those whose rows are gone. Not in the step that erased the rows: a file cannot come back when that is rolled back."""
    root: Path | None = settings.JOBS_STORED_FILES
    if root is None or not order.erases_files:
        return
    for page in leftovers.old_files(root=root, before=order.before, now=dt.datetime.now(dt.UTC)):
        _answered(work, functools.partial(leftovers.erase_leftovers, root=root, paths=page))


def _erase_results(work: Work, order: Order) -> None:
    """The same for stored results. Each is erased by itself, so that the payload can be told to stop in between."""
    if not large_results.is_kept() or not order.erases_results:
        return
    after: int | None = 0
    while after is not None:
        found = _answered(work, functools.partial(stored_results.find_orphans, after=after))
        for each in found.kept:
            _answered(work, functools.partial(stored_results.erase, [each]))
        after = found.after


def _asked(run_parameters: Mapping[str, JSON]) -> dict[str, JSON]:
    """Whoever triggers the job may ask for a dry run of it; not the other way round, nor for anything else."""
    return {"dry_run": True} if run_parameters.get("dry_run") is True else {}


def _workspaces(parameters: LogCleanupParameters, work: Work) -> list[int]:
    wanted = [work.workspace] if parameters.workspaces is None else parameters.workspaces
    if wanted != [work.workspace] and work.workspace != settings.JOBS_CLEANUP_WORKSPACE:
        raise PermanentError(
            f"parameters.workspaces: jobs of {work.workspace} may clean up {work.workspace} alone; the deployment names the"
            " workspace whose jobs may clean up others in JOBS_CLEANUP_WORKSPACE",
            code="workspace_refused",
        )
    found = with_models(lambda: workspace_ids(None if wanted == "all" else wanted))
    missing = [] if wanted == "all" else sorted(set(wanted) - set(found))
    if missing:
        raise PermanentError(f"parameters.workspaces: there is no workspace {', '.join(missing)}", code="parameters")
    return sorted(found.values())  # One that is made between two attempts comes last, and the others keep their places.


def _answered(work: Work, action: Callable[[], R]) -> R:
    """Do what may be done twice. A database that restarts and a lock that somebody holds delay it: no fault of the payload's."""
    since = time.monotonic()
    told = ""
    while True:
        _check_time(work)
        try:
            return action()
        except hotpath.RETRYABLE as error:
            reason = str(error).strip().partition("\n")[0]
            if time.monotonic() - since >= UNANSWERED_SECONDS:
                raise TransientError(f"kept waiting by the database: {reason}", code="database") from error
        if reason != told:
            work.log("warning", f"waiting for the database: {reason}")
            told = reason
        work.cancelled.wait(PAUSE_SECONDS)


def _check_time(work: Work) -> None:
    if work.cancelled.is_set():
        raise TransientError("stopped before it was done; another attempt goes on from there", code="cancelled")
    if work.deadline.remaining() <= 0:
        raise TransientError(f"{work.deadline.missed()}; another attempt goes on from there", code="timeout")


def _told(order: Order, standing: Standing) -> str:
    """Such as: deleted 3 runs, 12 payloads."""
    found = [f"{count:,} {name.replace('_', ' ')}" for name, count in standing.counts.items() if count]
    return f"{'would delete' if order.dry_run else 'deleted'} {', '.join(found) or 'nothing'}"


def _result(order: Order, standing: Standing) -> JSON:
    counted = "would_delete" if order.dry_run else "deleted"
    return {"dry_run": order.dry_run, "before": order.before.isoformat(), counted: standing.counts}


EXECUTOR = LogCleanupExecutor()
