"""PostgreSQL restarts in mid-run: outcomes are kept and recorded once, and nobody has to restart anything else."""

import os
import signal
import time

import pytest

from embedded.processes import wait_until
from tests.acceptance.figures import Measured
from tests.acceptance.payloads import calls, key_of
from tests.acceptance.service import CountingService
from tests.acceptance.system import LEASE_SECONDS, System, assert_recorded_once

pytestmark = pytest.mark.acceptance

FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT


def assert_repeated_only_what_was_lost(system: System, service: CountingService, run_id: int) -> None:
    """No payload failed, and each was called once more for each lost attempt at most."""
    attempts = system.attempts(run_id)
    assert {attempt.state for attempt in attempts} <= {"lost"}, attempts
    lost = {key_of(run_id, attempt.position) for attempt in attempts}
    own = {key: made for key, made in service.calls.by_key().items() if key.startswith(f"run-{run_id}-")}
    assert {key for key, made in own.items() if len(made) > 1} <= lost


@pytest.mark.parametrize("how", [FAST, IMMEDIATE], ids=["fast", "immediate"])
def test_a_restart_in_mid_run_loses_and_repeats_nothing(
    system: System, service: CountingService, how: signal.Signals, measured: Measured
) -> None:
    system.machine.python("manage.py", "set_secret", "acceptance", "token", given="a-token-of-the-restart-test")
    system.start_workers(2)
    # One attempt only: a payload that our own database makes fail is lost to its owner.
    key = system.define(
        calls(service, "/wait/100", 100, auth={"bearer": {"secret": "token"}}), retry={"maximum_attempts": 1}
    )
    run_id = system.trigger(key)
    system.wait_for_outcomes(run_id, 15, seconds=20)
    began = time.monotonic()
    system.restart_database(how)
    measured("seconds_down", time.monotonic() - began)
    another = system.trigger(key)
    system.wait_for_end(run_id, seconds=40)
    system.wait_for_end(another, seconds=40)
    measured("seconds_to_done", time.monotonic() - began)
    for each in (run_id, another):
        assert_recorded_once(system, each, total=100)
        assert not system.attempts(each)
    assert {len(made) for made in service.calls.by_key().values()} == {1}


def test_a_database_that_is_down_for_longer_than_a_lease_delays_the_run_and_no_more(
    system: System, service: CountingService, measured: Measured
) -> None:
    system.start_workers(2)
    run_id = system.start(calls(service, "/wait/100", 100))
    system.wait_for_outcomes(run_id, 15, seconds=20)
    postgres = system.machine.postgres
    assert postgres.pid is not None
    os.kill(postgres.pid, IMMEDIATE)
    assert wait_until(lambda: postgres.pid is None, seconds=20)
    time.sleep(LEASE_SECONDS + 2)  # The outage itself is what is tested.
    postgres.start()
    back_at = time.monotonic()
    system.wait_for_end(run_id, seconds=60)
    measured("seconds_to_done", time.monotonic() - back_at)
    assert_recorded_once(system, run_id, total=100)
    assert_repeated_only_what_was_lost(system, service, run_id)
