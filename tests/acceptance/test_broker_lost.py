"""The broker is flushed, crashes, or delivers everything twice: work is delayed, never lost and never done twice."""

import time

import pytest

from tests.acceptance.doubling import doubling_broker
from tests.acceptance.figures import Measured
from tests.acceptance.payloads import calls, noops
from tests.acceptance.service import CountingService, most_at_once
from tests.acceptance.system import System, assert_recorded_once

pytestmark = pytest.mark.acceptance

DOWN_SECONDS = 20.0
ACCEPTED_SECONDS = 3.0


def test_a_run_whose_messages_were_all_flushed_away_runs(system: System, service: CountingService) -> None:
    run_id = system.start(calls(service, "/wait/10", 20))
    single_id = system.start(calls(service, "/wait/10"))
    assert system.queued_messages() == 6
    with system.machine.broker() as broker:
        broker.flushall()
    system.start_workers(1)
    for each, total in ((run_id, 20), (single_id, 1)):
        system.wait_for_end(each, seconds=15)
        assert_recorded_once(system, each, total=total)
    assert len(service.calls.all()) == 21


def test_a_flush_in_mid_run_costs_no_lane_and_repeats_nothing(
    system: System, service: CountingService, measured: Measured
) -> None:
    system.start_workers(1, slots=2)
    # Two lanes would take twenty seconds: until the second worker is ready the run is not over, on a busy machine either.
    run_id = system.start(calls(service, "/wait/100", 400), max_concurrent_requests=6)
    system.wait_for_outcomes(run_id, 6, seconds=20)
    assert system.queued_messages() >= 3
    with system.machine.broker() as broker:
        broker.flushall()
    system.start_workers(1, slots=8)
    ready_at = time.monotonic()
    system.wait_for("all lanes to be at work again", lambda: len(service.calls.open_now()) == 6, seconds=15)
    measured("seconds_to_all_lanes", time.monotonic() - ready_at)
    system.wait_for_end(run_id, seconds=60)
    assert_recorded_once(system, run_id, total=400)
    assert not system.attempts(run_id)
    assert {len(made) for made in service.calls.by_key().values()} == {1}
    assert most_at_once(service.calls.all()) == 6


def test_a_broker_that_is_down_for_20_seconds_delays_runs_and_refuses_none(
    system: System, service: CountingService, measured: Measured
) -> None:
    system.start_workers(2)
    running = system.start(calls(service, "/wait/200", 150))
    small, single = system.define(noops(10)), system.define(calls(service, "/wait/10"))
    system.wait_for_outcomes(running, 10, seconds=20)
    system.crash_broker()
    began = time.monotonic()
    triggered = {system.trigger(small, seconds=ACCEPTED_SECONDS): 10}
    measured("seconds_to_accept", time.monotonic() - began)
    triggered |= {system.trigger(single, seconds=ACCEPTED_SECONDS): 1 for _ in range(12)}

    time.sleep(DOWN_SECONDS - (time.monotonic() - began))  # The outage itself is what is tested.
    assert not system.run(running).ended_at, "the run was over before the broker came back: it did not need it"
    system.machine.redis.start()
    back_at = time.monotonic()
    for run_id, total in {running: 150, **triggered}.items():
        system.wait_for_end(run_id, seconds=60)
        assert_recorded_once(system, run_id, total=total)
        assert not system.attempts(run_id)
    measured("seconds_to_all_done", time.monotonic() - back_at)
    assert {len(made) for made in service.calls.by_key().values()} == {1}


def test_every_message_delivered_twice_changes_nothing(system: System, service: CountingService) -> None:
    machine = system.machine
    with doubling_broker(folder=machine.folder, redis_socket=machine.redis.socket) as broker:
        machine.start_web(BROKER_URL=broker.url)
        try:
            system.start_workers(2, slots=8, BROKER_URL=broker.url)
            runs = {system.start(calls(service, "/wait/100", 100), max_concurrent_requests=5): 100}
            runs |= {system.start(calls(service, "/wait/50")): 1 for _ in range(5)}
            for run_id, total in runs.items():
                system.wait_for_end(run_id, seconds=30)
                assert_recorded_once(system, run_id, total=total)
                assert not system.attempts(run_id)
        finally:
            machine.start_web()
    assert broker.doubled >= 10
    assert {len(made) for made in service.calls.by_key().values()} == {1}
    large = [call for call in service.calls.all() if call.path == "/wait/100"]
    assert most_at_once(large) == 5
