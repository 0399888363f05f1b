"""The plans of every statement in sinks/sql beside 100,000 deliveries: by index, and reading no more than they need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from jobs import cleaners, hotpath
from jobs.errors import PermanentError
from jobs.models import Run
from sinks import claims, registry, sql
from sinks.claims import Held
from sinks.models import Delivery, Sink
from sinks.services import expanding, redelivering
from sinks.services.naming import delete_sink, save_sink
from sinks.sql import CLEANUP, STATEMENTS
from tests.integration.engine.plans import Explained, explain_all, forget_statistics
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target, kind
from tests.integration.sinks.test_delivering import deliver, refusing

pytestmark = pytest.mark.engine

NAMES = sorted(path.stem for path in Path(sql.__file__).parent.glob("*.sql"))
GROWING = ("sinks_delivery", "sinks_handover", "sinks_failed_delivery", "jobs_run", "jobs_payload")
TABLES = (*GROWING, "sinks_sink", "sinks_standing", "sinks_use", "jobs_job")
PAYLOADS = 50
ROWS = 4 * PAYLOADS
HISTORY = {"never analysed": 100_000, "analysed when tiny": 100_000, "analysed": 100_000}
OBEDIENT = {"kind": "obedient"}
SECOND = dt.timedelta(seconds=1)

_RUNS = """
    INSERT INTO jobs_run (
        workspace_id, job_id, job_key, state, trigger, actor, comment, parameters, snapshot, queue, strict, max_lanes, priority,
        total, next_position, succeeded, failed, cancelled, nudges, created_at, ended_at
    )
    SELECT r.workspace_id, r.job_id, r.job_key, 'succeeded', 'manual', '', '', '{}', r.snapshot, 'default', false, 1, 0,
        1, 1, 1, 0, 0, 0, now(), now()
    FROM jobs_run AS r, generate_series(1, %(count)s) WHERE r.id = %(run)s
"""
_HANDOVERS = """
    INSERT INTO sinks_handover (run_id, place, name, sink_id, next_position, total)
    SELECT r.id, 0, 'old', h.sink_id, 1, 1
    FROM sinks_handover AS h, jobs_run AS r WHERE h.run_id = %(run)s AND r.job_key = 'task:old' AND r.id > %(run)s
    ON CONFLICT DO NOTHING
"""
_DELIVERIES = """
    INSERT INTO sinks_delivery (
        handover_id, run_id, sink_id, first_position, last_position, payloads, state, attempts, due_at, ended_at, bytes, error
    )
    SELECT h.id, h.run_id, h.sink_id, 0, 0, 1, s.state, 1,
        CASE WHEN s.state = 'due' THEN now() + interval '1 day' END, CASE WHEN s.state <> 'due' THEN now() END,
        CASE WHEN s.state = 'delivered' THEN 1 END, CASE WHEN s.state = 'dead' THEN '{}'::jsonb END
    FROM sinks_handover AS h,
        LATERAL (SELECT CASE h.id %% 20 WHEN 0 THEN 'due' WHEN 1 THEN 'dead' ELSE 'delivered' END AS state) AS s
    WHERE h.name = 'old' ON CONFLICT DO NOTHING
"""


@pytest.fixture(params=list(HISTORY))
def statistics(request: pytest.FixtureRequest, target: Target) -> Iterator[str]:
    """A database whose statistics say this of it; autovacuum keeps out of it."""
    _each_table("ALTER TABLE {} SET (autovacuum_enabled = off)")
    forget_statistics(TABLES)
    if request.param == "analysed when tiny":
        fill(20)
        _each_table("ANALYZE {}")
    fill(HISTORY[request.param])
    if request.param == "analysed":
        _each_table("ANALYZE {}")
    yield request.param
    _each_table("ALTER TABLE {} RESET (autovacuum_enabled)")


def _each_table(statement: str) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(statement.format(table))


def fill(count: int) -> None:
    """So many runs of a job and what was delivered of them: some is due tomorrow, some dead, nearly all delivered."""
    run = end_run(make_job(OBEDIENT | {"name": "old"}, payloads=1, name="old"))
    deliver()
    with connection.cursor() as cursor:
        for statement in (_RUNS, _HANDOVERS, _DELIVERIES):
            cursor.execute(statement, {"count": count, "run": run.pk})


def work_everything(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sinks say each of their statements."""
    monkeypatch.setattr(redelivering, "PAGE", 20)
    monkeypatch.setitem(registry.KINDS.known, "orderly", kind(target, ordered=True))
    fail_and_redeliver(target)
    end_run(make_job({"kind": "orderly"}, payloads=PAYLOADS, name="orderly"))
    begin_and_put_back()
    deliver()
    hold_and_lose()


def fail_and_redeliver(target: Target) -> None:
    """Some are refused for good and made again: of the run, of its sink and by their ids."""
    target.before = refusing(PermanentError("no", code="too_large"), times=10)
    job = make_job(OBEDIENT | {"deliver": "batch", "batch": 2}, payloads=PAYLOADS)
    run = end_run(job)
    deliver()
    dead = list(Delivery.objects.filter(run_id=run.pk, state="dead").values_list("pk", flat=True))
    assert len(dead) == 10
    redelivering.redeliver(workspace=run.workspace, delivery_ids=dead[:2], actor="ann")
    assert redelivering.redeliver_of_sink(sink=Sink.objects.get(job=job), actor="ann").made == 8
    deliver()
    assert redelivering.redeliver_of_run(run=run, actor="ann").made == 0
    assert redelivering.redeliver_of_run(run=run, actor="ann", delivered=True).made >= 10
    redelivering.redeliver_of_sink(sink=Sink.objects.get(job=job), actor="ann", delivered=True)
    deliver()
    assert redelivering.redeliver(workspace=run.workspace, delivery_ids=dead, actor="ann").made == 10
    assert redelivering.redeliver(workspace=run.workspace, delivery_ids=dead, actor="ann").left == 10
    deliver()


