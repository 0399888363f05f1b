"""A worker that slept past its lease wakes up with an answer that is no longer its to write."""

import signal

import pytest

from tests.acceptance.payloads import calls
from tests.acceptance.service import CountingService
from tests.acceptance.system import LEASE_SECONDS, System, assert_recorded_once

pytestmark = pytest.mark.acceptance


# A run of one payload goes another way through the engine than a run of several.
@pytest.mark.parametrize("total", [1, 3])
@pytest.mark.parametrize("wakes", ["while_the_other_works", "after_the_other_has_finished"])
def test_a_stale_worker_cannot_overwrite_the_newer_attempt(
    system: System, service: CountingService, total: int, wakes: str
) -> None:
    (stale,) = system.start_workers(1, slots=1)
    run_id = system.start(calls(service, "/gate", total), max_concurrent_requests=1)
    system.wait_for("the first attempt", service.calls.open_now, seconds=10)
    stale.send(signal.SIGSTOP)
    service.calls.open_gate(1)
    (other,) = system.start_workers(1, slots=1)
    system.wait_for("the second attempt", lambda: any(call.number == 2 for call in service.calls.all()), seconds=15)

    if wakes == "while_the_other_works":
        wake_until_it_has_reported(system, service)
        assert next(row.state for row in system.payloads(run_id)) == "queued"
    service.calls.open_gate(2)
    system.wait_for_end(run_id, seconds=20)
    before = everything_about(system, run_id)
    if wakes == "after_the_other_has_finished":
        other.end()
        wake_until_it_has_reported(system, service)

    assert everything_about(system, run_id) == before
    assert total == 1 or "lane.dropped" in stale.log
    assert_recorded_once(system, run_id, total=total)
    first = system.payloads(run_id)[0]
    assert first.result["body"]["call"] == 2
    assert first.attempts == 2
    assert [(each.position, each.number, each.state, each.worker) for each in system.attempts(run_id)] == [
        (0, 1, "lost", stale.identity)
    ]


def test_a_payload_that_takes_longer_than_a_lease_stays_with_its_worker(
    system: System, service: CountingService
) -> None:
    system.start_workers(2, slots=2)
    milliseconds = int(LEASE_SECONDS * 2 * 1000)
    run_id = system.start(calls(service, f"/wait/{milliseconds}", 2))
    system.wait_for_end(run_id, seconds=20)
    assert_recorded_once(system, run_id, total=2)
    assert not system.attempts(run_id)
    assert len(service.calls.all()) == 2


def wake_until_it_has_reported(system: System, service: CountingService) -> None:
    """Wake the first worker. It has one slot, and nobody else has one free: when it does other work, it is through with the old."""
    stale = system.workers[0]
    stale.send(signal.SIGCONT)
    system.wait_for_end(system.start(calls(service, "/wait/0")), seconds=20)


def everything_about(system: System, run_id: int) -> list[object]:
    """All rows that tell of a run."""
    tables = {"jobs_run": "id", "jobs_payload": "run_id", "jobs_attempt": "run_id", "jobs_event": "run_id"}
    return [
        system.rows(f"SELECT * FROM {table} WHERE {column} = %s ORDER BY 1, 2", run_id)
        for table, column in tables.items()
    ]
