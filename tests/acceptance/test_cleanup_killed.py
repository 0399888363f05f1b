"""kill -9 of the worker that erases old history: another goes on where it was, and what was erased is counted once."""

import pytest

from tests.acceptance.system import System, assert_recorded_once

pytestmark = pytest.mark.acceptance

RUNS = 30_000
_FILL = """
    WITH run AS (
        INSERT INTO jobs_run (
            workspace_id, job_key, state, outcome, trigger, actor, comment, parameters, snapshot, queue, strict, max_lanes,
            priority, total, next_position, succeeded, failed, cancelled, nudges, created_at, ended_at
        )
        SELECT workspace_id, 'task:old', 'succeeded', 'succeeded', 'manual', '', '', '{}', '{}', 'default', true, 5, 0,
            2, 2, 2, 0, 0, 0, now() - interval '40 days', now() - interval '40 days'
        FROM jobs_job, generate_series(1, %s) WHERE type || ':' || name = %s
        RETURNING id
    )
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, state, attempts, ended_at)
    SELECT id, position, 'noop', '', '{}', 'succeeded', 1, now() FROM run, generate_series(0, 1) AS position
    RETURNING run_id
"""


def test_the_counts_are_right_and_nothing_that_was_to_go_is_left(system: System) -> None:
    workers = system.start_workers(2, slots=1)
    key = system.define([{"kind": "log_cleanup", "parameters": {"keep_newest": 0}}])
    assert len(system.rows(_FILL, RUNS, key)) == 2 * RUNS
    run_id = system.trigger(key)

    begun = "SELECT FROM jobs_cleanup WHERE (counts ->> 'runs')::int > 2000"
    system.wait_for("the first batches to be erased", lambda: system.rows(begun), seconds=60)
    (lane,) = system.lanes(run_id)
    next(worker for worker in workers if worker.identity == lane.worker).kill()
    assert system.run(run_id).state == "running", "the cleanup ended before the kill"
    system.wait_for_end(run_id, seconds=120)

    assert_recorded_once(system, run_id, total=1)
    (payload,) = system.payloads(run_id)
    deleted = payload.result["deleted"]
    assert (deleted["runs"], deleted["payloads"]) == (RUNS, 2 * RUNS)
    assert [row.id for row in system.rows("SELECT id FROM jobs_run")] == [run_id]
    assert [(each.number, each.state) for each in system.attempts(run_id)] == [(1, "lost")]
