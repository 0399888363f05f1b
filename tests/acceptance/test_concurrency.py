"""A run's lanes bound how many of its payloads are at work at once."""

import time

import pytest

from tests.acceptance.figures import Measured
from tests.acceptance.payloads import calls
from tests.acceptance.service import CountingService, most_at_once
from tests.acceptance.system import System, assert_recorded_once

pytestmark = pytest.mark.acceptance


def test_five_lanes_work_five_payloads_at_once_and_never_more(system: System, service: CountingService) -> None:
    system.start_workers(2, slots=8)
    run_id = system.start(calls(service, "/wait/50", 100), max_concurrent_requests=5)
    system.wait_for_end(run_id, seconds=20)
    assert_recorded_once(system, run_id, total=100)
    assert most_at_once(service.calls.all()) == 5
    assert len(service.calls.all()) == 100


def test_two_runs_have_their_lanes_each(system: System, service: CountingService) -> None:
    system.start_workers(1, slots=8)
    runs = [system.start(calls(service, "/wait/50", 30), max_concurrent_requests=limit) for limit in (2, 3)]
    for run_id, limit in zip(runs, (2, 3), strict=True):
        system.wait_for_end(run_id, seconds=20)
        own = [call for call in service.calls.all() if call.key.startswith(f"run-{run_id}-")]
        assert most_at_once(own) == limit


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_slot_that_is_free_again_is_filled_at_once(
    system: System, service: CountingService, pool: str, measured: Measured
) -> None:
    system.start_workers(1, pool=pool, slots=2)
    blocking = system.start(calls(service, "/gate", 2), max_concurrent_requests=2)
    system.wait_for("both slots to be taken", lambda: len(service.calls.open_now()) == 2, seconds=10)
    key = system.define(calls(service, "/wait/10"))
    waiting = [system.trigger(key) for _ in range(10)]
    service.calls.open_gate(1)
    opened_at = time.monotonic()
    for run_id in (blocking, *waiting):
        system.wait_for_end(run_id, seconds=20)
    ended = max(call.ended or 0.0 for call in service.calls.all())
    measured("seconds_for_ten_short_runs", ended - opened_at)
    # A slot that rests after each run, until the worker happens to look, takes three to five seconds for its five.
    assert ended - opened_at < 2
