"""kill -9 of a worker in mid-run: everything is recorded exactly once, what was running is tried again, and the history says so."""

import os
import signal
import time
from typing import Any

import pytest

from tests.acceptance.figures import Measured
from tests.acceptance.payloads import calls, key_of, noops
from tests.acceptance.process import stop_process
from tests.acceptance.service import CountingService
from tests.acceptance.system import LEASE_SECONDS, Attempt, System, assert_recorded_once
from tests.acceptance.worker import Worker

pytestmark = pytest.mark.acceptance

_RECORDED_SECONDS = 0.5


def lost(system: System, run_id: int) -> list[Attempt]:
    """The lost attempts of a run's history, which must be all that went wrong."""
    attempts = system.attempts(run_id)
    assert {attempt.state for attempt in attempts} <= {"lost"}
    return attempts


def kill_in_mid_run(system: System, worker: Worker, run_id: int) -> tuple[set[int], set[int]]:
    """kill -9 while it is at payloads of a run that is far from its end; the positions it held, and those it had reached."""
    held = stop_at_work(system, worker)
    assert system.run(run_id).state == "running", "the run ended before the kill"
    worker.kill()
    return {row.position for row in held}, {row.position for row in held if row.reached}


def stop_at_work(system: System, worker: Worker) -> list[Any]:
    """Stop it while it is at payloads, which between two reports it is not for a moment; what it holds."""
    for _ in range(10):
        worker.send(signal.SIGSTOP)
        # What it has sent is recorded although it is stopped: on a busy machine that takes the database a moment.
        time.sleep(_RECORDED_SECONDS)
        held = system.held_by(worker)
        if any(row.reached for row in held):
            return held
        worker.send(signal.SIGCONT)
        time.sleep(0.05)
    raise AssertionError(f"it was never at a payload: {worker.describe()}")


def a_child_at_work(system: System, worker: Worker, run_id: int) -> int:
    """One of its processes, stopped in the middle of a payload; one between two payloads would lose nothing."""
    reached = (
        "SELECT 1 FROM jobs_lane AS l JOIN jobs_payload AS p USING (run_id) WHERE l.run_id = %s AND l.worker LIKE %s"
        " AND p.position <= l.reached AND p.position >= l.low AND p.state = 'queued'"
    )
    for child in worker.children() * 10:
        stop_process(child)
        # What it has sent is recorded although it is stopped: on a busy machine that takes the database a moment.
        time.sleep(_RECORDED_SECONDS)
        if system.rows(reached, run_id, f"%:{child}"):
            return child
        os.kill(child, signal.SIGCONT)
    raise AssertionError(f"none of its processes was at a payload: {worker.describe()}")


def test_what_a_killed_worker_was_at_is_tried_again_within_its_lease(
    system: System, service: CountingService, measured: Measured
) -> None:
    dead, _ = system.start_workers(2, slots=3)
    run_id = system.start(calls(service, "/wait/200", 120), max_concurrent_requests=6)
    system.wait_for_outcomes(run_id, 12, seconds=20)
    _, reached = kill_in_mid_run(system, dead, run_id)
    killed_at = time.monotonic()
    system.wait_for_end(run_id, seconds=60)

    assert_recorded_once(system, run_id, total=120)
    assert {(each.position, each.number, each.worker) for each in lost(system, run_id)} == {
        (position, 1, dead.identity) for position in reached
    }
    assert {row.position: row.attempts for row in system.payloads(run_id)} == {
        position: 2 if position in reached else 1 for position in range(120)
    }
    by_key = service.calls.by_key()
    repeated = {position for position in range(120) if len(by_key[key_of(run_id, position)]) == 2}
    assert repeated <= reached
    assert len(service.calls.all()) == 120 + len(repeated)
    waited = [by_key[key_of(run_id, position)][-1].began - killed_at for position in reached]
    measured("seconds_to_second_attempt", max(waited))
    assert max(waited) <= LEASE_SECONDS + 5


def test_of_a_killed_workers_batches_nothing_is_missing_and_nothing_recorded_twice(system: System) -> None:
    total = 30_000
    key = system.define(noops(total), max_concurrent_requests=6)
    dead, _ = system.start_workers(2, slots=3)
    run_id = system.trigger(key)
    system.wait_for_outcomes(run_id, 2_000, seconds=20)
    held, reached = kill_in_mid_run(system, dead, run_id)
    assert len(held) > len(reached), "no batch was held: the test says nothing about batches"
    system.wait_for_end(run_id, seconds=60)

    assert_recorded_once(system, run_id, total=total)
    assert {(each.position, each.worker) for each in lost(system, run_id)} == {(at, dead.identity) for at in reached}
    twice = system.rows("SELECT position FROM jobs_payload WHERE run_id = %s AND attempts > 1", run_id)
    assert {row.position for row in twice} == reached


def test_a_batch_with_outside_effects_is_repeated_no_further_than_it_was_held(
    system: System, service: CountingService
) -> None:
    dead, _ = system.start_workers(2, slots=2)
    run_id = system.start(calls(service, "/wait/15", 600), max_concurrent_requests=4, strict=False)
    system.wait_for_outcomes(run_id, 100, seconds=20)
    held, reached = kill_in_mid_run(system, dead, run_id)
    system.wait_for_end(run_id, seconds=40)

    assert_recorded_once(system, run_id, total=600)
    assert {each.position for each in lost(system, run_id)} == reached
    by_key = service.calls.by_key()
    assert len(by_key) == 600
    repeated = {position for position in range(600) if len(by_key[key_of(run_id, position)]) > 1}
    assert repeated <= held


def test_a_killed_child_of_a_prefork_pool_loses_only_what_it_was_at(system: System, service: CountingService) -> None:
    (worker,) = system.start_workers(1, pool="prefork", slots=3)
    run_id = system.start(calls(service, "/wait/200", 30), max_concurrent_requests=3)
    system.wait_for_outcomes(run_id, 5, seconds=20)
    victim = a_child_at_work(system, worker, run_id)
    os.kill(victim, signal.SIGKILL)
    system.wait_for_end(run_id, seconds=40)

    assert_recorded_once(system, run_id, total=30)
    attempts = lost(system, run_id)
    assert [attempt.worker.rpartition(":")[2] for attempt in attempts] == [str(victim)]
    repeated = [key for key, made in service.calls.by_key().items() if len(made) > 1]
    assert repeated in ([], [key_of(run_id, attempts[0].position)])
    assert worker.process.poll() is None
