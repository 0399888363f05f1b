"""The engine works in each of Celery's pools."""

import pytest

from tests.acceptance.payloads import calls, noops
from tests.acceptance.service import CountingService, most_at_once
from tests.acceptance.system import System, assert_recorded_once

pytestmark = pytest.mark.acceptance


@pytest.mark.parametrize("pool", ["threads", "prefork", "gevent"])
def test_runs_end_well_and_payloads_run_side_by_side(system: System, service: CountingService, pool: str) -> None:
    system.start_workers(1, pool=pool, slots=4)
    runs = {
        system.start(calls(service, "/wait/100", 40), max_concurrent_requests=4): 40,
        system.start(calls(service, "/flaky/1", 10), retry={"initial_interval": 20}): 10,
        system.start(noops(3_000)): 3_000,
        system.start(noops(1)): 1,
    }
    for run_id, total in runs.items():
        system.wait_for_end(run_id, seconds=30)
        assert_recorded_once(system, run_id, total=total)
    assert most_at_once(call for call in service.calls.all() if call.path == "/wait/100") == 4
