"""Makers and readers of rows: what a test arranges with, and what it asserts on."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection, connections
from django.db.models import Count, Q

from jobs import claims, hotpath
from jobs.claims import Final, Grant, Report
from jobs.models import Event, Job, Lane, Payload, Requeued, Run, Workspace
from jobs.services.jobs import save_job
from jobs.services.runs import start_run, start_runs
from jobs.states import Trigger

LEASE = dt.timedelta(seconds=15)
SECOND = dt.timedelta(seconds=1)
MS = dt.timedelta(milliseconds=1)

R = TypeVar("R")
_names = itertools.count()


def scripts(*parameters: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    """Payload items of the kind ``scripted``, all with the same options."""
    return [{"kind": "scripted", "parameters": each, **options} for each in parameters]


def plain(count: int) -> list[dict[str, Any]]:
    """So many payloads that succeed at once."""
    return scripts(*[{} for _ in range(count)])


def make_job(payload: list[dict[str, Any]], **configuration: Any) -> Job:
    """An active job of the workspace ``acme``. It may lack what it must have to become active, payloads for example."""
    workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
    document = {"key": f"task:job-{next(_names)}", "payload": payload, "configuration": configuration}
    return save_job(workspace=workspace, document=document, actor="test", checked=True)


def make_run(payload: list[dict[str, Any]], **configuration: Any) -> Run:
    """A pending run of a job of its own."""
    return Run.objects.get(pk=start_run(job=make_job(payload, **configuration), trigger=Trigger.MANUAL))


def make_single_runs(parameters: Iterable[dict[str, Any]], **configuration: Any) -> list[int]:
    """Pending runs of one payload each, started together, by id."""
    jobs = [make_job(scripts(each), **configuration) for each in parameters]
    return start_runs(job_ids=[job.pk for job in jobs], trigger=Trigger.MANUAL)


def take(run: Run, *, slot: int = 0, now: dt.datetime | None = None, worker: str = "host:1") -> claims.Lane:
    """A lane of the run. Fails when there is none to have."""
    lane = claims.take_lane(run_id=run.pk, slot=slot, worker=worker, lease=LEASE, now=now)
    assert lane is not None
    return lane


def lease(lane: claims.Lane, count: int, outcome: Report | None = None, *, now: dt.datetime | None = None) -> Grant:
    """Report and lease so many positions."""
    return claims.report(lane=lane, outcome=outcome or Report(), take=count, lease=LEASE, now=now)


def done(positions: Iterable[int], *, state: str = "succeeded", result: Any = None) -> Report:
    """A report that these positions ended."""
    return Report(finals=[final(position, state=state, result=result) for position in positions])


def final(position: int, *, state: str = "succeeded", result: Any = None) -> Final:
    """One outcome after one attempt."""
    now = dt.datetime.now(dt.UTC)
    error = json.dumps({"message": f"payload {position} broke"}) if state == "failed" else None
    return Final(position, state, 1, now, now, json.dumps(result) if result is not None else None, error)


def positions(grant: Grant) -> list[int]:
    """The positions leased."""
    return [payload.position for payload in grant.payloads]


def expire(*, run: Run | int | None = None, slot: int | None = None) -> None:
    """Let the leases of a run's lanes, or of all, have run out a second ago."""
    lanes = Lane.objects.all()
    if run is not None:
        lanes = lanes.filter(run_id=run if isinstance(run, int) else run.pk)
    if slot is not None:
        lanes = lanes.filter(slot=slot)
    assert lanes.update(lease_expires_at=dt.datetime.now(dt.UTC) - SECOND)


def together(actions: Sequence[Callable[[], R]]) -> list[R]:
    """Run these in threads that begin at the same moment; what they return, in order."""
    barrier = threading.Barrier(len(actions))

    def begin(action: Callable[[], R]) -> R:
        barrier.wait(timeout=10)
        try:
            return action()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(begin, actions))


def in_thread(action: Callable[[], R]) -> Callable[[], R]:
    """Begin in a thread; call what is returned for the result or the error."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(action)
    pool.shutdown(wait=False)
    return lambda: future.result(timeout=20)


def until_somebody_waits(*, many: int = 1) -> None:
    """Return once so many sessions wait for a lock that another holds."""
    with hotpath.connection() as engine:
        for _ in range(2000):
            row = engine.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ).fetchone()
            if row is not None and row[0] >= many:
                return
            time.sleep(0.005)
    raise AssertionError("nobody waits")


def fresh(run: Run | int) -> Run:
    """The run's row as it stands."""
    return Run.objects.get(pk=run if isinstance(run, int) else run.pk)


def error_of(run: Run | int, position: int | None = None) -> dict[str, Any]:
    """The error of a run, or of one of its payloads. Fails when there is none."""
    row: Run | Payload = fresh(run)
    if position is not None:
        row = Payload.objects.get(run_id=row.pk, position=position)
    assert row.error is not None
    return dict(row.error)


def counts(run: Run | int) -> tuple[int, int, int]:
    """(succeeded, failed, cancelled) as the run's counters say; asserts that the rows say the same."""
    row = fresh(run)
    states = ("succeeded", "failed", "cancelled")
    of_rows = Payload.objects.filter(run_id=row.pk).aggregate(**{s: Count("state", filter=Q(state=s)) for s in states})
    counters = (row.succeeded, row.failed, row.cancelled)
    assert counters == tuple(of_rows[state] for state in states)
    return counters


def kinds_of_events(run: Run | int) -> list[str]:
    """What the event log holds of a run, oldest first."""
    pk = run if isinstance(run, int) else run.pk
    return list(Event.objects.filter(run_id=pk).order_by("id").values_list("kind", flat=True))


def waiting(run: Run | int) -> dict[int, Requeued]:
    """The requeued rows of a run by position."""
    pk = run if isinstance(run, int) else run.pk
    return {row.position: row for row in Requeued.objects.filter(run_id=pk)}


def rows_of(*models: Any) -> list[tuple[Any, ...]]:
    """Every row of these tables: compare before and after what must change nothing."""
    rows = []
    for model in models:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT '{model._meta.db_table}', t.* FROM {model._meta.db_table} AS t ORDER BY t::text")
            rows += cursor.fetchall()
    return rows


def backdate(run: Run | int, seconds: float) -> None:
    """Move what a run waits for into the past, as if so much time had gone by."""
    with hotpath.connection() as engine:
        pk = run if isinstance(run, int) else run.pk
        shift = dt.timedelta(seconds=seconds)
        engine.execute("UPDATE jobs_requeued SET due_at = due_at - %s WHERE run_id = %s", (shift, pk))
        engine.execute("UPDATE jobs_run SET wake_at = wake_at - %s WHERE id = %s", (shift, pk))
