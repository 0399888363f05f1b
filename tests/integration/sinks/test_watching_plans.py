"""Looking for late and stuck runs beside 20,000 that have not ended: by index, and reading no more than a page of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import Run, Workspace
from sinks.models import Rule
from sinks.services import watching
from sinks.services.naming import save_sink
from sinks.services.noticing import send_collected
from sinks.services.ruling import save_rule
from sinks.sql import WATCHING
from tests.integration.engine.plans import Explained, Node, explain_all, flat, forget_statistics
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target
from workers.noticing import tell

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

NAMES = ["late_runs", "stuck_runs"]
TABLES = ("jobs_run", "sinks_watch", "sinks_notice", "sinks_rule")
OF_ONE_JOB = 100
"""So many of a suspect's job are read, to learn how long they usually take."""
MANY = 20_000
STATISTICS = {
    "never analysed": [],
    "analysed when tiny": [(20, 20)],
    "analysed when idle": [(MANY, 0)],
    "analysed": [(MANY, MANY)],
}
_MANY = """
    INSERT INTO jobs_run (
        workspace_id, job_id, job_key, state, trigger, actor, comment, parameters, snapshot, queue, strict, max_lanes, priority,
        total, next_position, succeeded, failed, cancelled, nudges, created_at, started_at, ended_at, wake_at
    )
    SELECT r.workspace_id, r.job_id, r.job_key, %(state)s, 'manual', '', '', '{}', '{}', 'default', true, 1, 0,
        1, 0, CASE WHEN %(state)s = 'succeeded' THEN 1 ELSE 0 END, 0, 0, 0, now() - interval '1 day',
        CASE WHEN %(state)s <> 'pending' THEN now() - interval '1 day' END,
        CASE WHEN %(state)s = 'succeeded' THEN now() END, CASE WHEN %(state)s <> 'succeeded' THEN now() END
    FROM jobs_run AS r, generate_series(1, %(count)s) WHERE r.id = %(run)s
"""
_KNOWN = """
    INSERT INTO sinks_watch (rule_id, job_id, failures, told, last, late_until)
    SELECT r.id, -n, 0, false, '{}', 0 FROM sinks_rule AS r, generate_series(1, %(count)s) AS n ON CONFLICT DO NOTHING
"""

_NOTICES = """
    INSERT INTO sinks_notice (workspace_id, rule_id, key, event, job_id, document, send_at)
    SELECT r.workspace_id, r.id, 'run.failed:' || n || ':' || COALESCE(%(send_at)s::text, ''), 'run.failed', 1, '{}', %(send_at)s
    FROM sinks_rule AS r, generate_series(1, %(count)s) AS n WHERE r.id = %(rule)s
"""


@pytest.fixture(params=list(STATISTICS))
def statistics(request: pytest.FixtureRequest, target: Target) -> Iterator[str]:
    """20,000 runs that wait, as many that are at work and as many that have ended; and statistics that say this of it."""
    _each_table("ALTER TABLE {} SET (autovacuum_enabled = off)")
    forget_statistics(TABLES)
    workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
    save_sink(workspace=workspace, document={"name": "pager", "kind": "obedient"}, actor="ann")
    document = {"name": "on-call", "sink": "pager", "events": ["late", "stuck"], "late_after": "2d"}
    save_rule(workspace=workspace, document=document, actor="ann")
    for ended, active in STATISTICS[request.param]:
        fill(ended=ended, active=active)
        _each_table("ANALYZE {}")
    if request.param != "analysed":
        fill(ended=MANY, active=MANY)
    yield request.param
    _each_table("ALTER TABLE {} RESET (autovacuum_enabled)")


def _each_table(statement: str) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(statement.format(table))


def fill(*, ended: int, active: int) -> None:
    run = end_run(make_job(payloads=1, name="busy"))
    with connection.cursor() as cursor:
        for state, count in (("succeeded", ended), ("running", active), ("pending", active)):
            cursor.execute(_MANY, {"state": state, "count": count, "run": run.pk})
        cursor.execute(_KNOWN, {"count": ended})


def test_a_look_reads_a_page_by_index(statistics: str, monkeypatch: pytest.MonkeyPatch) -> None:
    explained = explain_all(monkeypatch, of=WATCHING, names=NAMES)
    now = timezone.now() + dt.timedelta(days=3)
    for reached in (0, Run.objects.filter(state="pending").order_by("pk")[MANY // 2].pk):
        Rule.objects.update(look_at=now, late_reached=reached, stuck_reached=0)
        tell(now=now)
    assert set(explained.plans) == set(NAMES)
    assert not [(statement, *each) for statement in NAMES for each in _too_much(explained, statement)], statistics


def test_what_a_rule_has_collected_is_found_without_what_it_has_sent(statistics: str) -> None:
    rule, now = Rule.objects.get(), timezone.now()
    with connection.cursor() as cursor:
        for send_at, count in ((None, MANY), (now, 5)):
            cursor.execute(_NOTICES, {"rule": rule.pk, "send_at": send_at, "count": count})
    with CaptureQueriesContext(connection) as asked, transaction.atomic():
        assert send_collected(now=now) == 1
        transaction.set_rollback(True)  # for then they are asked again, and explained
    reading = [each["sql"] for each in asked.captured_queries if each["sql"].startswith("SELECT")]
    assert len([query for query in reading if "sinks_notice" in query]) == 3
    assert [query for query in reading if _read(query) > 5] == [], statistics


def _read(query: str) -> int:
    """How many notices a query reads, those among them that it drops."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
        [[plan]] = cursor.fetchone()
    return int(sum(node.rows for node in flat(plan["Plan"]) if node.table == "sinks_notice"))


def _too_much(explained: Explained, statement: str) -> Iterator[tuple[Any, ...]]:
    for table in TABLES:
        for node in explained.nodes(statement, table):
            most = watching.MOST_AT_ONCE * OF_ONE_JOB if _of_its_job(node) else watching.PAGE
            if node.kind == "Seq Scan" or node.rows > most:
                yield table, node


def _of_its_job(node: Node) -> bool:
    return "job_id >= s.job_id" in node.condition
