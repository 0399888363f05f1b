"""A run's lanes bound how many of its payloads are at work at once."""

import pytest

from tests.acceptance.payloads import calls
from tests.acceptance.service import CountingService, most_at_once
from tests.acceptance.system import System, assert_recorded_once

pytestmark = pytest.mark.acceptance


def test_five_lanes_work_five_payloads_at_once_and_never_more(system: System, service: CountingService) -> None:
    system.start_workers(2, slots=8)
    run_id = system.start(calls(service, "/work/50", 100), max_concurrent_requests=5)
    system.wait_for_end(run_id, seconds=20)
    assert_recorded_once(system, run_id, total=100)
    assert most_at_once(service.calls.all()) == 5
    assert len(service.calls.all()) == 100


def test_two_runs_have_their_lanes_each(system: System, service: CountingService) -> None:
    system.start_workers(1, slots=8)
    runs = [system.start(calls(service, "/work/50", 30), max_concurrent_requests=limit) for limit in (2, 3)]
    for run_id, limit in zip(runs, (2, 3), strict=True):
        system.wait_for_end(run_id, seconds=20)
        own = [call for call in service.calls.all() if call.key.startswith(f"run-{run_id}-")]
        assert most_at_once(own) == limit