def begin_and_put_back() -> None:
    """A turn ends before what it had begun has started."""
    [due] = claims.due_sinks(limit=1)
    held = claims.take_sink(sink_id=due.sink_id or 0, worker="host:1", lease=30 * SECOND)
    assert held is not None
    kind = registry.get(held.kind)
    assert kind is not None
    expanding.expand(held=held, kind=kind)
    claims.put_back(held=held, begun=claims.begin_deliveries(held=held, limit=10))
    claims.leave_sink(held=held)


def hold_and_lose() -> None:
    """A sink is held and then deleted, with what it was owed."""
    document = OBEDIENT | {"name": "lake"}
    job = make_job(payloads=PAYLOADS, name="lost")
    lake = save_sink(workspace=job.workspace, document=document, actor="ann")
    make_job({"sink": "lake"}, payloads=PAYLOADS, name="lost")
    end_run(job)
    held = claims.take_sink(sink_id=lake.pk, worker="host:1", lease=30 * SECOND)
    assert held is not None
    assert claims.renew_sink(held=held, lease=30 * SECOND)
    claims.rest_sink(held=held)
    make_job(payloads=PAYLOADS, name="lost")
    delete_sink(sink=lake, actor="ann")
    assert claims.bury(sink_id=lake.pk, limit=20) == 1


class TestEveryStatement:
    @pytest.fixture
    def explained(self, statistics: str, target: Target, monkeypatch: pytest.MonkeyPatch) -> Explained:
        explained = explain_all(monkeypatch, of=STATEMENTS, names=NAMES)
        work_everything(target, monkeypatch)
        return explained

    @pytest.mark.timeout(300)
    def test_reads_by_index_and_no_more_than_it_needs(self, explained: Explained, statistics: str) -> None:
        assert set(explained.plans) == set(NAMES)
        problems = {(statement, *each) for statement in NAMES for each in _scans(explained, statement)}
        assert not problems, statistics
        assert not {statement: ctes for statement, ctes in explained.written_again.items() if ctes}


class TestAnOrderedSinkThatIsFarBehind:
    """100,000 deliveries of one run are due, and one after the other is to be made."""

    @pytest.fixture
    def behind(self, target: Target, monkeypatch: pytest.MonkeyPatch) -> Sink:
        monkeypatch.setitem(registry.KINDS.known, "orderly", kind(target, ordered=True))
        end_run(make_job({"kind": "orderly"}, payloads=1, name="orderly"))
        held = _hold(Sink.objects.get())
        assert expanding.expand(held=held, kind=registry.KINDS.known["orderly"])
        claims.leave_sink(held=held)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sinks_delivery (handover_id, run_id, sink_id, first_position, last_position, payloads, state, due_at)"
                " SELECT handover_id, run_id, sink_id, n, n, 1, 'due', due_at FROM sinks_delivery, generate_series(1, 100000) AS n"
            )
            cursor.execute("UPDATE sinks_handover SET total = 200000")
        return Sink.objects.get()

    def test_what_waits_is_not_read(self, behind: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
        names = ["due_sinks", "begin_in_order", "lock_handover"]
        explained = explain_all(monkeypatch, of=STATEMENTS, names=names)
        assert [due.sink_id for due in claims.due_sinks(limit=1, ordered=["orderly"])] == [behind.pk]
        held = _hold(behind)
        [begun] = claims.begin_deliveries(held=held, limit=32, ordered=True)
        assert begun.first_position == 0
        assert claims.begin_deliveries(held=held, limit=32, ordered=True, under_way=[begun.id]) == []
        assert not expanding.expand(held=held, kind=registry.KINDS.known["orderly"])
        read = {name: sum(node.rows for node in explained.nodes(name, "sinks_delivery")) for name in names}
        assert max(read.values()) < 10, read


class TestCleanups:
    @pytest.mark.timeout(300)
    def test_what_runs_owe_is_found_by_their_ids(
        self, statistics: str, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        explained = explain_all(monkeypatch, of=CLEANUP, names=["owing_runs"])
        run = end_run(make_job(OBEDIENT, payloads=PAYLOADS))
        [part] = [part for part in cleaners.parts() if part.name == "deliveries"]
        assert part.needing is not None
        paid = list(Run.objects.filter(pk__lt=run.pk).order_by("-pk").values_list("pk", flat=True)[: ROWS // 2])
        with hotpath.connection(hotpath.CLEANUP) as engine:
            owing = part.needing(engine, [run.pk, *paid])
        due = Delivery.objects.filter(run_id__in=paid, state="due").values_list("run_id", flat=True)
        assert set(owing) == {run.pk, *due}
        assert explained.plans
        assert not list(_scans(explained, "owing_runs")), statistics


def _hold(sink: Sink) -> Held:
    held = claims.take_sink(sink_id=sink.pk, worker="host:1", lease=30 * SECOND)
    assert held is not None
    return held


def _scans(explained: Explained, statement: str) -> Iterator[tuple[Any, ...]]:
    """What reads a table that grows without an index, or reads more of it than is dealt with."""
    for table in GROWING:
        for node in explained.nodes(statement, table):
            # Whether an earlier one is due is asked of its own handover, which has so many deliveries.
            of_its_own = "handover_id = d.handover_id" in node.condition
            if node.kind == "Seq Scan" or node.rows > (PAYLOADS**2 if of_its_own else ROWS):
                yield table, node
