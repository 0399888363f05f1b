"""A large run cannot keep a small one waiting."""

import time

import pytest

from tests.acceptance.figures import Measured
from tests.acceptance.payloads import calls
from tests.acceptance.service import CountingService
from tests.acceptance.system import System

pytestmark = pytest.mark.acceptance

SLICE_SECONDS = 1.0


def test_a_small_run_ends_within_three_time_slices_beside_a_large_one(
    system: System, service: CountingService, measured: Measured
) -> None:
    large_job, small_job = (
        system.define(calls(service, "/wait/40", 2_500)),
        system.define(calls(service, "/wait/40", 5)),
    )
    system.start_workers(1, slots=2, JOBS_SLICE_SECONDS=SLICE_SECONDS)
    large = system.trigger(large_job)
    small = system.trigger(small_job)
    began = time.monotonic()
    system.wait_for_end(small, seconds=20)
    assert_small_is_done(system, small)
    last = max(call.ended or 0.0 for call in service.calls.all() if call.key.startswith(f"run-{small}-"))
    measured("seconds_to_last_payload", last - began)
    assert last - began <= 3 * SLICE_SECONDS
    assert system.outcomes(large) > 0, "the large run was kept waiting instead"
    assert system.outcomes(large) < 2_500


def assert_small_is_done(system: System, run_id: int) -> None:
    """The large run still has its lanes, so `assert_recorded_once` does not apply."""
    run = system.run(run_id)
    assert (run.state, run.succeeded) == ("succeeded", 5), system.describe()
    assert not system.attempts(run_id)
