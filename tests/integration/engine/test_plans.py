"""The plans of every statement in jobs/sql: by index, and reading no more than they need, however the statistics stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from jobs import claims, hotpath
from jobs.claims import Report, limits
from jobs.claims.handles import keep_handle
from jobs.models import Job, Lane, Requeued, Run, Workspace
from jobs.services import admission, control, extending, reruns
from jobs.services.groups import save_group
from jobs.services.runs import start_runs
from jobs.states import StopReason, Trigger
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    SECOND,
    done,
    expire,
    fresh,
    lease,
    make_job,
    make_run,
    make_single_runs,
    plain,
    take,
)
from tests.integration.engine.plans import STATEMENTS, Explained, explain_all, forget_statistics
from workers import sweep

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

TABLES = (
    "jobs_payload",
    "jobs_run",
    "jobs_requeued",
    "jobs_lane",
    "jobs_event",
    "jobs_attempt",
    "jobs_job",
    "jobs_rate",
)
RANGE = 50
ENDED_RUNS = """
    INSERT INTO jobs_run (
        workspace_id, job_key, state, trigger, actor, comment, parameters, snapshot, queue, strict, max_lanes, priority,
        total, next_position, succeeded, failed, cancelled, nudges, created_at, ended_at
    )
    SELECT %(workspace)s, 'task:old', 'succeeded', 'manual', '', '', '{}', '{}', 'default', true, 5, 0,
        %(total)s, %(total)s, %(total)s, 0, 0, 0, now(), now()
    FROM generate_series(1, %(count)s)
"""
HISTORY = {
    "empty": 0,
    "never analysed": 100_000,
    "analysed when tiny": 100_000,
    "analysed when idle": 100_000,
    "analysed": 250_000,
}


@pytest.fixture(params=list(HISTORY))
def statistics(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database whose statistics say this of it; autovacuum keeps out of it."""
    _each_table("ALTER TABLE {} SET (autovacuum_enabled = off)")
    forget_statistics(TABLES)
    history = HISTORY[request.param]
    if request.param == "analysed when tiny":
        end_runs(10)
        leave_waiting(10)
        _each_table("ANALYZE {}")
    end_runs(history)
    if request.param == "analysed when idle":
        _each_table("ANALYZE {}")
    leave_waiting(history)
    if request.param == "analysed":
        _each_table("ANALYZE {}")
    yield request.param
    _each_table("ALTER TABLE {} RESET (autovacuum_enabled)")


def _each_table(statement: str) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(statement.format(table))


def end_runs(payloads: int) -> None:
    """A history: one long run, and as many short ones as that has payloads."""
    if not payloads:
        return
    workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
    with connection.cursor() as cursor:
        for total, count in ((payloads, 1), (1, payloads)):
            cursor.execute(ENDED_RUNS, {"workspace": workspace.pk, "total": total, "count": count})
        cursor.execute(
            "INSERT INTO jobs_payload (run_id, position, kind, name, parameters, state, attempts, ended_at)"
            " SELECT r.id, p, 'noop', '', '{}', 'succeeded', 1, now()"
            " FROM jobs_run AS r, generate_series(0, r.total - 1) AS p"
            " WHERE r.job_key = 'task:old' ON CONFLICT DO NOTHING"
        )


def leave_waiting(most: int) -> None:
    """Runs that wait for a worker, for their job or for their group, and one with as many retries due as the engine ever sees."""
    if not most:
        return
    busy = make_run(plain(2000))
    tomorrow = busy.created_at + 86_400 * SECOND
    Run.objects.filter(pk=busy.pk).update(next_position=2000, wake_at=tomorrow)
    Requeued.objects.bulk_create(Requeued(run=busy, position=n, due_at=busy.created_at) for n in range(2000))
    workspace = Workspace.objects.get(slug="acme")
    save_group(workspace=workspace, name="busy.host", limit=1, rate=None, actor="test")
    if not Lane.objects.exists():
        take(make_run(plain(1), concurrency_group="busy.host"))
        Lane.objects.update(lease_expires_at=tomorrow)
    waiting: list[dict[str, Any]] = [{}, {"max_concurrent_runs": 1}, {"concurrency_group": "busy.host"}]
    for limited in waiting:
        job = make_job(plain(1), **limited)
        runs = Run.objects.filter(pk__in=start_runs(job_ids=[job.pk] * min(most, 2000), trigger=Trigger.MANUAL))
        runs.update(wake_at=tomorrow, nudges=0 if job.group_id is None else -1)


def work_everything(broker: Broker) -> None:
    """Let the engine say each of its statements, with ranges of 50."""
    run = make_run(plain(3 * RANGE), max_concurrent_requests=1)
    lane = take(run)
    positions = [payload.position for payload in lease(lane, RANGE).payloads]
    lease(lane, RANGE, done(positions))
    failing = claims.FailedAttempt(RANGE, 1, "failed", "{}", run.created_at, run.created_at)
    back = [claims.Requeue(position, 1, 0.0, False) for position in range(RANGE, 2 * RANGE)]
    lease(lane, RANGE, Report(failed_attempts=[failing], requeues=back))
    lease(lane, 0, done(range(2 * RANGE, 3 * RANGE)))
    leased = [payload.position for payload in claims.lease_requeued(lane=lane, take=RANGE, lease=LEASE)]
    assert len(leased) == RANGE
    claims.heartbeat(lane_ids=[lane.id], reached=[RANGE], progress=[None], lease=LEASE)
    claims.shed_requeued(lane=lane, sequence=lane.sequence, reached=RANGE + 1)
    lease(lane, 0, Report(requeues=[claims.Requeue(n, 1, 0.0, False, None, True) for n in range(RANGE, 2 * RANGE)]))
    expire(run=run)
    sweep.sweep_once()
    broker.clear()
    sweep.sweep_once(now=run.created_at + 10 * SECOND)
    broker.deliver_all()
    strict = make_run(plain(3 * RANGE), max_concurrent_requests=1, strict=True)
    shedding = take(strict)
    lease(shedding, RANGE)
    claims.shed_range(lane=shedding, sequence=shedding.sequence, keep=1)
    expire(run=strict)
    sweep.sweep_once()
    broker.deliver_all()
    extend_a_run()
    work_single_runs(broker)
    work_within_limits(broker)
    control_a_run()


