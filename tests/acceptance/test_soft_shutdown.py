"""SIGTERM: a worker finishes the payload it is at, hands its lanes back and goes; others go on at once."""

import itertools
import signal
import time

import pytest

from tests.acceptance.figures import Measured
from tests.acceptance.payloads import calls
from tests.acceptance.service import CountingService
from tests.acceptance.system import System, assert_recorded_once

pytestmark = pytest.mark.acceptance

EXIT_SECONDS = 10.0
HANDED_OVER_SECONDS = 4.0
"""At once, or a sweep later: a worker that is on its way out may fetch its own message once more, and lose it."""


@pytest.mark.parametrize("pool", ["threads", "prefork", "gevent"])
def test_a_worker_that_is_asked_to_stop_hands_its_lanes_over(
    system: System, service: CountingService, pool: str, measured: Measured
) -> None:
    # With a lease this long, waiting for it would show.
    (leaving,) = system.start_workers(1, pool=pool, slots=2, JOBS_LEASE_SECONDS=60, JOBS_SLICE_SECONDS=30)
    run_id = system.start(calls(service, "/wait/300", 60), max_concurrent_requests=2)
    system.wait_for_outcomes(run_id, 2, seconds=20)
    system.start_workers(1, pool=pool, slots=2, JOBS_LEASE_SECONDS=60)
    asked_at = time.monotonic()
    leaving.send(signal.SIGTERM)
    status = leaving.wait_for_exit(seconds=EXIT_SECONDS)
    measured("seconds_to_exit", time.monotonic() - asked_at)
    assert system.run(run_id).state == "running", "the run ended before the worker did"
    system.wait_for_end(run_id, seconds=40)

    assert status == 0
    assert_recorded_once(system, run_id, total=60)
    assert not system.attempts(run_id)
    assert {len(made) for made in service.calls.by_key().values()} == {1}
    begins = [asked_at, *(call.began for call in service.calls.all() if call.began > asked_at)]
    pause = max(later - earlier for earlier, later in itertools.pairwise(begins))
    measured("longest_pause", pause)
    assert pause <= HANDED_OVER_SECONDS


def test_a_payload_that_is_being_worked_is_finished_first(system: System, service: CountingService) -> None:
    (leaving,) = system.start_workers(1, slots=1)
    run_id = system.start(calls(service, "/gate", 2), max_concurrent_requests=1)
    system.wait_for("the first call", service.calls.open_now, seconds=10)
    leaving.send(signal.SIGTERM)
    system.wait_for(
        "the worker to have heard it", lambda: "hutdown" in leaving.log or "hutting" in leaving.log, seconds=10
    )
    service.calls.open_gate(1)
    assert leaving.wait_for_exit(seconds=EXIT_SECONDS) == 0
    assert [row.state for row in system.payloads(run_id)] == ["succeeded", "queued"]
    assert not system.lanes(run_id)
