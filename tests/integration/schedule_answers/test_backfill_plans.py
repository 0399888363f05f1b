"""The plans of the statements of backfills: by index, and reading no more than they need, however long the history is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jobs import hotpath
from scheduler.models import Backfill, Schedule
from scheduler.services.backfills import create_backfill, work_off
from scheduler.sql import STATEMENTS
from tests.integration.scheduler.makers import cron, finish, standing

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

HISTORY = """
    INSERT INTO scheduler_backfill (id, workspace_id, schedule_id, state, which, start_at, end_at, "limit", actor, note, ended_at)
    SELECT -n, workspace_id, id, 'done', 'missing', now(), now(), 1, '', '', now()
    FROM scheduler_schedule, generate_series(1, 1000) AS n;
    INSERT INTO scheduler_backfill_time (backfill_id, fire_at, state, run_id)
    SELECT b.id, now() + n * interval '1 s', 'ended', n FROM scheduler_backfill AS b, generate_series(1, 50) AS n WHERE b.id < 0;
    INSERT INTO scheduler_fire (schedule_id, fire_at, cause, state, reason, detail, decided_at)
    SELECT id, '2020-01-01T00:00:00Z'::timestamptz + n * interval '1 minute', '', 'skipped', 'overlap', '', now()
    FROM scheduler_schedule, generate_series(1, 50000) AS n;
"""
READ = ("scheduler_backfill", "scheduler_backfill_time", "scheduler_fire", "jobs_run", "jobs_job", "scheduler_schedule")


@pytest.fixture
def schedule() -> Iterator[Schedule]:
    made = standing(cron("0 * * * *"))
    yield made
    hotpath.close()


def begin(schedule: Schedule) -> Backfill:
    return create_backfill(schedule=schedule, start="2026-01-04", end="2026-01-04", actor="ann", limit=5)


def rows_read(statement: str, parameters: dict[str, Any]) -> dict[str, float]:
    """By table, those that a filter dropped among them."""
    with hotpath.connection() as connection, connection.transaction(force_rollback=True):
        query = f"EXPLAIN (ANALYZE, FORMAT JSON) {STATEMENTS.load(statement)}"
        row = connection.execute(query, parameters, prepare=False).fetchone()
    assert row is not None
    read: dict[str, float] = {}
    _add(row[0][0]["Plan"], read)
    return read


def _add(node: dict[str, Any], read: dict[str, float]) -> None:
    dropped = sum(value for key, value in node.items() if key.startswith("Rows Removed by"))
    table = node.get("Relation Name")
    if table in READ and node["Node Type"] != "ModifyTable":
        read[table] = read.get(table, 0) + (node["Actual Rows"] + dropped) * node["Actual Loops"]
    for child in node.get("Plans", []):
        _add(child, read)


@pytest.mark.parametrize("analysed", [False, True])
def test_a_long_history_is_not_read(schedule: Schedule, analysed: bool) -> None:
    with hotpath.connection() as connection:
        connection.execute(HISTORY, prepare=False)
        if analysed:
            connection.execute("ANALYZE scheduler_backfill, scheduler_backfill_time, scheduler_fire", prepare=False)
    backfill = begin(schedule)
    work_off()
    times = list(backfill.times.order_by("fire_at"))
    own = {"backfill_id": backfill.pk}
    fire_at = [each.fire_at for each in times]
    for statement, parameters in (
        ("claim_backfill", own),
        ("settle_backfill", own),
        ("standings", {"schedule_id": schedule.pk, "fire_at": fire_at}),
        (
            "record_backfill",
            {
                "schedule_id": schedule.pk,
                "time_ids": [each.pk for each in times[5:8]],
                "fire_at": fire_at[5:8],
                "run_ids": [1, 2, 3],
                "cause": "backfill:1",
                "detail": "",
                "now": None,
            },
        ),
    ):
        assert max(rows_read(statement, parameters).values()) <= 2 * len(times), statement


def test_many_that_are_over_are_not_looked_at_by_beats(schedule: Schedule) -> None:
    backfill = begin(schedule)
    work_off()
    for each in backfill.times.filter(run_id__isnull=False):
        assert each.run_id is not None
        finish(each.run_id)
    with hotpath.connection() as connection:
        connection.execute(HISTORY, prepare=False)
    read = rows_read("open_backfills", {"limit": 1000})
    assert read["scheduler_backfill"] == 1
    assert max(read.values()) <= 2 * backfill.times.count()