def control_a_run() -> None:
    """One that is worked is paused, resumed and terminated; then executed again, and replayed."""
    run = make_run(plain(3 * RANGE), max_concurrent_requests=2)
    lane = take(run)
    lease(lane, RANGE)
    keep_handle(run_id=run.pk, position=0, lane_id=lane.id, kind="process", host="x", data={})
    told: dict[str, Any] = {"run_ids": [run.pk], "actor": "ann", "note": ""}
    with hotpath.connection() as connection, connection.cursor() as cursor:
        claims.pause_runs(cursor, by_job=False, **told)
        claims.leave_lane(lane=lane)
        claims.settle_pause(cursor, run_ids=[run.pk])
        claims.resume_runs(cursor, grace=SECOND, **told)
        claims.stop_runs(cursor, reason=StopReason.TERMINATED, **told)
    stuck = [Requeued(run=run, position=position, due_at=run.created_at) for position in range(RANGE)]
    Requeued.objects.bulk_create(stuck)
    while control.cancel_queued(run_id=run.pk):
        pass
    reruns.rerun(run=fresh(run), actor="ann", definition="snapshot")
    reruns.replay(run=fresh(run), actor="ann")


def extend_a_run() -> None:
    """A payload adds some, half of which are there already, and takes more time over it."""
    run = make_run(plain(2))
    lease(take(run), 1)
    for keys in (range(RANGE), range(RANGE // 2, RANGE + RANGE // 2)):
        items = [{"kind": "scripted", "key": f"k{key}"} for key in keys]
        extending.extend_run(run_id=run.pk, parent=0, attempt=1, items=items, actor="ann")
    extending.extend_time(run_id=run.pk, position=0, attempt=1)


def work_single_runs(broker: Broker) -> None:
    """Sixty of them in one message, one of which fails; and one that is given back before its turn."""
    singles = make_single_runs([{}] * 59 + [{"fails": 9}])
    Job.objects.update(watched=True)  # somebody is to be told of their ends
    broker.share(singles)
    broker.deliver_all()
    (waiting,) = claims.take_single_runs(run_ids=make_single_runs([{}]), worker="host:1", lease=LEASE)
    claims.give_back_single_run(lane=waiting.lane)
    claims.pass_place(lane=waiting.lane, to=waiting.lane)


def work_within_limits(broker: Broker) -> None:
    """Two runs of a job that allows one, in a group of one place, with a rate, while another run has a lane; and their turns."""
    workspace = Workspace.objects.get(slug="acme")
    save_group(workspace=workspace, name="host", limit=1, rate={"count": 1_000_000, "period": "1s"}, actor="test")
    limited = {"concurrency_group": "host", "rate_limit": {"count": 1_000_000, "period": "1s"}}
    busy = take(make_run(plain(2), **limited))
    job = make_job(plain(2), max_concurrent_runs=1, **limited)
    first, _second = start_runs(job_ids=[job.pk] * 2, trigger=Trigger.MANUAL)
    broker.deliver_all()
    claims.leave_lane(lane=busy)
    admission.fill_groups()
    limits.deserving_lanes(run_id=first, queue="default", served=[])
    broker.deliver_all()
    broker.share(make_single_runs([{}] * 20, **limited))
    broker.deliver_all()


class TestEveryStatement:
    @pytest.fixture
    def explained(self, statistics: str, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Explained:
        broker.clear()
        explained = explain_all(monkeypatch)
        work_everything(broker)
        return explained

    def test_reads_by_index_and_no_more_than_it_needs(self, explained: Explained, statistics: str) -> None:
        assert set(explained.plans) == set(STATEMENTS)
        for statement in STATEMENTS:
            problems = {*_scans(explained, statement), *_payloads_out_of_range(explained, statement)}
            assert not problems, f"{statement}, {statistics}"
        assert not {statement: ctes for statement, ctes in explained.written_again.items() if ctes}


def _scans(explained: Explained, statement: str) -> Iterator[Any]:
    """What reads a table that grows without an index, or reads more of it than there is at work."""
    for table in ("jobs_payload", "jobs_run", "jobs_requeued"):
        for node in explained.nodes(statement, table):
            if node.kind == "Seq Scan" or node.rows > 4 * RANGE:
                yield node


def _payloads_out_of_range(explained: Explained, statement: str) -> Iterator[Any]:
    """Payloads that are found otherwise than by run and position."""
    for node in explained.nodes(statement, "jobs_payload"):
        by_key = "run_id" in node.condition and "position" in node.condition
        # Closing looks for the first five that failed; it does so once a run, and only when some did.
        first_failed = statement == "close_runs" and "run_id" in node.condition
        # What is added is looked up by its own key, in an index that holds the added payloads alone.
        by_own_key = statement == "extend_run" and "run_id" in node.condition and "key" in node.condition
        # A copy reads all of one run.
        copied = statement in ("copy_run", "replay_run") and "run_id" in node.condition
        if not (by_key or by_own_key or copied or first_failed or node.kind == "Tid Scan"):
            yield node
