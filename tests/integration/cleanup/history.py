"""Makers of history of any age, and cleanups of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.models import Attempt, Event, Job, LogLine, Payload, Run
from jobs.services.cleanup import Ledger, MemoryLedger, Order, Standing, step
from tests.integration.run_rows import make_attempt, make_ended_run, make_event, make_log_line

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def old_run(job: Job, days: float = 40, states: str = "sf", **columns: Any) -> Run:
    """A run that ended so many days ago, with one of everything that is kept beside a run."""
    at = NOW - days * DAY
    run = make_ended_run(
        job, states, **{"created_at": at, "started_at": at, "ended_at": at, "result": {"a": 1}} | columns
    )
    Payload.objects.filter(run=run, state="succeeded").update(result={"answer": 42})
    make_attempt(run, 1, 1)
    make_log_line(run, 0, "hello")
    make_event(run, "run.created")
    return run


def order(job: Job, **what: Any) -> Order:
    """A cleanup of the job's workspace: 30 days, and it keeps none for being new."""
    usual: dict[str, Any] = {"workspace_ids": [job.workspace_id], "before": NOW - 30 * DAY, "keep_newest": 0}
    return Order(**usual | what)


def clean(wanted: Order, ledger: Ledger | None = None) -> dict[str, int]:
    """Do all of it; the counts that are not zero."""
    standing = steps(wanted, ledger or MemoryLedger())[-1]
    return {name: count for name, count in standing.counts.items() if count}


def steps(wanted: Order, ledger: Ledger) -> list[Standing]:
    """Do all of it; how it stood after each step."""
    found = [step(order=wanted, ledger=ledger)]
    while not found[-1].is_done:
        assert len(found) < 1000, "a cleanup without end"
        found.append(step(order=wanted, ledger=ledger))
    return found


def kept() -> list[int]:
    """The ids of the runs that are left."""
    return list(Run.objects.order_by("pk").values_list("pk", flat=True))


def rows_beside(run: Run) -> int:
    """How much is left of what is kept beside a run."""
    return sum(model.objects.filter(run=run.pk).count() for model in (Payload, Attempt, LogLine, Event))
